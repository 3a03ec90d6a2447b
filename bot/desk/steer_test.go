package desk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

func TestDesk_Cancel(t *testing.T) {
	planning := func(o *office, tb tester) *reset.Request { return o.mustPlanning(tb) }
	pending := func(o *office, tb tester) *reset.Request { return o.mustPending(tb, 1) }
	running := func(o *office, tb tester) *reset.Request { return o.mustRunning(tb) }
	done := func(o *office, tb tester) *reset.Request {
		r := o.mustRunning(tb)
		o.mustMove(tb, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Verify(o.now) })
		return o.mustMove(tb, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, o.now) })
	}
	tests := []struct {
		name string
		make func(*office, tester) *reset.Request
		by   reset.Person
		want string
		then reset.State
	}{
		{"the requester while planning", planning, requester, "", reset.Cancelled},
		{"the requester while pending", pending, requester, "", reset.Cancelled},
		{"an approver while pending", pending, first, "", reset.Cancelled},
		{"the requester while running", running, requester, "", reset.Stopping},
		{"an approver while running", running, second, "", reset.Stopping},
		{"somebody else", pending, ana, policy.CodeNotTheirs, reset.Pending},
		{"a guest who is an approver", pending, guest, policy.CodeGuest, reset.Pending},
		{"a stranger", pending, stranger, policy.CodeStranger, reset.Pending},
		{"deactivated", pending, gone, policy.CodeDeactivated, reset.Pending},
		{"when it is done", done, requester, "is done", reset.Done},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			r := tt.make(o, t)
			_, err := o.Cancel(t.Context(), o.on(r, "op", tt.by))
			if got := o.mustGet(t, r.ID); outcome(err) != tt.want || got.State != tt.then || err == nil && got.MovedBy != tt.by {
				t.Errorf("got %q in %s by %s, want %q in %s", outcome(err), got.State, got.MovedBy, tt.want, tt.then)
			}
		})
	}
}

// What stops resets is obeyed however late it is heard.
func TestDesk_stops_are_never_stale(t *testing.T) {
	for then, m := range map[reset.State]move{reset.Stopping: (*desk.Desk).Cancel, reset.Paused: (*desk.Desk).Pause} {
		o := mustOpenOffice(t)
		in := o.on(o.mustRunning(t), "op", requester)
		o.now = start.Add(time.Hour)
		if r, err := m(o.Desk, t.Context(), in); err != nil || r.State != then {
			t.Errorf("got %+v, %v, want %s", r, err, then)
		}
	}
}

func TestDesk_Pause(t *testing.T) {
	tests := []struct {
		name  string
		by    reset.Person
		want  string
		cause reset.Cause
	}{
		{"the requester", requester, "", reset.CauseRequester},
		{"an approver", first, "", reset.CauseApprover},
		{"somebody else", ana, policy.CodeNotTheirs, ""},
		{"a guest who is an approver", guest, policy.CodeGuest, ""},
		{"a stranger", stranger, policy.CodeStranger, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			in := o.on(o.mustRunning(t), "op", tt.by)
			in.Why = "look first"
			_, err := o.Pause(t.Context(), in)
			r := o.mustGet(t, in.Request)
			if outcome(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			switch want := (reset.Pause{Cause: tt.cause, At: start, By: tt.by, Detail: "look first"}); {
			case tt.cause == "" && r.State != reset.Running:
				t.Errorf("refused, and in %s", r.State)
			case tt.cause != "" && (r.State != reset.Paused || r.Pause == nil || *r.Pause != want):
				t.Errorf("got %s, %+v, want %+v", r.State, r.Pause, want)
			}
		})
	}
}

