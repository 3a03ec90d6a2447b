package desk_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

func TestDesk_Became(t *testing.T) {
	o := mustOpenOffice(t)
	ran := o.mustPlan(t, "00u1", "00u2", "00u3")
	o.mustRun(t, ran.ID)
	for i, reason := range []reset.Reason{"", reset.Forbidden} {
		step := reset.Step{Row: i + 1, User: reset.UserID(fmt.Sprintf("00u%d", i+1)), Kind: reset.StepReset}
		e := reset.Entry{Kind: reset.EntryOutcome, At: o.now, Step: &step, Outcome: reset.OutcomeReset, Reason: reason}
		if reason != "" {
			e.Outcome = reason.Outcome()
		}
		if err := o.term.Append(t.Context(), ran.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	o.now = o.now.Add(time.Minute)
	denied := o.mustPlan(t, "00u2")
	o.mustMove(t, denied.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel(requester, o.now) })
	o.mustPlanning(t) // which has no plan yet

	for _, tt := range []struct {
		name string
		by   reset.Person
		user string
		want []string
		err  string
	}{
		{"reset", requester, "00u1", []string{"FR-1 reset "}, ""},
		{"failed once, then not run; newest first", first, "00U2", []string{"FR-2 not_run cancelled", "FR-1 failed forbidden"}, ""},
		{"not their turn yet", first, "00u3", []string{"FR-1  "}, ""},
		{"nobody", first, "00u9", nil, ""},
		{"a part of a name", first, "00u", nil, ""},
		{"a guest, who may read none", guest, "00u1", nil, policy.CodeGuest},
		{"somebody who neither asks nor approves", ana, "00u1", nil, policy.CodeNotRequester},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, more, err := o.Became(t.Context(), o.intent("op", tt.by), roster.UserRef{Kind: roster.UserLogin, Value: tt.user})
			var got []string
			for _, b := range all {
				got = append(got, fmt.Sprintf("%s %s %s", b.Request.ID, b.Step.Outcome, b.Step.Reason))
			}
			if !slices.Equal(got, tt.want) || outcome(err) != tt.err || more {
				t.Errorf("got %q, %q, more %v; want %q, %q", got, outcome(err), more, tt.want, tt.err)
			}
		})
	}
}
