package view_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// verbs is one answer of each verb that lists or tells something.
func verbs() map[string]view.Message {
	s := states()
	heads := view.AuditHeads{Request: "dddd567890123456789012345678901234567890123456789012345678901234", Org: "eeee"}
	return map[string]view.Message{
		"history":      view.History("of the last 30 days", []*reset.Request{s["done"], s["dry_run"], s["denied"], s["group"]}, false),
		"no_history":   view.History("", nil, false),
		"whoami":       view.WhoAmI(reset.Standing{Person: "U_APPROVER1", Approver: true, Requester: true, BreakGlass: true, Channels: []reset.Channel{"C_FACTORS"}, Waiting: []*reset.Request{s["pending"]}, Open: []*reset.Request{s["running"]}}),
		"whoami_guest": view.WhoAmI(reset.Standing{Person: "U_GUEST", Why: "Only full members may do this, not <guests>."}),
		"frozen":       view.Frozen(reset.Freeze{By: "U_APPROVER1", At: noon, Why: "somebody called <!channel>"}),
		"thaw_asked":   view.ThawAsked([]reset.Person{"U_APPROVER1"}),
		"thawed":       view.Thawed([]reset.Person{"U_APPROVER1", "U_APPROVER2"}),
		"enrolled":     view.Enrolled(s["done"], hourly(s["done"], 41), 50, s["done"].SettledAt.Add(6*time.Hour)),
		"enrolled_one": view.Enrolled(s["done"], hourly(s["done"], 1), 1, s["done"].SettledAt.Add(time.Hour)),
		"enrolled_not": view.Enrolled(s["pending"], nil, 0, noon),
		"receipt":      view.Receipt(s["done"], heads),
		"receipt_new":  view.Receipt(s["denied"], view.AuditHeads{}),
		"taken_out":    view.TakenOut(s["planning"], 2),
		"ask_number":   view.AskNumber(s["pending"], 495),
		"elsewhere":    view.AskElsewhere([]reset.Channel{"C_FACTORS", "C_OTHER"}),
		"nowhere":      view.AskElsewhere(nil),
	}
}

// hourly has n users set up MFA again, five of them in each half hour after the end.
func hourly(r *reset.Request, n int) []time.Time {
	var all []time.Time
	for i := range n {
		all = append(all, r.SettledAt.Add(time.Duration(i/5+1)*30*time.Minute))
	}
	return all
}

// What is told "within 4 h" counts who set up MFA again by then, and the chart ends
// with the number that the sentence has.
func TestEnrolledAfter_countsByTheHour(t *testing.T) {
	r := states()["done"]
	m := view.EnrolledAfter(r, hourly(r, 100), 482, 4*time.Hour)
	if !strings.Contains(m.Text, "*40 of 482 users* set up MFA again within 4 h. 0 at the end, 10 after 1 h, 20 after 2 h, 30 after 3 h, 40 after 4 h.") {
		t.Errorf("it says %q", m.Text)
	}
	if last := m.Blocks[len(m.Blocks)-1]; !view.Replaceable(last) || last.BlockType() != "data_visualization" {
		t.Errorf("there is no chart that can be replaced: %v", m.Blocks)
	}
	if n := len(m.Plain().Blocks); n != 2 {
		t.Errorf("where there are no charts it has %d blocks, want its numbers as small print", n)
	}
	for name, m := range map[string]view.Message{
		"few users":  view.EnrolledAfter(r, hourly(r, 3), 4, time.Hour),
		"nobody yet": view.EnrolledAfter(r, nil, 482, time.Hour),
		"too soon":   view.Enrolled(r, hourly(r, 9), 482, r.SettledAt.Add(time.Second)),
	} {
		if view.Replaceable(m.Blocks[len(m.Blocks)-1]) {
			t.Errorf("%s: there is a chart of it", name)
		}
	}
}

func TestVerbs_golden(t *testing.T) {
	fits := schema(t, "Message")
	for name, m := range verbs() {
		if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
			t.Errorf("%s does not fit the schema: %v", name, err)
		}
		if m.Text == "" {
			t.Errorf("%s has no fallback text", name)
		}
	}
	golden(t, "verbs", verbs())
}

func TestVerbs_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Message")
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string { return nasty().Draw(t, label) }
		r := anyRequest(t)
		r.ID = "FR-42"
		many := make([]*reset.Request, rapid.IntRange(1, 60).Draw(t, "n"))
		for i := range many {
			many[i] = r
		}
		for name, m := range map[string]view.Message{
			"history":    view.History("of the last 30 days", many, true),
			"whoami":     view.WhoAmI(reset.Standing{Person: reset.Person(draw("who")), Why: draw("refusal"), Open: many, Waiting: many}),
			"frozen":     view.Frozen(reset.Freeze{By: reset.Person(draw("by")), At: noon, Why: draw("why")}),
			"thaw_asked": view.ThawAsked([]reset.Person{reset.Person(draw("by"))}),
			"receipt":    view.Receipt(r, view.AuditHeads{Request: draw("head"), Org: draw("org head")}),
			"enrolled":   view.Enrolled(r, hourly(r, rapid.IntRange(0, 90).Draw(t, "again")), rapid.IntRange(0, 90).Draw(t, "of"), r.SettledAt.Add(time.Duration(rapid.Int64Range(-1e9, 1e18).Draw(t, "later")))),
			"refused":    view.Refused(draw("words")),
			"not_csv":    view.NotCSV.About(draw("file")),
			"elsewhere":  view.AskElsewhere([]reset.Channel{reset.Channel(draw("channel"))}),
		} {
			if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
				t.Fatalf("%s does not fit: %v", name, err)
			}
			checkMessage(t, name, m)
		}
	})
}
