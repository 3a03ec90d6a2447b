package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Freeze stops everything: no request is opened, approved, started or resumed,
// no step begins, and each running request is paused. Any approver may. The
// freeze holds from its commit on; a pause that fails after it is made good by
// [Desk.Run].
func (d *Desk) Freeze(ctx context.Context, in Intent) (reset.Freeze, error) {
	if _, err := d.bySlack(ctx, in, d.Rules().MayFreeze); err != nil {
		return reset.Freeze{}, err
	}
	f, err := d.Freezes.Freeze(ctx, in.Op, func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
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
	d.follow(ctx, in.By)
	return *f, nil
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
	if err := rules.MayThaw(p); err != nil {
		return reset.Freeze{}, false, err
	}
	stand, err := d.thawVotes(ctx, p)
	if err != nil {
		return reset.Freeze{}, false, err
	}
	var last reset.Freeze
	f, err := d.Freezes.Freeze(ctx, in.Op, func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		late := d.late(in)
		switch {
		case late != nil:
			return nil, nil, late
		case f == nil:
			return nil, nil, ErrNotFrozen
		case stand.same:
			return nil, nil, reset.ErrAlreadyCounted
		case !stand.fits(f):
			return nil, nil, errMeanwhile
		}
		f.Thaws = slices.DeleteFunc(f.Thaws, func(v reset.Decision) bool { return !stand.hold[v.By] })
		v := rules.NewDecision(p, reset.Terms{}, "")
		v.StepUp = in.Proof
		lifted, err := f.Thaw(v, stand.configured, d.Now())
		if err == nil {
			err = d.confirmed(in, p, "", f.ThawSubject())
		}
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
	switch {
	case errors.Is(err, errMeanwhile): // somebody else's wish came between: they are asked about, too
		return d.Thaw(ctx, in)
	case err != nil:
		return reset.Freeze{}, false, fmt.Errorf("thaw: %w", err)
	case f != nil:
		return *f, false, nil
	}
	d.follow(ctx, in.By)
	return last, true, nil
}

// follow makes the requests agree with the freeze. What fails is left to [Desk.Run].
func (d *Desk) follow(ctx context.Context, by reset.Person) {
	if err := d.agree(ctx, by); err != nil {
		select {
		case d.left() <- err:
		default: // Run knows already
		}
	}
}

func (d *Desk) left() chan error {
	d.once.Do(func() { d.behind = make(chan error, 1) })
	return d.behind
}

// Run makes good what a freeze or a thaw has left undone, until ctx is done.
func (d *Desk) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.left():
			for wait := time.Second; err != nil; wait = min(2*wait, time.Minute) {
				d.Log.Error("a freeze or its end has not reached every request yet", "error", err, "retry_in", wait.String())
				waiting, stop := context.WithTimeout(ctx, wait)
				<-waiting.Done()
				if stop(); ctx.Err() != nil {
					return nil
				}
				err = d.Reconcile(ctx)
			}
		}
	}
}

// thawVotes are the wishes to lift the freeze that hold.
type thawVotes struct {
	configured int                   // how many approvers there are
	hold       map[reset.Person]bool // of the earlier wishes
	same       bool                  // one of them is of the same person, by whatever account
	asked      []reset.Person        // whose wishes these are
}

// fits reports whether the freeze has the wishes that were asked about, and no others.
func (t thawVotes) fits(f *reset.Freeze) bool {
	return slices.EqualFunc(t.asked, f.Thaws, func(p reset.Person, v reset.Decision) bool { return p == v.By })
}

// thawVotes asks again about everybody who wants the freeze lifted already.
func (d *Desk) thawVotes(ctx context.Context, p policy.Person) (thawVotes, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	t := thawVotes{configured: 2, hold: map[reset.Person]bool{}}
	f, err := d.Freezes.Frozen(ctx)
	if err != nil || f == nil {
		return t, err
	}
	for _, v := range f.Thaws {
		t.asked = append(t.asked, v.By)
	}
	all, err := d.known(ctx, t.asked...)
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
func (d *Desk) Reconcile(ctx context.Context) error { return d.agree(ctx, "") }

func (d *Desk) agree(ctx context.Context, by reset.Person) error {
	d.reconciling.Lock()
	defer d.reconciling.Unlock()
	f, err := d.Freezes.Frozen(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the freeze: %w", err)
	case f == nil: // every pause whose cause was the freeze is lifted
		return d.each(ctx, reset.Paused, true, func(r *reset.Request) (reset.Fact, error) { return r.Thawed(by, d.Now()) })
	}
	// What starts or goes on after the freeze was committed is not paused here: each of
	// these is conditional on its absence.
	return d.each(ctx, reset.Running, false, func(r *reset.Request) (reset.Fact, error) {
		if r.State != reset.Running {
			return reset.Fact{}, &reset.TransitionError{ID: r.ID, Move: reset.MovePause, Found: r.State}
		}
		return r.PauseFor(reset.CauseFreeze, f.By, f.Why, d.Now())
	})
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
	var failed error
	for _, id := range ids {
		_, err := d.Record.Update(ctx, id, "", unlessFrozen, func(r *reset.Request) ([]reset.Fact, error) { return one(move(r)) })
		switch {
		case unlessFrozen && errors.Is(err, reset.ErrFrozen):
			return failed // frozen again: who did that goes on
		case err != nil && !is[*reset.TransitionError](err) && !errors.Is(err, reset.ErrNotTheirs):
			failed = errors.Join(failed, fmt.Errorf("%s: %w", id, err)) // the others do not wait for it
		}
	}
	return failed
}
