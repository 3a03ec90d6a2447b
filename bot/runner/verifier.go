package runner

import (
	"context"
	"fmt"
	"iter"
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
	// proveEvery is the time between two looks at what the log tells of while a batch
	// runs: the log is read as often. A look that takes long is repeated the less often.
	proveEvery = 5 * time.Second
	proveShare = 20
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
	u, err := b.unproved()
	if err != nil || len(u.rows) == 0 {
		return err
	}
	if b.reads(b.head) {
		if err := b.awaitLog(u); err != nil {
			return err
		}
		if len(u.rows) > max(listFew, int(listShare*float64(b.head.Rows))) {
			retaken := func(row int) bool { return b.row(row).Retaken > 0 }
			others := &unproved{rows: slices.DeleteFunc(slices.Clone(u.rows), retaken)}
			if err := b.unproven(others); err != nil {
				return err
			}
			u.rows = slices.DeleteFunc(u.rows, func(row int) bool { return !retaken(row) })
		}
	}
	var targets []reset.Target
	for t, err := range b.targetsOf(u.rows) {
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	newCrew(b.taking, b.Pace.Concurrency).work(b.shift(&targets), b.list)
	return nil
}

// proveMeanwhile records, while the batch runs, the proof of resets that the System
// Log already tells of: an affected user is told once their reset is proved, and the
// sooner one answers that it wasn't them, the more of the others a pause can spare.
// The function that it returns ends this and waits. Whom the log does not tell of is
// left to the read-back at the end.
func (b *batch) proveMeanwhile() (stop func()) {
	if !b.head.Asked.Options.TellUsers || !b.reads(b.head) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(b.taking)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for wait := proveEvery; ctx.Err() == nil; {
			pauseFor(ctx, wait)
			began := time.Now()
			if err := b.proveTold(ctx); err != nil && ctx.Err() == nil {
				b.Log.Warn("resets cannot be proved while the batch runs", "request", b.id, "err", err)
			}
			wait = max(proveEvery, proveShare*time.Since(began)) // a long plan takes time to read
		}
	}()
	return func() { cancel(); <-done }
}

// proveTold records the proof of those whom the log tells of by now. Their outcomes
// are recorded before: a proof repeats an outcome, and never comes before it.
func (b *batch) proveTold(ctx context.Context) error {
	u, err := b.unproved()
	if err != nil || len(u.rows) == 0 || ctx.Err() != nil {
		return err
	}
	if err := b.out.flush(); err != nil {
		return err
	}
	_, err = b.toldOf(u.rows, false)
	return err
}

// unproved are targets that were reset and not yet read back: the rows alone,
// because there may be a hundred thousand.
type unproved struct {
	rows   []int
	oldest time.Time // by Okta's clock, since when the log may tell of them
	last   time.Time // when the last of them was done
}

func (b *batch) unproved() (*unproved, error) {
	u := &unproved{}
	for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		p := b.row(t.Row)
		if p.Outcome != reset.OutcomeReset || p.Proof != "" || p.Sent == nil {
			continue
		}
		u.rows = append(u.rows, t.Row)
		if at := b.actedAt(p); u.oldest.IsZero() || at.Before(u.oldest) {
			u.oldest = at
		}
		if p.FinishedAt.After(u.last) {
			u.last = p.FinishedAt
		}
	}
	return u, nil
}

// targetsOf streams the targets of some rows, which are in order.
func (b *batch) targetsOf(rows []int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		if len(rows) == 0 {
			return
		}
		left := rows
		for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, rows[0]) {
			if err != nil {
				yield(t, fmt.Errorf("read the plan of %s: %w", b.id, err))
				return
			}
			if t.Row != left[0] {
				continue
			}
			if left = left[1:]; !yield(t, nil) || len(left) == 0 {
				return
			}
		}
	}
}

// awaitLog marks what the System Log tells of, for as long as it may lag, and leaves the rest.
func (b *batch) awaitLog(u *unproved) error {
	release := b.log.Follow(u.oldest)
	defer release()
	for b.taking.Err() == nil {
		over := b.elapsed(u.last) > b.Pace.LogLag
		if err := b.log.CatchUp(b.taking, u.oldest); err != nil {
			b.Log.Warn("the System Log cannot be read", "request", b.id, "err", err)
		}
		var err error
		if u.rows, err = b.toldOf(u.rows, over); err != nil || len(u.rows) == 0 || over {
			return err
		}
		pauseFor(b.taking, settleEvery)
	}
	return context.Cause(b.taking)
}

