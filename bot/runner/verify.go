package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

const (
	// listFew and listShare bound for how many users factors are listed where
	// the log does not tell of their reset: the larger of both.
	listFew   = 50
	listShare = 0.05
	// appendMost is how many entries are recorded at once.
	appendMost = 100
)

// verify reads back what was done: the factors of each user of a small request,
// else the System Log, and the factors of the few that it does not tell of. A
// reset that did not take sends the request back to running.
func (d *driver) verify(ctx context.Context, r *reset.Request) error {
	b, end, err := d.open(ctx, r)
	if err != nil {
		return err
	}
	defer end()
	if err := b.readBack(); err != nil {
		return err
	}
	if err := b.out.flush(); err != nil {
		return err
	}
	if err := b.ended(); err != nil {
		return err
	}
	if len(b.doubtful()) > 0 {
		return d.move(ctx, false, (*reset.Request).Recheck)
	}
	totals, err := b.totals()
	if err != nil {
		return err
	}
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) { return r.Finish(totals, now) })
}

func (b *batch) readBack() error {
	if b.Rules().Verify == "off" {
		return nil
	}
	rows, err := b.unproved()
	if err != nil || len(rows) == 0 {
		return err
	}
	if b.reads(b.head) {
		if rows, err = b.awaitLog(rows); err != nil {
			return err
		}
		if len(rows) > max(listFew, int(listShare*float64(b.head.Rows))) {
			return b.unproven(rows)
		}
	}
	b.crew(b.Pace.Concurrency, b.shift(&rows), b.list)
	return nil
}

// unproved lists the targets that were reset and not yet read back.
func (b *batch) unproved() ([]reset.Target, error) {
	var rows []reset.Target
	for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		if p := b.row(t.Row); p.Outcome == reset.OutcomeReset && p.Proof == "" && p.Sent != nil {
			rows = append(rows, t)
		}
	}
	return rows, nil
}

// awaitLog marks what the System Log tells of, for as long as it may lag, and returns the rest.
func (b *batch) awaitLog(rows []reset.Target) ([]reset.Target, error) {
	var oldest, last time.Time
	for _, t := range rows {
		p := b.row(t.Row)
		if at := b.actedAt(p); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		if p.FinishedAt.After(last) {
			last = p.FinishedAt
		}
	}
	release := b.book.demand(oldest)
	defer release()
	for b.taking.Err() == nil {
		over := time.Since(last) > b.Pace.LogLag
		if err := b.book.catchUp(b.taking, oldest); err != nil {
			b.Log.Warn("the System Log cannot be read", "request", b.id, "err", err)
		}
		var err error
		if rows, err = b.toldOf(rows, over); err != nil || len(rows) == 0 || over {
			return rows, err
		}
		pauseFor(b.taking, settleEvery)
	}
	return rows, context.Cause(b.taking)
}

// toldOf records the proof of those that the log tells of and returns the others,
// and those of whom it may tell more, unless its time is over.
func (b *batch) toldOf(rows []reset.Target, over bool) (rest []reset.Target, err error) {
	var proofs []reset.Entry
	for _, t := range rows {
		p := b.row(t.Row)
		removed, final := b.gone(t, b.actedAt(p))
		if !b.book.ours(t.User, b.actedAt(p)) || !final && !over {
			rest = append(rest, t)
			continue
		}
		e := proof(t, p, reset.ProofLog)
		e.Factors = removed
		if proofs = append(proofs, e); len(proofs) == appendMost {
			if err := b.append(proofs...); err != nil {
				return nil, err
			}
			proofs = proofs[:0]
		}
	}
	if len(proofs) == 0 {
		return rest, nil
	}
	return rest, b.append(proofs...)
}

// gone returns the types of the factors that went with a reset since a moment of
// Okta's clock, by the log, or by the plan where the log names none; none where each
// was named when it was deleted. Not final: the log may tell of more.
func (b *batch) gone(t reset.Target, since time.Time) (types []string, final bool) {
	if len(b.head.Asked.Options.Factors) > 0 {
		return nil, true
	}
	types, final = b.book.removed(t.User, since)
	if len(types) == 0 {
		types = slices.Compact(slices.Sorted(slices.Values(t.Factors)))
	}
	return types, final
}

// unproven records that nothing shows whether these resets took.
func (b *batch) unproven(rows []reset.Target) error {
	for group := range slices.Chunk(rows, appendMost) {
		var entries []reset.Entry
		for _, t := range group {
			entries = append(entries, proof(t, b.row(t.Row), reset.ProofNone))
		}
		if err := b.append(entries...); err != nil {
			return err
		}
	}
	return nil
}

// proof repeats a target's outcome with what was read back. The user's note stays as it was.
func proof(t reset.Target, p reset.Progress, by reset.Proof) reset.Entry {
	return reset.Entry{
		Kind: reset.EntryOutcome, At: time.Now(), Step: stepOf(t),
		Outcome: p.Outcome, Reason: p.Reason, Detail: p.Detail, Proof: by,
	}
}

// list reads a user's factors back. One that is older than the call shows that
// the reset did not take: it is in doubt again, and the second time it failed. In
// doubt is also, once, what neither the log nor the list shows any trace of.
func (b *batch) list(t reset.Target) {
	p := b.row(t.Row)
	if p.Retaken > 0 {
		pauseFor(b.taking, b.Pace.SettleAfter-time.Since(p.FinishedAt))
	}
	lane := b.lane()
	if t.Read {
		lane = okta.Urgent
	}
	factors, err := b.Directory.Factors(okta.WithLane(b.taking, lane), string(t.User))
	switch {
	case b.taking.Err() != nil:
	case err != nil:
		b.Log.Warn("factors cannot be read back", "request", b.id, "row", t.Row, "err", err)
		b.write(proof(t, p, reset.ProofNone))
	case !b.remains(factors, p):
		e := b.cleared(t, p, factors)
		if e.Proof == reset.ProofNone && b.traceless(factors, p) {
			e = reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &p.Sent.Step, Detail: "neither the System Log nor the user's factors show that it took"}
		}
		b.write(e)
	case p.Retaken == 0:
		b.write(reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &p.Sent.Step, Detail: "an older factor is still listed"})
	default:
		e := proof(t, p, reset.ProofNone)
		e.Touched = true
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "Okta answered twice that it was done, and an older factor is still listed"
		b.write(e)
	}
}

// traceless reports whether a reset that nothing proves may go again, once: the log
// had its time and did not tell of it, and nothing was enrolled that it could take.
func (b *batch) traceless(listed []okta.Factor, p reset.Progress) bool {
	if p.Retaken > 0 || len(listed) == 0 || !b.reads(b.head) || b.book.until().Sub(p.FinishedAt) < b.Pace.LogLag {
		return false
	}
	return !slices.ContainsFunc(listed, func(f okta.Factor) bool { return f.Created.After(p.Sent.OktaAt) })
}

// cleared tells that no older factor is listed. That shows little of a user of whom
// none was listed before, or of whom only what may outlive a reset is listed now
// and nothing is known to have gone: then nothing is proven.
func (b *batch) cleared(t reset.Target, p reset.Progress, left []okta.Factor) reset.Entry {
	e := proof(t, p, reset.ProofFactors)
	if t.Read && len(t.Factors) == 0 {
		e.Proof = reset.ProofNone
	}
	if len(b.head.Asked.Options.Factors) > 0 { // each deleted factor was named when it went
		return e
	}
	var kept []string
	for _, f := range left {
		if !f.Created.After(p.Sent.OktaAt) {
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
