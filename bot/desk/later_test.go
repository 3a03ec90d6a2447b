package desk_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// mustPlan saves one target for each user as the plan of a request of that many rows.
func (o *office) mustPlan(t *testing.T, users ...reset.UserID) *reset.Request {
	t.Helper()
	r := o.large(t, "", requester, rosa, len(users))
	err := o.term.SavePlan(t.Context(), r.ID, 1, func(yield func(reset.Target, error) bool) {
		for i, u := range users {
			if !yield(reset.Target{Row: i + 1, Input: string(u), User: u, Action: reset.ActionReset}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) {
		plan := reset.Plan{Revision: 1, Digest: digest(1), FrozenAt: o.now, Targets: len(users), Resets: len(users)}
		return r.FreezePlan(plan, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, o.now.Add(time.Hour), o.now)
	})
}

func (o *office) mustRun(t *testing.T, id reset.ID) {
	t.Helper()
	o.mustMove(t, id, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: first, Digest: r.Plan.Digest}, 0, o.now)
	})
	o.mustMove(t, id, func(r *reset.Request) (reset.Fact, error) { return r.Start(o.now) })
}

// Somebody in the plan does not approve it, nor with another login of the same person;
// without that row they may.
func TestDesk_Approve_of_ones_own_reset(t *testing.T) {
	o := mustOpenOffice(t)
	const admin = reset.UserID("00u000000000avery.adm")
	who := account("approver1@example.com", avery)
	who.OktaIDs = append(who.OktaIDs, admin)
	o.people[first] = who
	r := o.mustPlan(t, "00u0000000000000someb", admin)
	if _, err := o.Approve(t.Context(), o.on(r, "a", first)); outcome(err) != policy.CodeOwnTarget {
		t.Errorf("got %v", err)
	}
	in := o.on(r, "b", first)
	in.Rows = []int{2}
	r, err := o.TakeOut(t.Context(), in)
	if err != nil || r.State != reset.Planning || !slices.Equal(r.TakenOut, []int{2}) {
		t.Fatalf("got %+v, %v", r, err)
	}
	if r, err = o.TakeOut(t.Context(), in); err != nil || r.State != reset.Planning {
		t.Errorf("the same click again: %v", err)
	}
}

// Who takes rows out is one who may decide, and saw this plan.
func TestDesk_TakeOut(t *testing.T) {
	for name, c := range map[string]struct {
		by   reset.Person
		rows []int
		edit func(*desk.Intent)
		want string
	}{
		"an approver":             {first, []int{1, 2, 1}, nil, ""},
		"the requester":           {requester, []int{1}, nil, policy.CodeOwnRequest},
		"not an approver":         {ana, []int{1}, nil, policy.CodeNotApprover},
		"a guest":                 {guest, []int{1}, nil, policy.CodeGuest},
		"of another plan":         {first, []int{1}, func(in *desk.Intent) { in.Digest = digest(2) }, reset.ErrOtherPlan.Error()},
		"stale":                   {first, []int{1}, func(in *desk.Intent) { in.Asked = in.Asked.Add(-3 * time.Minute) }, desk.ErrStale.Error()},
		"a row that there is not": {first, []int{1, 4}, nil, "unknown"},
		"none":                    {first, nil, nil, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			in := o.on(o.mustPlan(t, "00u1", "00u2", "00u3"), "op", c.by)
			in.Rows = c.rows
			if c.edit != nil {
				c.edit(&in)
			}
			_, err := o.TakeOut(t.Context(), in)
			got := o.mustGet(t, in.Request)
			switch {
			case c.want == "unknown":
				if !errors.Is(err, reset.ErrNoRow) || got.State != reset.Pending {
					t.Errorf("got %v in %s", err, got.State)
				}
			case outcome(err) != c.want || (got.State == reset.Planning) != (c.want == ""):
				t.Errorf("got %v in %s", err, got.State)
			}
		})
	}
}

// The number is asked for before anything counts, and terms that grew are there to be shown.
func TestDesk_Approve_by_number(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.LargeBatch = policy.LargeBatch{Over: 2, Approvals: 1, Confirm: true}
	in := o.on(o.mustPlan(t, "00u1", "00u2", "00u3"), "op", first)
	for _, typed := range []int{0, 2, 4} {
		in.Confirmed = typed
		var confirm *reset.ConfirmError
		if _, err := o.Approve(t.Context(), in); !errors.As(err, &confirm) || confirm.Users != 3 {
			t.Errorf("%d: %v", typed, err)
		}
		if got := o.mustGet(t, in.Request); got.Terms.Confirm != 3 || !got.Terms.Large || len(got.Approved) != 0 {
			t.Errorf("%d: %+v", typed, got.Terms)
		}
	}
	in.Confirmed = 3
	if r, err := o.Approve(t.Context(), in); err != nil || r.State != reset.Approved {
		t.Errorf("the number: %v", err)
	}
}

