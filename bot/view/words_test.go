package view_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// banned is what no message says, with why.
func banned() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"stilted English":   regexp.MustCompile(`(?i)\b(whom|anew|all the same|of theirs|thereof|stands in|nobody else's|needn't)\b`),
		"our own jargon":    regexp.MustCompile(`(?i)\b(roster|target|in doubt|journal|revision)s?\b`),
		"a reason code":     regexp.MustCompile(`\b(not_found|invalid_row|okta_error|already_clear|protected_(admin|user|group)|enrolled_meanwhile|sessions_not_revoked|forbidden|in_other_request|not_run|reset_since_plan|taken_out|settled_after_restart)\b`),
		"an ISO time":       regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d`),
		"what may not be":   regexp.MustCompile(`(?i)\b(may not|cannot|could not|does not|did not|is not|will not)\b`),
		"at before a date":  regexp.MustCompile(`(?i)\b(at|on) <!date\^`), // which may begin with "today"
		"an emoji too many": regexp.MustCompile(`(?m)^[^\n]*:[a-z_]{3,}:[^\n]*:[a-z_]{3,}:`),
	}
}

// hash is a digest, which only Details and receipts show.
var hash = regexp.MustCompile(`\b[0-9a-f]{16,}\b|SHA-256`)

// said are the texts of a rendered value, by their path; what is collapsed away is
// under child_blocks.
func said(path string, v any, tell func(path, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if k == "value" || k == "action_id" || k == "block_id" || k == "private_metadata" || k == "placeholder" || k == "url" {
				continue // not for people, or an example of what they type
			}
			said(path+"/"+k, x, tell)
		}
	case []any:
		for _, x := range v {
			said(path, x, tell)
		}
	case string:
		tell(path, v)
	}
}

// goldens are the golden files by name.
func goldens(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	all := map[string]map[string]any{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = m
	}
	return all
}

// TestGoldens_speakAsPeopleDo walks all that was ever rendered for a test.
func TestGoldens_speakAsPeopleDo(t *testing.T) {
	words := banned()
	for name, all := range goldens(t) {
		for message, v := range all {
			said(name+"/"+message, v, func(path, text string) {
				for why, re := range words {
					if found := re.FindString(text); found != "" {
						t.Errorf("%s: %s: %q in %q", path, why, found, text)
					}
				}
				collapsed := strings.Contains(path, "child_blocks") || strings.Contains(path, "_older/") && strings.Contains(path, "/elements") || strings.HasPrefix(message, "receipt")
				if found := hash.FindString(text); found != "" && !collapsed {
					t.Errorf("%s: %q is for Details, in %q", path, found, text)
				}
				if n := utf8.RuneCountInString(text); n > 1500 && !collapsed {
					t.Errorf("%s: %d characters are not read by anybody: %.80q", path, n, text)
				}
			})
		}
	}
}

// TestGoldens_datesOfTables: what stands before a date of rich text, as in a table,
// reads well where Slack shows "today 11:57 PM" for it.
func TestGoldens_datesOfTables(t *testing.T) {
	dates := 0
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, x := range v {
				walk(name, x)
			}
		case []any:
			before := ""
			for _, x := range v {
				walk(name, x)
				e, _ := x.(map[string]any)
				if e["type"] == "date" {
					if dates++; regexp.MustCompile(`\b(at|on) $`).MatchString(before) {
						t.Errorf("%s: %q before a date", name, before)
					}
				}
				before, _ = e["text"].(string)
			}
		}
	}
	for name, all := range goldens(t) {
		for message, v := range all {
			walk(name+"/"+message, v)
		}
	}
	if dates == 0 {
		t.Error("no golden message has a date in a table")
	}
}

// TestFallbacks_nameEveryOption: who reads only the notification, or hears it read
// out, knows that it is a dry run, of some factors, with protected users, and when.
func TestFallbacks_nameEveryOption(t *testing.T) {
	in := func(state reset.State) *reset.Request {
		return with(pending(), func(r *reset.Request) {
			r.State = state
			r.Asked.Options = reset.Options{DryRun: true, BreakGlass: true, Factors: []string{"sms"}, RevokeSessions: true, TellUsers: true}
			r.Asked.NotTill = noon.Add(19 * time.Hour)
		})
	}
	r := in(reset.Pending)
	for name, m := range map[string]view.Message{
		"approval": view.Approval(r, view.Known{}),
		"direct":   view.AskApprover(r, r.Plan.Revision, "U_APPROVER1", "", view.Known{}),
		"reminder": view.RemindApprover(r, "", view.Known{}),
		"opened":   view.Opened(in(reset.Planning)),
	} {
		for _, want := range []string{"dry run", "break glass", "sms", "not before <!date^1777964400^", "ends their okta sessions", "told by dm"} {
			if !strings.Contains(strings.ToLower(m.Text), want) {
				t.Errorf("%s does not say %q: %q", name, want, m.Text)
			}
		}
	}
	for name, m := range map[string]view.Message{"in the thread": view.Reminder(r), "to groups": view.AskGroups(r, view.Helpers{Groups: []string{"S1"}}), "running": view.Progress(in(reset.Running), view.Pace{})} {
		if !strings.Contains(m.Text, "BREAK GLASS, dry run") {
			t.Errorf("%s does not say what it is: %q", name, m.Text)
		}
	}
}

// TestGoldens_beginWithWhatMatters: the first ten words of a fallback text,
// which a notification shows, name the request.
func TestGoldens_beginWithWhatMatters(t *testing.T) {
	id := regexp.MustCompile(`FR-\d+`)
	for name, all := range goldens(t) {
		for message, v := range all {
			m, _ := v.(map[string]any)
			text, _ := m["text"].(string)
			if text == "" || name == "answers" || name == "notices" || !id.MatchString(text) {
				continue
			}
			words := strings.Fields(text)
			if first := strings.Join(words[:min(len(words), 10)], " "); !id.MatchString(first) {
				t.Errorf("%s/%s begins with %q", name, message, first)
			}
		}
	}
}

// TestDryRun_saysThatNobodyIsReset: no message about a dry run, in whatever state,
// lets anybody believe that somebody is, was or will be reset by it.
func TestDryRun_saysThatNobodyIsReset(t *testing.T) {
	harmless := regexp.MustCompile(`(?i)\b(nobody (is|was|will be|would be|is left to) reset|factor-reset|were reset before|would (be|have been) reset|but the resets|(dry run|reset) of|reset by FR-\d+|were reset in the last|already reset)\b`)
	says := regexp.MustCompile(`(?i)\b(resets?|undone|set up MFA again|lose)\b`)
	for state, r := range states() {
		if r.Asked.Kind == reset.KindExport {
			continue
		}
		r.Asked.Options.DryRun = true
		if r.Totals != nil {
			r.Totals = &reset.Totals{
				ByOutcome: map[reset.Outcome]int{reset.OutcomeSkipped: 499, reset.OutcomeNotRun: 1},
				ByReason:  map[reset.Reason]int{reset.DryRun: 494, reset.NotFound: 5, "cancelled": 1},
			}
		}
		all := besideTheStates(r)
		for name, m := range rendered(r) {
			if name == "progress" {
				m = view.Progress(r, view.Pace{ByOutcome: map[reset.Outcome]int{reset.OutcomeSkipped: 198}})
			}
			all[name], all[name+" without new blocks"] = m, m.Plain()
		}
		for name, m := range all {
			said(state+"/"+name, asJSON(t, m), func(path, text string) {
				if found := says.FindString(harmless.ReplaceAllString(text, "")); found != "" {
					t.Errorf("%s: %q in %q", path, found, text)
				}
			})
		}
	}
}

// TestMessages_countsAgree: whoever reads several messages of one request finds the
// same number of users in all of them. Lines of the file are called rows.
func TestMessages_countsAgree(t *testing.T) {
	counted := regexp.MustCompile(`([0-9][0-9,]*) (users?\b|to reset|would be reset|skipped|rows?\b|reset\b|failed\b|not run)`)
	is := map[string][]string{
		"user": {"495"}, "to reset": {"495"}, "would be reset": {"495"}, "row": {"500"}, "skipped": {"5"},
		"reset": {"196", "490"}, "failed": {"2", "4"}, "not run": {"1"}, // of a run on its way, and at its end
	}
	seen := 0
	for _, state := range []string{"pending", "half", "approved", "denied", "expired", "lapsed", "withdrawn", "running", "paused", "frozen", "stopping", "verifying", "done", "cancelled", "dry_run", "dry_run_runs", "dry_run_done", "waiting", "at"} {
		r := states()[state]
		all := besideTheStates(r)
		for name, m := range rendered(r) {
			all[name], all[name+" without new blocks"] = m, m.Plain()
		}
		for name, m := range all {
			said(state+"/"+name, asJSON(t, m), func(path, text string) {
				text, _, _ = strings.Cut(text, "*Needs somebody*") // which counts by reason
				text = regexp.MustCompile(`(?m)^\*5 skipped:\*.*|^5 users are suspended.*|^Retry 5 users`).ReplaceAllString(text, "5 skipped")
				for _, m := range counted.FindAllStringSubmatch(text, -1) {
					seen++
					if want := is[strings.TrimSuffix(m[2], "s")]; !slices.Contains(want, m[1]) {
						t.Errorf("%s says %q, want %q: %q", path, m[0], want, text)
					}
				}
			})
		}
	}
	if seen < 200 {
		t.Errorf("only %d counts were found", seen)
	}
}

// besideTheStates returns the messages and modals of a request beside those of its state.
func besideTheStates(r *reset.Request) map[string]any {
	return map[string]any{
		"plan note": view.PlanNote(r), "result note": view.ResultNote(r),
		"receipt": view.Receipt(r, view.AuditHeads{}), "deny": view.DenyModal(r, "C_FACTORS"), "confirm": view.ConfirmModal(r, "C_FACTORS", 495),
	}
}

// asJSON returns what Slack gets of a message, decoded.
func asJSON(t *testing.T, m any) (v any) {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
