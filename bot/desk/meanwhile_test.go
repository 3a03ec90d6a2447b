package desk_test

import (
	"context"
	"testing"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/store"
)

// overtaken is a record in which something happens between what the desk asked and its commit.
type overtaken struct {
	*store.Term
	meanwhile func() // once
}

func (o *overtaken) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change desk.Change) (*reset.Request, error) {
	if do := o.meanwhile; do != nil {
		o.meanwhile = nil
		do()
	}
	return o.Term.Update(ctx, id, op, unlessFrozen, change)
}

func (o *overtaken) Freeze(ctx context.Context, op string, change func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error)) (*reset.Freeze, error) {
	if do := o.meanwhile; do != nil {
		o.meanwhile = nil
		do()
	}
	return o.Term.Freeze(ctx, op, change)
}

// An approval that came while people were asked about is asked about, too: it counts only
// where it still holds.
func TestDesk_Approve_meanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		left  bool // who approved meanwhile has left since
		state reset.State
		count int
	}{"another's": {false, reset.Approved, 2}, "of one who left": {true, reset.Pending, 1}} {
		o := mustOpenOffice(t)
		r := o.mustPending(t, 2)
		o.Record = &overtaken{Term: o.term, meanwhile: func() {
			if _, err := o.Approve(t.Context(), o.on(r, "meanwhile", first)); err != nil {
				t.Error(err)
			}
			p := o.people[first]
			p.Deleted = c.left
			o.people[first] = p
		}}
		got, err := o.Approve(t.Context(), o.on(r, "op", second))
		if err != nil || got.State != c.state || len(got.Approved) != c.count {
			t.Errorf("%s: %+v in %s, %v", name, got.Approved, got.State, err)
		}
	}
}

// The terms of a plan that is gone tighten nothing.
func TestDesk_Approve_plan_changed_meanwhile(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.LargeBatch = policy.LargeBatch{Over: 2, Approvals: 2, Confirm: true}
	r := o.mustPlan(t, "00u1", "00u2", "00u3")
	o.Record = &overtaken{Term: o.term, meanwhile: func() {
		o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) {
			return r.TakeOut(second, r.Plan.Digest, []int{1}, o.now)
		})
		o.mustFreezePlan(t, r.ID, 2, 1)
	}}
	_, err := o.Approve(t.Context(), o.on(r, "op", first))
	if got := o.mustGet(t, r.ID); outcome(err) != reset.ErrOtherPlan.Error() || got.Terms.Approvals != 1 || got.Terms.Confirm != 0 || len(got.Approved) != 0 {
		t.Errorf("%v, %+v", err, got.Terms)
	}
}

// A wish to lift the freeze that came while people were asked about is asked about, too.
func TestDesk_Thaw_meanwhile(t *testing.T) {
	for name, left := range map[string]bool{"another's": false, "of one who left": true} {
		o := mustOpenOffice(t)
		o.mustFreeze(t)
		o.Freezes = &overtaken{Term: o.term, meanwhile: func() {
			if _, lifted, err := o.Thaw(t.Context(), o.intent("meanwhile", first)); lifted || err != nil {
				t.Errorf("%s: %t, %v", name, lifted, err)
			}
			p := o.people[first]
			p.Deleted = left
			o.people[first] = p
		}}
		if _, lifted, err := o.Thaw(t.Context(), o.intent("op", second)); err != nil || lifted == left {
			t.Errorf("%s: lifted %t, %v", name, lifted, err)
		}
	}
}

// Requests that have moved on, or are paused for another cause, are left as they are, and
// that is no failure; one that cannot be changed is.
func TestDesk_Reconcile(t *testing.T) {
	o := mustOpenOffice(t)
	running, done := o.mustRunning(t), o.mustRunning(t)
	stale := *done // as listed
	o.mustMove(t, done.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel(requester, o.now) })
	paused := o.mustMove(t, o.mustRunning(t).ID, func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseApprover, first, "", o.now)
	})
	rec := &listed{Term: o.term, of: func(q reset.Query) []*reset.Request {
		if q.States[0] == reset.Paused {
			return []*reset.Request{paused, &stale, o.mustGet(t, running.ID)}
		}
		return []*reset.Request{&stale, running}
	}}
	o.Record = rec
	for _, step := range []struct {
		frozen bool
		then   reset.State
	}{{true, reset.Paused}, {false, reset.Running}} {
		_, err := o.term.Freeze(t.Context(), "", func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
			if step.frozen {
				return &reset.Freeze{By: first, At: o.now}, nil, nil
			}
			return nil, nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Reconcile(t.Context()); err != nil {
			t.Errorf("frozen %t: %v", step.frozen, err)
		}
		if got := o.mustGet(t, running.ID).State; got != step.then {
			t.Errorf("frozen %t: it is %s", step.frozen, got)
		}
		if got := o.mustGet(t, paused.ID); got.State != reset.Paused || got.Pause.Cause != reset.CauseApprover {
			t.Errorf("frozen %t: what an approver paused is %s, %+v", step.frozen, got.State, got.Pause)
		}
	}
	o.Record = &flaky{Term: o.term, id: paused.ID, left: 1}
	if err := o.Reconcile(t.Context()); err == nil {
		t.Error("a request that could not be changed is no failure")
	}
}