// toldOf records the proof of those that the log tells of and returns the others,
// and those of whom it may tell more, unless its time is over. Where a call visibly
// did not take once, the log alone is no proof: the factors are listed.
func (b *batch) toldOf(rows []int, over bool) (rest []int, err error) {
	out := b.proofs()
	for t, err := range b.targetsOf(rows) {
		if err != nil {
			return nil, err
		}
		p := b.row(t.Row)
		removed, final := b.gone(t, b.actedAt(p))
		if p.Retaken > 0 || !b.log.Tells(t.User, b.actedAt(p)) || !final && !over {
			rest = append(rest, t.Row)
			continue
		}
		e := proof(t, p, reset.ProofLog)
		e.Factors = removed
		if err := out.add(e); err != nil {
			return nil, err
		}
	}
	return rest, out.flush()
}

// proofs records what was read back, some at a time.
func (b *batch) proofs() *proofs { return &proofs{batch: b} }

type proofs struct {
	*batch
	some []reset.Entry
}

func (p *proofs) add(e reset.Entry) error {
	if p.some = append(p.some, e); len(p.some) < appendMost {
		return nil
	}
	return p.flush()
}

func (p *proofs) flush() error {
	if len(p.some) == 0 {
		return nil
	}
	some := p.some
	p.some = p.some[:0]
	return p.append(some...)
}

// gone returns the types of the factors that went with a reset since a moment of
// Okta's clock, by the log, or by the plan where the log names none; none where each
// was named when it was deleted. Not final: the log may tell of more.
func (b *batch) gone(t reset.Target, since time.Time) (types []string, final bool) {
	if len(b.head.Asked.Options.Factors) > 0 {
		return nil, true
	}
	types, final = b.log.Removed(t.User, since)
	if len(types) == 0 {
		types = slices.Compact(slices.Sorted(slices.Values(t.Factors)))
	}
	return types, final
}

// unproven records that nothing shows whether these resets took.
func (b *batch) unproven(u *unproved) error {
	out := b.proofs()
	for t, err := range b.targetsOf(u.rows) {
		if err != nil {
			return err
		}
		if err := out.add(proof(t, b.row(t.Row), reset.ProofNone)); err != nil {
			return err
		}
	}
	return out.flush()
}

// proof repeats a target's outcome with what was read back. The user's note stays as it was.
func proof(t reset.Target, p reset.Progress, by reset.Proof) reset.Entry {
	return reset.Entry{
		Kind: reset.EntryOutcome, At: time.Now(), Step: stepOf(t),
		Outcome: p.Outcome, Reason: p.Reason, Detail: p.Detail, Proof: by,
	}
}

// retakenMost is how often a reset that visibly did not take goes again. Where one
// call of a hundred does nothing, one user of ten thousand meets two such calls.
const retakenMost = 2

// list reads a user's factors back. One that is older than the call shows that
// the reset did not take: it is in doubt again, and in the end it failed. In
// doubt is also, once, what neither the log nor the list shows any trace of.
func (b *batch) list(t reset.Target) {
	p := b.row(t.Row)
	if p.Retaken > 0 {
		pauseFor(b.taking, b.Pace.SettleAfter-b.elapsed(p.FinishedAt))
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
	case p.Retaken < retakenMost:
		b.write(reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &p.Sent.Step, Detail: "an older factor is still listed"})
	default:
		e := proof(t, p, reset.ProofNone)
		e.Touched = true
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, fmt.Sprintf("Okta answered %s times that it was done, and an older factor is still listed", reset.Count(p.Retaken+1))
		b.write(e)
	}
}

// traceless reports whether a reset that nothing proves may go again, once: the log
// had its time and did not tell of it, and nothing was enrolled that it could take.
func (b *batch) traceless(listed []okta.Factor, p reset.Progress) bool {
	if p.Retaken > 0 || len(listed) == 0 || !b.reads(b.head) || !b.logOver(*p.Sent) {
		return false
	}
	return !slices.ContainsFunc(listed, func(f okta.Factor) bool { return f.Created.After(b.since(*p.Sent)) })
}

// cleared tells that no older factor is listed. That shows little of a user of whom
// none was listed before, or of whom only what may outlive a reset is listed now
// and nothing is known to have gone: then nothing is proven.
func (b *batch) cleared(t reset.Target, p reset.Progress, left []okta.Factor) reset.Entry {
	e := proof(t, p, reset.ProofFactors)
	if b.reads(b.head) && b.log.Tells(t.User, b.actedAt(p)) {
		e.Proof = reset.ProofLog
		e.Factors, _ = b.gone(t, b.actedAt(p))
		return e
	}
	if t.Read && len(t.Factors) == 0 {
		e.Proof = reset.ProofNone
	}
	if len(b.head.Asked.Options.Factors) > 0 { // each deleted factor was named when it went
		return e
	}
	var kept []string
	for _, f := range left {
		if !f.Created.After(b.since(*p.Sent)) {
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
