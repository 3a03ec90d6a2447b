package view_test

import (
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

func TestUserStatus_golden(t *testing.T) {
	in := func(r *reset.Request, id reset.ID, o reset.Outcome, why reset.Reason) view.Became {
		return view.Became{Request: with(r, func(r *reset.Request) { r.ID = id }), Step: reset.Progress{Outcome: o, Reason: why, FinishedAt: noon}}
	}
	m := view.UserStatus("ana@example.com", []view.Became{
		in(pending(), "FR-48", "", ""),
		in(done(), "FR-47", reset.OutcomeFailed, reset.Forbidden),
		in(done(), "FR-46", reset.OutcomeReset, reset.SessionsNotRevoked),
		in(done(), "FR-45", reset.OutcomeReset, reset.AlreadyClear),
		in(done(), "FR-44", reset.OutcomeSkipped, reset.ProtectedAdmin),
		in(cancelled(), "FR-43", reset.OutcomeNotRun, reset.NotRunCancelled),
		in(done(), "FR-42", reset.OutcomeReset, ""),
	}, true)
	golden(t, "user_status", m)
	if none := view.UserStatus("<!channel>", nil, false); !strings.Contains(none.Text, "isn't in any request") || strings.Contains(none.Text, "<!channel>") {
		t.Errorf("nobody: %q", none.Text)
	}
}
