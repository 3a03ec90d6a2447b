package desk_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// move is a use case that changes a request.
type move func(*desk.Desk, context.Context, desk.Intent) (*reset.Request, error)

func TestDesk_Approve_and_Deny(t *testing.T) {
	tests := []struct {
		name string
		by   reset.Person
		edit func(*desk.Intent)
		want string
	}{
		{"an approver", first, nil, ""},
		{"as many digits as a button has", first, func(in *desk.Intent) { in.Digest = in.Digest[:12] }, ""},
		{"Slack does not tell the workspace", first, func(in *desk.Intent) { in.Team = "" }, ""},
		{"the requester, who is an approver of others", requester, nil, policy.CodeOwnRequest},
		{"not an approver", ana, nil, policy.CodeNotApprover},
		{"a guest", guest, nil, policy.CodeGuest},
		{"a stranger", stranger, nil, policy.CodeStranger},
		{"an approver's ID in another workspace", first, func(in *desk.Intent) { in.Team = "T_PARTNER" }, policy.CodeStranger},
		{"deactivated", gone, nil, policy.CodeDeactivated},
		{"an app", robot, nil, policy.CodeBot},
		{"unknown to Slack", "U_NONE", nil, reset.ErrNoPerson.Error()},
		{"another plan", first, func(in *desk.Intent) { in.Digest = digest(2) }, reset.ErrOtherPlan.Error()},
		{"no plan", first, func(in *desk.Intent) { in.Digest = "-" }, reset.ErrOtherPlan.Error()},
		{"no such request", first, func(in *desk.Intent) { in.Request = "FR-99" }, reset.ErrNotFound.Error()},
		{"just fresh", first, func(in *desk.Intent) { in.Asked = start.Add(-2 * time.Minute) }, ""},
		{"stale", first, func(in *desk.Intent) { in.Asked = start.Add(-2*time.Minute - 1) }, desk.ErrStale.Error()},
	}
	for name, m := range map[reset.State]move{reset.Approved: (*desk.Desk).Approve, reset.Denied: (*desk.Desk).Deny} {
		for _, tt := range tests {
			t.Run(string(name)+"/"+tt.name, func(t *testing.T) {
				o := mustOpenOffice(t)
				r := o.mustPending(t, 1)
				in := o.on(r, "op", tt.by)
				if tt.edit != nil {
					tt.edit(&in)
				}
				_, err := m(o.Desk, t.Context(), in)
				want := name
				if tt.want != "" {
					want = reset.Pending
				}
				if got := o.mustGet(t, r.ID); outcome(err) != tt.want || got.State != want {
					t.Errorf("got %q in %s, want %q in %s", outcome(err), got.State, tt.want, want)
				}
			})
		}
	}
}

func TestDesk_Approve_records_who(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPending(t, 1)
	made, err := o.Approve(t.Context(), o.on(r, "op", first))
	if err != nil {
		t.Fatal(err)
	}
	want := []reset.Decision{{By: first, At: start, Digest: digest(1)}}
	if got := o.mustGet(t, r.ID); !cmp.Equal(got.Approved, want) || !got.ApprovedAt.Equal(start) || got.MovedBy != first || got.Version != made.Version {
		t.Errorf("got %+v", got)
	}
	if got := o.facts(t, r.ID); got != "asked planned approved" {
		t.Errorf("facts %q", got)
	}
}

func TestDesk_Deny_records_why(t *testing.T) {
	o := mustOpenOffice(t)
	in := o.on(o.mustPending(t, 1), "op", first)
	in.Why = "not now"
	r, err := o.Deny(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if want := (reset.Decision{By: first, At: start, Digest: digest(1), Why: "not now"}); r.Denial == nil || !cmp.Equal(*r.Denial, want) {
		t.Errorf("got %+v", r.Denial)
	}
	if got := o.facts(t, r.ID); got != "asked planned denied" {
		t.Errorf("facts %q", got)
	}
}

func TestDesk_Approve_two_are_needed(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPending(t, 2)
	for i, step := range []struct {
		by    reset.Person
		want  string
		state reset.State
	}{
		{first, "", reset.Pending},
		{first, reset.ErrAlreadyCounted.Error(), reset.Pending},
		{requester, policy.CodeOwnRequest, reset.Pending},
		{second, "", reset.Approved},
		{first, "is approved", reset.Approved},
	} {
		_, err := o.Approve(t.Context(), o.on(r, string(rune('a'+i)), step.by))
		if got := o.mustGet(t, r.ID); outcome(err) != step.want || got.State != step.state {
			t.Fatalf("step %d: got %q in %s, want %q in %s", i, outcome(err), got.State, step.want, step.state)
		}
	}
	if got := o.facts(t, r.ID); got != "asked planned approved approved" {
		t.Errorf("facts %q", got)
	}
}

func TestDesk_Approve_at_the_end_of_its_time(t *testing.T) {
	for name, m := range map[string]move{"approve": (*desk.Desk).Approve, "deny": (*desk.Desk).Deny} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			r, other := o.mustPending(t, 1), o.mustPending(t, 1)
			o.now = r.ExpiresAt.Add(-1)
			if _, err := m(o.Desk, t.Context(), o.on(other, "op", first)); err != nil {
				t.Fatalf("a moment before: %v", err)
			}
			o.now = r.ExpiresAt
			_, err := m(o.Desk, t.Context(), o.on(r, "op", first))
			if got := o.mustGet(t, r.ID); !errors.Is(err, reset.ErrExpired) || got.State != reset.Expired || !got.SettledAt.Equal(o.now) {
				t.Errorf("got %v in %s", err, got.State)
			}
			if got := o.facts(t, r.ID); got != "asked planned expired" {
				t.Errorf("facts %q", got)
			}
			_, err = m(o.Desk, t.Context(), o.on(r, "op 2", second))
			if outcome(err) != "is expired" {
				t.Errorf("after: got %v", err)
			}
		})
	}
}

