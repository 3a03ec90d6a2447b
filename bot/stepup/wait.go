package stepup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// wait is a challenge whose answer is waited for.
type wait struct {
	*Verifier
	ask       Ask
	user      *policy.OktaAccount
	device    okta.Device
	challenge okta.Challenge
	until     time.Time    // an answer that is read later counts nothing
	proof     reset.StepUp // but for its time
	gone      bool         // nobody sees the modal any more
}

// run reads the answer until there is one, or it is too late for one.
func (w *wait) run(ctx context.Context) (Stage, error) {
	w.shows(ctx)
	for next := firstLook; ; next = lookEvery {
		if err := sleep(ctx, min(next, w.left())); err != nil {
			return Stage{}, err
		}
		result, err := w.look(ctx)
		switch {
		case ctx.Err() != nil:
			return Stage{}, ctx.Err()
		case result == okta.PushRejected:
			return w.refused(ctx)
		case w.left() <= 0 || result == okta.PushTimeout: // a SUCCESS that was read too late, too
			return Stage{State: TimedOut}, nil
		case result == okta.PushSuccess:
			w.proof.At = w.Now()
			return w.act(ctx, w.ask, &w.proof)
		case err != nil && okta.IsKind(err, okta.KindNotFound, okta.KindForbidden, okta.KindScope, okta.KindInvalid):
			return Stage{}, oktaTrouble(err)
		case err != nil:
			w.Log.Warn("the answer of a challenge could not be read yet", "user", w.ask.Intent.By, "error", err.Error())
		}
		w.shows(ctx)
	}
}

// look reads once what has come of the challenge.
func (w *wait) look(ctx context.Context) (okta.PushResult, error) {
	short, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	return w.Okta.Answer(short, string(w.user.ID), w.device.FactorID, w.challenge.Transaction)
}

// left is how long the push is good for, by the wall clock: a machine that slept has
// let it expire.
func (w *wait) left() time.Duration { return w.until.Round(0).Sub(w.Now().Round(0)) }

// shows brings the modal up to date, while somebody sees it.
func (w *wait) shows(ctx context.Context) {
	if !w.gone {
		w.gone = w.show(ctx, w.ask, Stage{State: Waiting, Number: w.challenge.Number, Device: w.device.Name, Left: w.left()})
	}
}

// refused follows a push that was refused: somebody else has pressed, or shows the owner
// numbers to choose. The account decides nothing for an hour, what it has approved falls,
// what runs by it is paused, and people are told.
func (w *wait) refused(ctx context.Context) (Stage, error) {
	in := w.ask.Intent
	w.Log.Warn("a push was refused in Okta Verify", "user", in.By, "request", in.Request, "okta", w.user.ID)
	f := reset.PushRefused(in.By, w.proof, in.Request, w.user.Login, w.Now())
	if err := w.persist(ctx, func() error { return w.Registry.refuse(ctx, in.By, f) }); err != nil {
		return Stage{}, err
	}
	if err := w.persist(ctx, func() error { return w.distrust(ctx, in.By, w.user.ID) }); err != nil {
		return Stage{}, err
	}
	if w.Tell != nil {
		w.Tell(ctx, in.By, in.Request)
	}
	return Stage{State: Refused}, nil
}

// persist tries until it succeeds or the program ends: what protects must take place.
func (v *Verifier) persist(ctx context.Context, do func() error) error {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := do()
		if err == nil || errors.Is(err, reset.ErrLost) {
			return err
		}
		v.Log.Error("what follows a refused push has not taken place yet", "error", err.Error(), "retry_in", pause.String())
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// distrust lets an account's approvals fall, and pauses what runs by them.
func (v *Verifier) distrust(ctx context.Context, p reset.Person, user reset.UserID) error {
	states := []reset.State{reset.Pending, reset.Approved, reset.Running, reset.Paused}
	var failed error
	for r, err := range v.Record.Requests(ctx, reset.Query{States: states}) {
		if err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		_, err := v.Record.Update(ctx, r.ID, "", false, func(r *reset.Request) ([]reset.Fact, error) { return r.Distrust(p, user, v.Now()) })
		if err != nil { // the others do not wait for it
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.ID, err))
		}
	}
	return failed
}

func sleep(ctx context.Context, d time.Duration) error {
	waiting, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-waiting.Done()
	return ctx.Err()
}
