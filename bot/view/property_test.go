package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// nasty is text that people and machines have used to make Slack do things.
func nasty() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{
			"", "<!channel>", "@here", "<@U123>", "<https://evil.example|Okta>", "```", "`", "&amp;", "*bold*\n>quote",
			"\u202egnp.exe", "\x00\x1b[31m", "\xff\xfe", "😀", "https://evil.example", strings.Repeat("x", 9000), strings.Repeat("😀", 4000),
			strings.Repeat("\n", 3000), strings.Repeat("<", 5000),
		}),
	)
}

func anyRequest(t *rapid.T) *reset.Request {
	s := states()
	name := rapid.SampledFrom([]string{
		"pending", "half", "approved", "denied", "expired", "lapsed", "withdrawn", "running", "paused", "frozen", "stopping",
		"verifying", "done", "cancelled", "rejected", "planning", "command", "dry_run", "second_plan", "approval_off",
		"some_factors", "group", "search", "listing", "searching", "no_group",
		"odd", "break_glass", "waiting", "no_room_yet", "at", "waves", "not_allowed", "export", "export_runs", "export_done", "export_off",
	}).Draw(t, "state")
	r := s[name]
	draw := func(label string) string { return nasty().Draw(t, label) }
	r.Asked.Reason, r.Refusal, r.Org = draw("reason"), draw("refusal"), draw("org")
	r.Asked.Source.File, r.Asked.Source.Column, r.Asked.Source.Format = draw("file"), draw("column"), draw("format")
	r.Asked.Source.Group, r.Asked.Source.Search = draw("group"), draw("search")
	r.Asked.Options.Factors = rapid.SliceOfN(nasty(), 0, 20).Draw(t, "factors")
	r.Asked.Source.Filter, r.Asked.Source.Query, r.Asked.Columns = draw("filter"), draw("q"), rapid.SliceOfN(nasty(), 0, 30).Draw(t, "columns")
	r.Asked.Source.Notes, r.Plan.Odd = rapid.SliceOfN(nasty(), 0, 40).Draw(t, "notes"), rapid.SliceOfN(nasty(), 0, 40).Draw(t, "odd")
	for range rapid.IntRange(0, 30).Draw(t, "quorums") {
		r.Terms.From = append(r.Terms.From, reset.Quorum{Name: draw("quorum")})
	}
	if r.Wait != nil {
		r.Wait.Why = draw("wait")
	}
	if r.Export != nil {
		r.Export.Note = draw("note")
	}
	r.Plan.Costs = rapid.SliceOfN(nasty(), 0, 40).Draw(t, "costs")
	r.Asked.By, r.MovedBy = reset.Person(draw("by")), reset.Person(draw("moved_by"))
	r.Plan.Warnings = rapid.SliceOfN(nasty(), 0, 40).Draw(t, "warnings")
	r.Plan.Resets = rapid.IntRange(0, 100_000).Draw(t, "resets")
	if r.Plan.Skips != nil {
		r.Plan.Skips = rapid.MapOfN(rapid.Map(nasty(), func(s string) reset.Reason { return reset.Reason(s) }),
			rapid.IntRange(0, 100_000), 0, 20).Draw(t, "skips")
	}
	if r.Totals != nil {
		r.Totals.ByReason = r.Plan.Skips
	}
	if r.Denial != nil {
		r.Denial.Why = draw("why")
	}
	if r.Pause != nil {
		r.Pause.Detail, r.Pause.By = draw("detail"), reset.Person(draw("paused_by"))
	}
	for range rapid.IntRange(0, 30).Draw(t, "voices") {
		r.Approved = append(r.Approved, reset.Decision{By: reset.Person(draw("voice")), Login: draw("login"), At: noon})
		r.Revoked = append(r.Revoked, reset.Decision{By: "U_GONE", Why: draw("fallen")})
	}
	return r
}

func TestMessages_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Message")
	rapid.Check(t, func(t *rapid.T) {
		r := anyRequest(t)
		for name, m := range rendered(r) {
			if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
				t.Fatalf("%s does not fit: %v", name, err)
			}
			checkMessage(t, name, m)
		}
		for name, note := range map[string]string{"plan": view.PlanNote(r), "result": view.ResultNote(r)} {
			if n := utf8.RuneCountInString(note); n > 3000 {
				t.Fatalf("%s note has %d characters", name, n)
			}
		}
	})
}

// checkMessage looks for what the schema does not say: lengths of the fallback,
// mrkdwn that is not verbatim, and text of others that would come alive.
func checkMessage(t *rapid.T, name string, m view.Message) {
	if n := utf8.RuneCountInString(m.Text); n == 0 || n >= 4000 {
		t.Fatalf("%s: fallback text of %d characters", name, n)
	}
	b, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var blocks any
	if err := json.Unmarshal(b, &blocks); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	table := 0
	walk(blocks, func(o map[string]any) {
		if o["type"] == "mrkdwn" && o["verbatim"] != true {
			t.Fatalf("%s: a mrkdwn object is not verbatim: %v", name, o)
		}
		if s, ok := o["text"].(string); ok && o["type"] == "mrkdwn" {
			checkAlive(t, name, s)
		}
		if s, ok := o["text"].(string); ok && o["type"] == "raw_text" {
			table += utf8.RuneCountInString(s)
		}
		if id, ok := o["block_id"].(string); ok && id != "" {
			if ids[id] {
				t.Fatalf("%s: block_id %q twice", name, id)
			}
			ids[id] = true
		}
	})
	if table > 10_000 {
		t.Fatalf("%s: %d characters in tables", name, table)
	}
	checkAlive(t, name, m.Text)
	for _, bare := range []string{"@here", "@channel", "://evil"} {
		if strings.Contains(m.Text, bare) {
			t.Fatalf("%s: %q comes alive in the fallback %q", name, bare, m.Text)
		}
	}
}

// checkAlive refuses text in angle brackets that is not ours.
func checkAlive(t *rapid.T, name, s string) {
	for _, part := range strings.Split(s, "<")[1:] {
		inner, _, closed := strings.Cut(part, ">")
		ours := strings.HasPrefix(inner, "!date^") || strings.HasPrefix(inner, "@") || strings.HasPrefix(inner, "#") ||
			strings.HasPrefix(inner, "https://example.slack.com/")
		if !closed || !ours || strings.Contains(inner, "evil") {
			t.Fatalf("%s: %q comes alive", name, "<"+part)
		}
	}
}

func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(e, visit)
		}
	case map[string]any:
		visit(v)
		for _, e := range v {
			walk(e, visit)
		}
	}
}

func TestProgress_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Message")
	rapid.Check(t, func(t *rapid.T) {
		r := running()
		r.Plan.Resets = rapid.IntRange(0, 1_000_000).Draw(t, "resets")
		p := view.Pace{
			ByOutcome: map[reset.Outcome]int{
				reset.OutcomeReset: rapid.IntRange(0, 1_000_000).Draw(t, "reset"), reset.OutcomeFailed: rapid.IntRange(0, 9).Draw(t, "failed"),
			},
			PerMinute: rapid.Float64Range(0, 1e6).Draw(t, "rate"),
			Left:      time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "left")),
		}
		m := view.Progress(r, p)
		if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
			t.Fatal(err)
		}
	})
}