func TestDesk_Report(t *testing.T) {
	o := mustOpenOffice(t)
	o.people[ana] = account("ana@example.com", "00uANA")
	o.people[second] = account("approver2@example.com", "00uALEX")
	r := o.mustPlan(t, "00u1", "00uANA", "00u3")
	in := o.on(r, "early", ana)
	in.Row = 2
	if _, _, err := o.Report(t.Context(), in); err == nil {
		t.Error("before the run nobody was reset")
	}
	o.mustRun(t, r.ID)
	for name, c := range map[string]struct {
		by  reset.Person
		row int
	}{"of another row": {ana, 1}, "somebody else": {second, 2}, "a row that there is not": {ana, 9}, "by a guest": {guest, 2}} {
		in := o.on(r, name, c.by)
		in.Row = c.row
		if _, _, err := o.Report(t.Context(), in); outcome(err) != policy.CodeNotTheirs && outcome(err) != policy.CodeGuest {
			t.Errorf("%s: %v", name, err)
		}
	}
	in.Op = "op"
	if got, paused, err := o.Report(t.Context(), in); err != nil || !paused || got.Pause.Cause != reset.CauseReported {
		t.Fatalf("got %v, %v", paused, err)
	}
	if _, err := o.Resume(t.Context(), o.on(r, "resume", requester)); outcome(err) != reset.ErrNotTheirs.Error() {
		t.Errorf("the requester lifts it: %v", err)
	}
	if _, err := o.Resume(t.Context(), o.on(r, "resume 2", second)); err != nil {
		t.Errorf("an approver: %v", err)
	}
}

func TestDesk_Retry(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPlan(t, "00u1", "00u2")
	if _, err := o.Retry(t.Context(), o.on(r, "early", requester)); outcome(err) != "not_over" {
		t.Errorf("what has not run: %v", err)
	}
	denied := o.mustPending(t, 1)
	o.mustMove(t, denied.ID, func(r *reset.Request) (reset.Fact, error) { return r.Deny(first, r.Plan.Digest, "", o.now) })
	if _, err := o.Retry(t.Context(), o.on(denied, "denied", requester)); outcome(err) != "not_over" {
		t.Errorf("what never ran: %v", err)
	}
	o.mustRun(t, r.ID)
	if _, err := o.Retry(t.Context(), o.on(r, "running", requester)); outcome(err) != "not_over" {
		t.Errorf("what still runs: %v", err)
	}
	if _, err := o.Cancel(t.Context(), o.on(r, "cancel", requester)); err != nil {
		t.Fatal(err)
	}
	o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Stopped(reset.Totals{}, o.now) })
	if _, err := o.Retry(t.Context(), o.on(r, "guest", guest)); outcome(err) != policy.CodeGuest {
		t.Errorf("a guest: %v", err)
	}
	again, err := o.Retry(t.Context(), o.on(r, "again", requester))
	if err != nil || again.Asked.Again != r.ID || again.Rows != 2 || again.State != reset.Planning || len(again.Approved) != 0 {
		t.Fatalf("got %+v, %v", again, err)
	}
	if twice, err := o.Retry(t.Context(), o.on(r, "again", requester)); err != nil || twice.ID != again.ID {
		t.Errorf("the same click again: %v, %v", twice, err)
	}
}

func TestDesk_WhoAmI(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.Protect.Approvers = []reset.Person{second}
	r := o.mustPending(t, 2)
	if _, err := o.Approve(t.Context(), o.on(r, "op", first)); err != nil {
		t.Fatal(err)
	}
	for by, want := range map[reset.Person]struct {
		asks, approves, glass bool
		open, waiting         int
	}{
		requester: {true, true, false, 1, 0}, first: {false, true, false, 0, 0}, second: {false, true, true, 0, 1}, ana: {}, guest: {}, gone: {},
	} {
		s, err := o.WhoAmI(t.Context(), o.intent("who", by))
		if err != nil || s.Requester != want.asks || s.Approver != want.approves || s.BreakGlass != want.glass || len(s.Open) != want.open || len(s.Waiting) != want.waiting || (s.Why == "") != want.asks {
			t.Errorf("%s: %+v, %v", by, s, err)
		}
	}
}

