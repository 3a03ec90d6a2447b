package desk

import (
	"context"
	"errors"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Freeze stops everything: no request is opened, approved, started or resumed,
// no step begins, and each running request is paused. Any approver may.
func (d *Desk) Freeze(ctx context.Context, in Intent) (reset.Freeze, error) {
	p, err := d.person(ctx, in)
	if err != nil {
		return reset.Freeze{}, err
	}
	if err := d.Rules().MayFreeze(p); err != nil {
		return reset.Freeze{}, err
	}
	d.braking.Lock()
	defer d.braking.Unlock()
	f, err := d.Brake.Freeze(ctx, in.Op, func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		if f != nil {
			return nil, nil, ErrFrozenAlready
		}
		f = &reset.Freeze{By: in.By, At: d.Now(), Why: in.Why}
		return f, []reset.Fact{f.FrozenFact()}, nil
	})
	if err != nil {
		return reset.Freeze{}, fmt.Errorf("freeze: %w", err)
	}
	if f == nil { // the same click again, and it is lifted meanwhile
		return reset.Freeze{}, ErrNotFrozen
	}
	return *f, d.pauseAll(ctx, f)
}

// Thaw counts an approver's wish to lift the freeze. The second different
// person's lifts it, and every pause whose cause it is; where only one approver
// is configured, the first. Earlier wishes of people who are not approvers any
// more fall away. The freeze returned is the one that stands, or was lifted.
func (d *Desk) Thaw(ctx context.Context, in Intent) (reset.Freeze, bool, error) {
	p, err := d.person(ctx, in)
	if err != nil {
		return reset.Freeze{}, false, err
	}
	rules := d.Rules()
	if err := rules.MayFreeze(p); err != nil {
		return reset.Freeze{}, false, err
	}
	d.braking.Lock()
	defer d.braking.Unlock()
	stand, err := d.thawers(ctx, p)
	if err != nil {
		return reset.Freeze{}, false, err
	}
	var last reset.Freeze
	f, err := d.Brake.Freeze(ctx, in.Op, func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		switch {
		case d.stale(in):
			return nil, nil, ErrStale
		case f == nil:
			return nil, nil, ErrNotFrozen
		case stand.same:
			return nil, nil, reset.ErrAlreadyCounted
		}
		f.Thaws = stand.of(f.Thaws)
		v := rules.Voice(p, reset.Terms{}, "")
		lifted, err := f.Thaw(v, stand.configured, d.Now())
		if err != nil {
			return nil, nil, err
		}
		last = *f
		facts := []reset.Fact{f.ThawedFact(v, lifted, d.Now())}
		if lifted {
			return nil, facts, nil
		}
		return f, facts, nil
	})
	if err != nil {
		return reset.Freeze{}, false, fmt.Errorf("thaw: %w", err)
	}
	if f != nil {
		return *f, false, nil
	}
	return last, true, d.liftAll(ctx, in.By)
}

// thawers are those whose wishes to lift the freeze hold.
type thawers struct {
	configured int                   // how many approvers there are
	hold       map[reset.Person]bool // of the earlier wishes
	same       bool                  // one of them is of the same person, by whatever account
}

func (t thawers) of(voices []reset.Voice) (kept []reset.Voice) {
	for _, v := range voices {
		if t.hold[v.By] {
			kept = append(kept, v)
		}
	}
	return kept
}

// thawers asks again about everybody who wants the freeze lifted already.
func (d *Desk) thawers(ctx context.Context, p policy.Person) (thawers, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	t := thawers{configured: 2, hold: map[reset.Person]bool{}}
	f, err := d.Brake.Frozen(ctx)
	if err != nil || f == nil {
		return t, err
	}
	var ids []reset.Person
	for _, v := range f.Thaws {
		ids = append(ids, v.By)
	}
	all, err := d.known(ctx, ids...)
	if err != nil {
		return t, err
	}
	for _, earlier := range all {
		t.hold[earlier.ID] = d.Rules().IsApprover(earlier)
		t.same = t.same || earlier.Same(p)
	}
	if all, err := d.People.Approvers(ctx); err == nil && d.Rules().OneApprover(all) {
		t.configured = 1
	}
	return t, nil
}

// Reconcile makes the requests agree with the freeze: after a crash in the
// middle of freezing or thawing many, at each start, what was left over is done.
func (d *Desk) Reconcile(ctx context.Context) error {
	d.braking.Lock()
	defer d.braking.Unlock()
	f, err := d.Brake.Frozen(ctx)
	if err != nil {
		return fmt.Errorf("read the freeze: %w", err)
	}
	if f != nil {
		return d.pauseAll(ctx, f)
	}
	return d.liftAll(ctx, "")
}

// pauseAll pauses what runs. What starts or goes on after the freeze was
// committed does not: each of these is conditional on its absence.
func (d *Desk) pauseAll(ctx context.Context, f *reset.Freeze) error {
	return d.each(ctx, reset.Running, false, func(r *reset.Request) (reset.Fact, error) {
		if r.State != reset.Running {
			return reset.Fact{}, &reset.TransitionError{ID: r.ID, Move: reset.MovePause, Found: r.State}
		}
		return r.Halt(reset.CauseFreeze, f.By, f.Why, d.Now())
	})
}

// liftAll lifts every pause whose cause is the freeze.
func (d *Desk) liftAll(ctx context.Context, by reset.Person) error {
	return d.each(ctx, reset.Paused, true, func(r *reset.Request) (reset.Fact, error) { return r.Thawed(by, d.Now()) })
}

// each moves all requests in a state. Those that are elsewhere by now, or paused for another cause, stay as they are.
func (d *Desk) each(ctx context.Context, s reset.State, unlessFrozen bool, move func(*reset.Request) (reset.Fact, error)) error {
	var ids []reset.ID
	for r, err := range d.Record.Requests(ctx, reset.Query{States: []reset.State{s}}) {
		if err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		_, err := d.Record.Update(ctx, id, "", unlessFrozen, func(r *reset.Request) ([]reset.Fact, error) { return one(move(r)) })
		var moved *reset.TransitionError
		if err != nil && !errors.As(err, &moved) && !errors.Is(err, reset.ErrNotTheirs) {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}