// Somebody who may not decide does not settle a request either.
func TestDesk_Approve_of_the_expired_by_a_guest(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPending(t, 1)
	o.now = r.ExpiresAt
	_, err := o.Approve(t.Context(), o.on(r, "op", guest))
	if got := o.mustGet(t, r.ID); outcome(err) != policy.CodeGuest || got.State != reset.Pending {
		t.Errorf("got %v in %s", err, got.State)
	}
}

// atOnce runs the intents at the same moment and returns their errors in order.
func atOnce(m move, d *desk.Desk, ctx context.Context, all ...desk.Intent) []error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i, in := range all {
		wg.Go(func() {
			<-gate
			_, errs[i] = m(d, ctx, in)
		})
	}
	close(gate)
	wg.Wait()
	return errs
}

func TestDesk_Approve_two_at_once(t *testing.T) {
	o := mustOpenOffice(t)
	for range 10 {
		r := o.mustPending(t, 1)
		both := []reset.Person{first, second}
		errs := atOnce((*desk.Desk).Approve, o.Desk, t.Context(), o.on(r, "op 1", first), o.on(r, "op 2", second))
		won := slices.Index(errs, nil)
		if won < 0 {
			t.Fatalf("nobody won: %v", errs)
		}
		var moved *reset.TransitionError
		if lost := errs[1-won]; !errors.As(lost, &moved) || moved.Found != reset.Approved || moved.By != both[won] {
			t.Fatalf("%s won, the other was told %v", both[won], lost)
		}
		if got := o.mustGet(t, r.ID); len(got.Approved) != 1 || got.Approved[0].By != both[won] {
			t.Fatalf("%s won, recorded is %+v", both[won], got.Approved)
		}
	}
}

// Where two are needed, two who press at once both count.
func TestDesk_Approve_both_at_once(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPending(t, 2)
	errs := atOnce((*desk.Desk).Approve, o.Desk, t.Context(), o.on(r, "op 1", first), o.on(r, "op 2", second))
	if got := o.mustGet(t, r.ID); errors.Join(errs...) != nil || got.State != reset.Approved || len(got.Approved) != 2 {
		t.Errorf("got %v in %s with %+v", errs, got.State, got.Approved)
	}
}

func TestDesk_Approve_redelivered(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPending(t, 2)
	in := o.on(r, "op", first)
	if err := errors.Join(atOnce((*desk.Desk).Approve, o.Desk, t.Context(), in, in, in)...); err != nil {
		t.Fatal(err)
	}
	// However late it comes again: the person must not hear that it had no effect.
	o.now = start.Add(time.Hour)
	again, err := o.Approve(t.Context(), in)
	if err != nil || len(again.Approved) != 1 || again.State != reset.Pending {
		t.Errorf("got %+v, %v", again, err)
	}
	if got := o.facts(t, r.ID); got != "asked planned approved" {
		t.Errorf("facts %q", got)
	}
}

func TestDesk_frozen(t *testing.T) {
	running := func(o *office, tb tester) *reset.Request { return o.mustRunning(tb) }
	pending := func(o *office, tb tester) *reset.Request { return o.mustPending(tb, 1) }
	paused := func(o *office, tb tester) *reset.Request {
		return o.mustMove(tb, o.mustRunning(tb).ID, func(r *reset.Request) (reset.Fact, error) {
			return r.PauseFor(reset.CauseApprover, first, "", o.now)
		})
	}
	tests := []struct {
		name string
		make func(*office, tester) *reset.Request
		move move
		want string
		then reset.State
	}{
		{"approve", pending, (*desk.Desk).Approve, reset.ErrFrozen.Error(), reset.Pending},
		{"resume", paused, (*desk.Desk).Resume, reset.ErrFrozen.Error(), reset.Paused},
		{"deny", pending, (*desk.Desk).Deny, "", reset.Denied},
		{"cancel", running, (*desk.Desk).Cancel, "", reset.Stopping},
		{"pause", running, (*desk.Desk).Pause, "", reset.Paused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			r := tt.make(o, t)
			o.mustFreeze(t)
			_, err := tt.move(o.Desk, t.Context(), o.on(r, "op", second))
			if got := o.mustGet(t, r.ID); outcome(err) != tt.want || got.State != tt.then {
				t.Errorf("got %q in %s, want %q in %s", outcome(err), got.State, tt.want, tt.then)
			}
		})
	}
}