func TestDesk_Pause_of_what_is_paused(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustRunning(t)
	for i, step := range []struct {
		by    reset.Person
		want  string
		cause reset.Cause
	}{
		{requester, "", reset.CauseRequester},
		{first, "", reset.CauseApprover}, // the requester cannot lift it any more
		{requester, "is paused", reset.CauseApprover},
	} {
		_, err := o.Pause(t.Context(), o.on(r, string(rune('a'+i)), step.by))
		if got := o.mustGet(t, r.ID); outcome(err) != step.want || got.Pause.Cause != step.cause {
			t.Fatalf("step %d: got %q and %s, want %q and %s", i, outcome(err), got.Pause.Cause, step.want, step.cause)
		}
	}
	if _, err := o.Pause(t.Context(), o.on(o.mustPending(t, 1), "op", first)); outcome(err) != "is pending" {
		t.Errorf("what does not run: %v", err)
	}
}

func TestDesk_Resume(t *testing.T) {
	const soon, late = time.Hour - 1, time.Hour
	tests := []struct {
		name  string
		cause reset.Cause
		by    reset.Person
		after time.Duration
		want  string
	}{
		{"an approver, errors", reset.CauseErrors, first, late, ""},
		{"an approver, the requester's", reset.CauseRequester, first, late, ""},
		{"an approver, an approver's", reset.CauseApprover, second, late, ""},
		{"an approver, reported", reset.CauseReported, first, late, ""},
		{"an approver, a gap", reset.CauseGap, first, late, ""},
		{"an approver, protection", reset.CauseProtection, first, late, ""},
		{"an approver, a freeze that is over", reset.CauseFreeze, first, late, ""},
		{"the requester, errors", reset.CauseErrors, requester, soon, ""},
		{"the requester, their own", reset.CauseRequester, requester, soon, ""},
		{"the requester, errors an hour ago", reset.CauseErrors, requester, late, reset.ErrNotTheirs.Error()},
		{"the requester, their own an hour ago", reset.CauseRequester, requester, late, reset.ErrNotTheirs.Error()},
		{"the requester, who is an approver of others, an approver's", reset.CauseApprover, requester, soon, reset.ErrNotTheirs.Error()},
		{"the requester, a freeze", reset.CauseFreeze, requester, soon, reset.ErrNotTheirs.Error()},
		{"the requester, reported", reset.CauseReported, requester, soon, reset.ErrNotTheirs.Error()},
		{"the requester, a gap", reset.CauseGap, requester, soon, reset.ErrNotTheirs.Error()},
		{"the requester, protection", reset.CauseProtection, requester, soon, reset.ErrNotTheirs.Error()},
		{"somebody else", reset.CauseErrors, ana, soon, policy.CodeNotTheirs},
		{"a guest who is an approver", reset.CauseErrors, guest, soon, policy.CodeGuest},
		{"deactivated", reset.CauseErrors, gone, soon, policy.CodeDeactivated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			r := o.mustMove(t, o.mustRunning(t).ID, func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(tt.cause, first, "", o.now)
			})
			o.now = start.Add(tt.after)
			_, err := o.Resume(t.Context(), o.on(r, "op", tt.by))
			want := reset.Running
			if tt.want != "" {
				want = reset.Paused
			}
			if got := o.mustGet(t, r.ID); outcome(err) != tt.want || got.State != want {
				t.Errorf("got %q in %s, want %q in %s", outcome(err), got.State, tt.want, want)
			}
		})
	}
}

func TestDesk_Resume_stale_or_not_paused(t *testing.T) {
	o := mustOpenOffice(t)
	in := o.on(o.mustRunning(t), "op", first)
	if _, err := o.Resume(t.Context(), in); outcome(err) != "is running" {
		t.Errorf("what runs: %v", err)
	}
	o.mustMove(t, in.Request, func(r *reset.Request) (reset.Fact, error) { return r.PauseFor(reset.CauseErrors, "", "", o.now) })
	o.now = start.Add(2*time.Minute + 1)
	if _, err := o.Resume(t.Context(), in); !errors.Is(err, desk.ErrStale) {
		t.Errorf("stale: %v", err)
	}
}