// Users who have enrolled a factor since their call are never asked for once more,
// neither those of the request nor those of its retries.
func TestDesk_Retry_leaves_out_who_enrolled(t *testing.T) {
	o := mustOpenOffice(t)
	settle := func(id reset.ID, reasons ...reset.Reason) {
		for i, reason := range reasons {
			step := reset.Step{Row: i + 1, User: reset.UserID("00u" + string(rune('1'+i))), Kind: reset.StepReset}
			e := reset.Entry{Kind: reset.EntryOutcome, At: o.now, Step: &step, Outcome: reason.Outcome(), Reason: reason}
			if err := o.term.Append(t.Context(), id, e); err != nil {
				t.Fatal(err)
			}
		}
		o.mustMove(t, id, func(r *reset.Request) (reset.Fact, error) { return r.Verify(o.now) })
		o.mustMove(t, id, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, o.now) })
	}
	r := o.mustPlan(t, "00u1", "00u2", "00u3")
	o.mustRun(t, r.ID)
	settle(r.ID, reset.OktaError, reset.EnrolledMeanwhile, reset.OktaError)
	again, err := o.Retry(t.Context(), o.on(r, "one", requester))
	if err != nil || again.Rows != 2 {
		t.Fatalf("got %+v, %v, want users 1 and 3", again, err)
	}
	err = o.term.SavePlan(t.Context(), again.ID, 1, func(yield func(reset.Target, error) bool) {
		_ = yield(reset.Target{Row: 1, User: "00u1", Action: reset.ActionReset}, nil) && yield(reset.Target{Row: 2, User: "00u3", Action: reset.ActionReset}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.mustMove(t, again.ID, func(r *reset.Request) (reset.Fact, error) {
		return r.FreezePlan(reset.Plan{Revision: 1, Digest: digest(2), FrozenAt: o.now, Targets: 2, Resets: 2}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, o.now.Add(time.Hour), o.now)
	})
	o.mustRun(t, again.ID)
	settle(again.ID, reset.EnrolledMeanwhile, reset.OktaError)
	third, err := o.Retry(t.Context(), o.on(r, "two", requester))
	if err != nil || third.Rows != 1 {
		t.Fatalf("got %+v, %v, want user 3 alone", third, err)
	}
	for row, err := range o.term.Roster(t.Context(), third.ID) {
		if err != nil || row.Value != "00u3" {
			t.Errorf("row %+v, %v", row, err)
		}
	}
}

// A retry doesn't ask for users that the plan left out. The retry of another request doesn't
// block it, and doesn't hide a retry of its own.
func TestDesk_Retry_of_its_own_rows(t *testing.T) {
	o := mustOpenOffice(t)
	stop := func(r *reset.Request) {
		o.mustRun(t, r.ID)
		o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel(requester, o.now) })
		o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Stopped(reset.Totals{}, o.now) })
	}
	r, other := o.mustPlan(t, "00u1", "00u2"), o.mustPlan(t, "00u3")
	stop(r)
	stop(other)
	if _, err := o.Retry(t.Context(), o.on(other, "other", requester)); err != nil {
		t.Fatal(err)
	}
	o.Plans = plan{Term: o.term, actions: []reset.Action{reset.ActionSkip, reset.ActionReset}}
	again, err := o.Retry(t.Context(), o.on(r, "again", requester))
	if err != nil || again.Asked.Again != r.ID || again.Rows != 1 {
		t.Fatalf("%+v, %v", again, err)
	}
	if twice, err := o.Retry(t.Context(), o.on(r, "twice", requester)); err != nil || twice.ID != again.ID {
		t.Errorf("another click: %+v, %v", twice, err)
	}
}

// What failed is asked for once more by one request at a time, and what a retry
// has reset by none.
func TestDesk_Retry_twice(t *testing.T) {
	o := mustOpenOffice(t)
	settle := func(r *reset.Request, outcomes ...reset.Outcome) {
		for i, outcome := range outcomes {
			step := reset.Step{Row: i + 1, User: reset.UserID("00u" + string(rune('1'+i))), Kind: reset.StepReset}
			e := reset.Entry{Kind: reset.EntryOutcome, At: o.now, Step: &step, Outcome: outcome}
			if err := o.term.Append(t.Context(), r.ID, e); err != nil {
				t.Fatal(err)
			}
		}
		o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Verify(o.now) })
		o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, o.now) })
	}
	r := o.mustPlan(t, "00u1", "00u2")
	o.mustRun(t, r.ID)
	settle(r, reset.OutcomeFailed, reset.OutcomeFailed)

	again, err := o.Retry(t.Context(), o.on(r, "one", requester))
	if err != nil {
		t.Fatal(err)
	}
	o.rules.Requesters.Users = append(o.rules.Requesters.Users, first)
	if r, err := o.Retry(t.Context(), o.on(r, "two", first)); outcome(err) != "asked_again" {
		t.Fatalf("a second one while the first is open: %v, %v", r, err)
	}
	err = o.term.SavePlan(t.Context(), again.ID, 1, func(yield func(reset.Target, error) bool) {
		_ = yield(reset.Target{Row: 1, User: "00u1", Action: reset.ActionReset}, nil) && yield(reset.Target{Row: 2, User: "00u2", Action: reset.ActionReset}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.mustMove(t, again.ID, func(r *reset.Request) (reset.Fact, error) {
		return r.FreezePlan(reset.Plan{Revision: 1, Digest: digest(2), FrozenAt: o.now, Targets: 2, Resets: 2}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, o.now.Add(time.Hour), o.now)
	})
	o.mustRun(t, again.ID)
	settle(again, reset.OutcomeReset, reset.OutcomeFailed)
	third, err := o.Retry(t.Context(), o.on(r, "three", first))
	if err != nil || third.Rows != 1 {
		t.Fatalf("got %+v, %v, want the one user who was not reset", third, err)
	}
	for row, err := range o.term.Roster(t.Context(), third.ID) {
		if err != nil || row.Value != "00u2" {
			t.Errorf("row %+v, %v", row, err)
		}
	}
}
