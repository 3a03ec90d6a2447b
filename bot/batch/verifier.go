package batch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

const (
	// listFew and listShare bound for how many users factors are listed where
	// the log does not tell of their reset: the larger of both.
	listFew   = 50
	listShare = 0.05
	// proveEvery is the time between two looks at what the log tells of while a batch
	// runs: the log is read as often. A look that takes long is repeated the less often.
	proveEvery = 5 * time.Second
	proveShare = 20
	// retakenMost is how often a reset that visibly did not take goes again. Where one
	// call of a hundred does nothing, one user of ten thousand meets two such calls.
	retakenMost = 2
)

// verifier reads back what was done: the factors of each user of a small request, else
// the System Log, and the factors of the few that it does not tell of. It records a proof,
// or a doubt where a reset did not take; that doubt is the settler's.
type verifier struct{ *job }

// readsLog reports whether the request is read back from the System Log.
func (v *verifier) readsLog() bool {
	return v.Rules().Verify == "log" && v.head.Plan.Resets > policy.Few
}

// run reads back every reset that is not proved yet.
func (v *verifier) run() error {
	if v.Rules().Verify == "off" {
		return nil
	}
	u, err := v.unproved()
	if err != nil || len(u.rows) == 0 {
		return err
	}
	if v.readsLog() {
		if err := v.awaitLog(u); err != nil {
			return err
		}
		if len(u.rows) > max(listFew, int(listShare*float64(v.head.Rows))) {
			// too many to list: nothing shows whether they took, but for those that did not once
			u.rows, err = v.prove(u.rows, func(t reset.Target, p reset.Progress) (reset.Entry, bool) {
				return proof(t, p, reset.ProofNone), p.Retaken == 0
			})
			if err != nil {
				return err
			}
		}
	}
	var targets []reset.Target
	for t, err := range v.targets.rows(v.control.starting, u.rows) {
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	runEach(v.control.starting, slices.Values(targets), func() int { return v.Pace.Concurrency }, v.checkFactors)
	return nil
}

// proveMeanwhile records, while the batch runs, the proof of resets that the System
// Log already tells of: an affected user is told once their reset is proved, and the
// sooner one answers that it wasn't them, the more of the others a pause can spare.
// The function that it returns ends this and waits. Resets that the log does not tell of
// are left to the read-back at the end.
func (v *verifier) proveMeanwhile() (stop func()) {
	if !v.scope.TellUsers || !v.readsLog() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(v.control.starting)
	var proving sync.WaitGroup
	proving.Go(func() {
		for wait := proveEvery; ctx.Err() == nil; {
			pauseFor(ctx, wait)
			began := time.Now()
			if err := v.proveTold(ctx); err != nil && ctx.Err() == nil {
				v.Log.Warn("resets cannot be proved while the batch runs", "request", v.head.ID, "err", err)
			}
			wait = max(proveEvery, proveShare*time.Since(began)) // a long plan takes time to read
		}
	})
	return func() { cancel(); proving.Wait() }
}

// proveTold records the proof of those that the log tells of by now. Their outcomes are
// durable: a proof repeats an outcome, and never comes before it.
func (v *verifier) proveTold(ctx context.Context) error {
	u, err := v.unproved()
	if err != nil || len(u.rows) == 0 || ctx.Err() != nil {
		return err
	}
	_, err = v.provenByLog(u.rows, false)
	return err
}

// unproved are targets that were reset and not yet read back: the rows alone,
// because there may be a hundred thousand.
type unproved struct {
	rows   []int
	oldest time.Time // by Okta's clock, since when the log may tell of them
	last   time.Time // when the last of them was done
}

func (v *verifier) unproved() (*unproved, error) {
	u := &unproved{}
	for t, err := range v.targets.from(v.control.starting, 1) {
		if err != nil {
			return nil, err
		}
		p := v.progress.row(t.Row)
		if p.Outcome != reset.OutcomeReset || p.Proof != "" || p.Sent == nil {
			continue
		}
		u.rows = append(u.rows, t.Row)
		if at := v.scope.actedAt(p); u.oldest.IsZero() || at.Before(u.oldest) {
			u.oldest = at
		}
		if p.FinishedAt.After(u.last) {
			u.last = p.FinishedAt
		}
	}
	return u, nil
}

// awaitLog marks what the System Log tells of, for as long as it may lag, and leaves the rest.
func (v *verifier) awaitLog(u *unproved) error {
	reader := v.logView.reader
	release := reader.Follow(u.oldest)
	defer release()
	for !v.control.Stopped() {
		over := v.clocks.elapsed(u.last) > v.Pace.LogLag
		if err := reader.CatchUp(v.control.starting, u.oldest); err != nil {
			v.Log.Warn("the System Log cannot be read", "request", v.head.ID, "err", err)
		}
		var err error
		if u.rows, err = v.provenByLog(u.rows, over); err != nil || len(u.rows) == 0 || over {
			return err
		}
		pauseFor(v.control.starting, settleEvery)
	}
	return context.Cause(v.control.starting)
}

// provenByLog records the proof of those that the log tells of and returns the others,
// and those of which it may tell more, unless its time is over. Where a call visibly
// did not take once, the log alone is no proof: the factors are listed.
func (v *verifier) provenByLog(rows []int, over bool) (rest []int, err error) {
	return v.prove(rows, func(t reset.Target, p reset.Progress) (e reset.Entry, told bool) {
		acted := v.scope.actedAt(p)
		removed, final := v.logView.removed(v.scope, t, acted)
		e = proof(t, p, reset.ProofLog)
		e.Factors = removed
		return e, p.Retaken == 0 && v.logView.reader.Tells(t.User, acted) && (final || over)
	})
}

// prove records the proof that judge has for each of the rows, and returns those for which
// it has none.
func (v *verifier) prove(rows []int, judge func(reset.Target, reset.Progress) (reset.Entry, bool)) (rest []int, err error) {
	proofs := &entries{progress: v.progress}
	for t, err := range v.targets.rows(v.control.starting, rows) {
		if err != nil {
			return nil, err
		}
		e, proved := judge(t, v.progress.row(t.Row))
		if !proved {
			rest = append(rest, t.Row)
			continue
		}
		if err := proofs.add(e); err != nil {
			return nil, err
		}
	}
	return rest, proofs.flush()
}

// proof repeats a target's outcome with what was read back. The user's note stays as it was.
func proof(t reset.Target, p reset.Progress, by reset.Proof) reset.Entry {
	return reset.Entry{
		Kind: reset.EntryOutcome, At: time.Now(), Step: resetOf(t),
		Outcome: p.Outcome, Reason: p.Reason, Detail: p.Detail, Proof: by,
	}
}

// checkFactors reads a user's factors back. One that is older than the call shows that
// the reset did not take: it is in doubt again, and in the end it failed. In
// doubt is also, once, what neither the log nor the list shows any trace of.
func (v *verifier) checkFactors(t reset.Target) {
	p := v.progress.row(t.Row)
	if p.Retaken > 0 {
		pauseFor(v.control.starting, v.Pace.SettleAfter-v.clocks.elapsed(p.FinishedAt))
	}
	ctx := v.inLane(v.control.starting)
	if t.Read {
		ctx = okta.WithLane(ctx, okta.Urgent)
	}
	factors, err := v.Okta.Factors(ctx, string(t.User))
	switch {
	case v.control.Stopped():
	case err != nil:
		v.Log.Warn("factors cannot be read back", "request", v.head.ID, "row", t.Row, "err", err)
		v.progress.write(proof(t, p, reset.ProofNone))
	case !v.scope.remains(factors, p.Listed, v.clocks.firstCall(p), v.clocks.since(*p.Sent)):
		e := v.cleared(t, p, factors)
		if e.Proof == reset.ProofNone && v.traceless(factors, p) {
			e = inDoubtAgain(p, "neither the System Log nor the user's factors show that it took")
		}
		v.progress.write(e)
	case p.Retaken < retakenMost:
		v.progress.write(inDoubtAgain(p, "an older factor is still listed"))
	default:
		e := proof(t, p, reset.ProofNone)
		e.Touched = true
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, fmt.Sprintf("Okta answered %s times that it was done, and an older factor is still listed", reset.Count(p.Retaken+1))
		v.progress.write(e)
	}
}

// inDoubtAgain says that a step that Okta answered did not take.
func inDoubtAgain(p reset.Progress, why string) reset.Entry {
	return reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &p.Sent.Step, Detail: why}
}

