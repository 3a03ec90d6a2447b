package view_test

import (
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

func TestUserStatus_golden(t *testing.T) {
	in := func(r *reset.Request, id reset.ID, o reset.Outcome, why reset.Reason) reset.UserResult {
		return reset.UserResult{Request: with(r, func(r *reset.Request) { r.ID = id }), Step: reset.Progress{Outcome: o, Reason: why, FinishedAt: noon}}
	}
	m := view.UserStatus("ana@example.com", []reset.UserResult{
		in(pending(), "FR-48", "", ""),
		in(done(), "FR-47", reset.OutcomeFailed, reset.Forbidden),
		in(done(), "FR-46", reset.OutcomeReset, reset.SessionsNotRevoked),
		in(done(), "FR-45", reset.OutcomeReset, reset.AlreadyClear),
		in(done(), "FR-44", reset.OutcomeSkipped, reset.ProtectedAdmin),
		in(cancelled(), "FR-43", reset.OutcomeNotRun, reset.NotRunCancelled),
		in(done(), "FR-42", reset.OutcomeReset, ""),
	}, true)
	golden(t, "user_status", m)
	if first := strings.SplitN(m.Text, "\n", 2)[0]; !strings.Contains(first, "MFA last reset <!date^1777896000^") || !strings.Contains(first, "by FR-46. In 7 requests") {
		t.Errorf("it begins with %q: that says not whether she was reset", first)
	}
	for _, want := range []string{"FR-48", "FR-44", "requested by <@U_REQUESTER>, approved by <@U_APPROVER1>"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the fallback text lacks %q: %s", want, m.Text)
		}
	}
	dry := view.UserStatus("ana@example.com", []reset.UserResult{in(done(), "FR-49", reset.OutcomeSkipped, reset.DryRun)}, false)
	if !strings.HasPrefix(dry.Text, "*ana@example.com:* not reset by any request.\n*FR-49* · not reset: a dry run · ") {
		t.Errorf("a dry run: %q", dry.Text)
	}
	if none := view.UserStatus("<!channel>", nil, false); !strings.Contains(none.Text, "isn't in any request") || strings.Contains(none.Text, "<!channel>") {
		t.Errorf("nobody: %q", none.Text)
	}
}