// One answer about the person serves for all that is judged of them.
func TestDesk_moves_ask_once_who_acts(t *testing.T) {
	for name, m := range map[string]move{
		"approve": (*desk.Desk).Approve, "deny": (*desk.Desk).Deny, "cancel": (*desk.Desk).Cancel,
		"pause": (*desk.Desk).Pause, "resume": (*desk.Desk).Resume,
	} {
		o := mustOpenOffice(t)
		r := o.mustRunning(t)
		if name == "approve" || name == "deny" {
			r = o.mustPending(t, 1)
		}
		if name == "resume" {
			o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.PauseFor(reset.CauseErrors, "", "", o.now) })
		}
		asked := &countedPeople{fakePeople: fakePeople{who: cast(), now: o.Now}}
		o.People = asked
		if _, err := m(o.Desk, t.Context(), o.on(r, "op", first)); err != nil || !slices.Equal(asked.about, []reset.Person{first}) {
			t.Errorf("%s: asked about %v, %v", name, asked.about, err)
		}
	}
}

// Nothing is decided by a person while Slack does not answer about them.
func TestDesk_moves_without_an_answer_about_the_person(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mustOpenOffice(t)
		r := o.mustPending(t, 1)
		o.People = slowPeople{fakePeople{who: cast(), now: o.Now}, time.Minute}
		began := time.Now()
		_, err := o.Approve(t.Context(), o.on(r, "op", first))
		if got := o.mustGet(t, r.ID); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second || got.State != reset.Pending {
			t.Errorf("got %v after %v in %s", err, time.Since(began), got.State)
		}
	})
}

func TestDesk_Status(t *testing.T) {
	o := mustOpenOffice(t)
	var made []reset.ID
	for range 14 {
		o.now = o.now.Add(time.Minute)
		made = append(made, o.mustPlanning(t).ID)
	}
	for _, id := range slices.Concat(made[:1], made[3:13]) { // what is left open: FR-2, FR-3 and FR-14
		o.mustMove(t, id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel(requester, o.now) })
	}
	tests := []struct {
		name string
		by   reset.Person
		id   reset.ID
		want []reset.ID
		err  string
	}{
		{"the person's own, the open ones first", requester, "", []reset.ID{"FR-14", "FR-3", "FR-2", "FR-13", "FR-12", "FR-11", "FR-10", "FR-9", "FR-8", "FR-7"}, ""},
		{"nobody's", ana, "", nil, ""},
		{"one, of somebody else", first, "FR-4", []reset.ID{"FR-4"}, ""},
		{"one, of a guest who may not read it", guest, "FR-4", nil, policy.CodeGuest},
		{"one, of a stranger", stranger, "FR-4", nil, policy.CodeStranger},
		{"one, of somebody who neither asks nor approves", ana, "FR-4", nil, policy.CodeNotRequester},
		{"none by this ID", requester, "FR-99", nil, reset.ErrNotFound.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := o.intent("op", tt.by)
			in.Request = tt.id
			all, err := o.Status(t.Context(), in)
			var got []reset.ID
			for _, r := range all {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, tt.want) || outcome(err) != tt.err {
				t.Errorf("got %v, %q, want %v, %q", got, outcome(err), tt.want, tt.err)
			}
		})
	}
}

func TestDesk_Status_of_a_record_that_cannot_be_read(t *testing.T) {
	o := mustOpenOffice(t)
	o.mustPlanning(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := o.Status(ctx, o.intent("op", requester)); !errors.Is(err, context.Canceled) || all != nil {
		t.Errorf("got %v, %v", all, err)
	}
}

// Only who may read what others ask for gets the request along with the refusal.
func TestDesk_MayDecide_for_those_who_look(t *testing.T) {
	tests := []struct {
		by    reset.Person
		want  string
		looks bool
	}{
		{first, "", true},
		{requester, policy.CodeOwnRequest, true},
		{ana, policy.CodeNotApprover, false},
		{guest, policy.CodeGuest, false},
		{stranger, policy.CodeStranger, false},
	}
	o := mustOpenOffice(t)
	r := o.mustPending(t, 1)
	for _, tt := range tests {
		if got, err := o.MayDecide(t.Context(), o.on(r, "op", tt.by)); outcome(err) != tt.want || (got != nil) != tt.looks {
			t.Errorf("%s: got %v, %q, want %q", tt.by, got, outcome(err), tt.want)
		}
	}
}