// traceless reports whether a reset that nothing proves may go again, once: the log
// had its time and did not tell of it, and nothing was enrolled that it could take.
func (v *verifier) traceless(listed []okta.Factor, p reset.Progress) bool {
	if p.Retaken > 0 || len(listed) == 0 || !v.readsLog() || !v.logView.covers(*p.Sent) {
		return false
	}
	return !slices.ContainsFunc(listed, func(f okta.Factor) bool { return f.Created.After(v.clocks.since(*p.Sent)) })
}

// cleared returns the proof that no older factor is listed. That shows little if none was
// listed before, or if only what may outlive a reset is listed now and nothing is known to
// have gone: then nothing is proven.
func (v *verifier) cleared(t reset.Target, p reset.Progress, left []okta.Factor) reset.Entry {
	e := proof(t, p, reset.ProofFactors)
	if acted := v.scope.actedAt(p); v.readsLog() && v.logView.reader.Tells(t.User, acted) {
		e.Proof = reset.ProofLog
		e.Factors, _ = v.logView.removed(v.scope, t, acted)
		return e
	}
	if t.Read && len(t.Factors) == 0 {
		e.Proof = reset.ProofNone
	}
	if v.scope.some() { // each deleted factor was named when it went
		return e
	}
	var kept []string
	for _, f := range left {
		if !f.Created.After(v.clocks.since(*p.Sent)) {
			kept = append(kept, f.Type)
		}
	}
	for _, f := range t.Factors {
		if !slices.Contains(kept, f) {
			e.Factors = append(e.Factors, f)
		}
	}
	if len(kept) > 0 && len(e.Factors) == 0 {
		e.Proof = reset.ProofNone
	}
	return e
}
