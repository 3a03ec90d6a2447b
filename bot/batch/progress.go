package batch

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"factorbot/bot/reset"
)

// appendMost is how many entries are recorded at once.
const appendMost = 100

// progress is what is known of each row of a request, and what is recorded of it. It is
// the one state that sender, settler and verifier share; it is safe for concurrent use.
//
// What came of a step is recorded first and known then. Who records it waits for both, and
// nobody else acts on that row meanwhile.
type progress struct {
	id      reset.ID
	record  Record
	log     *slog.Logger
	lasting context.Context // of what is recorded
	fail    func(error)     // ends the batch: its record cannot be written
	lastRow int             // of those that the waves let through; 0: all are

	mu       sync.Mutex
	ledger   *reset.Ledger
	broken   error                // the first of what could not be recorded
	targets  map[int]reset.Target // of the rows in doubt and of those claimed by others
	claimed  map[int]reset.ID     // rows whose user another request has claimed
	readings map[int]reading      // what was seen of rows in doubt
	listed   map[int][]string     // factors that were listed for a first call that is not recorded yet
}

// newProgress returns the progress of a request whose log is folded.
func newProgress(lasting context.Context, id reset.ID, record Record, ledger *reset.Ledger, fail func(error), log *slog.Logger) *progress {
	return &progress{
		id: id, record: record, log: log, lasting: lasting, fail: fail, ledger: ledger,
		targets: map[int]reset.Target{}, claimed: map[int]reset.ID{}, readings: map[int]reading{}, listed: map[int][]string{},
	}
}

// row returns what is known of the target of a row.
func (p *progress) row(row int) reset.Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.Row(row)
}

// leastAhead returns the least by which Okta's clock was ahead of ours at an attempt of a term.
func (p *progress) leastAhead(term int64) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.Ahead(term)
}

// began returns Okta's clock at the first attempt of all, zero before it.
func (p *progress) began() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.Began()
}

// isNew reports whether a target has neither an outcome nor a doubt.
func (p *progress) isNew(t reset.Target) bool {
	r := p.row(t.Row)
	return r.Outcome == "" && !r.InDoubt()
}

// doubtful returns the rows in doubt, in order, that the waves have let through.
func (p *progress) doubtful() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows := p.ledger.Doubtful()
	if p.lastRow == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(row int) bool { return row > p.lastRow })
}

// openSteps returns the steps that were started and of which nothing more is recorded, in the
// order of their rows.
func (p *progress) openSteps() (steps []reset.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, row := range p.ledger.Doubtful() {
		if open := p.ledger.Row(row).Open; !open.Doubt {
			steps = append(steps, open.Step)
		}
	}
	return steps
}

// unfinished returns the last steps of the targets that were started and have neither an
// outcome nor a doubt.
func (p *progress) unfinished() []reset.Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.Unfinished()
}

// claimedElsewhere returns the rows whose users other requests have claimed, with the requests.
func (p *progress) claimedElsewhere() map[int]reset.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.claimed)
}

// claim keeps that another request has claimed a target's user.
func (p *progress) claim(t reset.Target, by reset.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claimed[t.Row], p.targets[t.Row] = by, t
}

// unclaim forgets that another request has claimed the user of a row.
func (p *progress) unclaim(row int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.claimed, row)
}

// target returns the target of a row, if it was kept.
func (p *progress) target(row int) (t reset.Target, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, known = p.targets[row]
	return t, known
}

// remember keeps the target of a row in doubt until it has an outcome.
func (p *progress) remember(t reset.Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets[t.Row] = t
}

// noteListed keeps which factors a target's first call finds, until its record has them.
func (p *progress) noteListed(row int, ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed[row] = ids
}

// listedFor returns the factors that a target's first call has found.
func (p *progress) listedFor(row int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listed[row]
}

// start folds a started entry, which is durable.
func (p *progress) start(e reset.Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ledger.Apply(e)
	delete(p.listed, e.Step.Row)
}

// reading returns what the last reading of a user's factors showed.
func (p *progress) reading(row int) reading {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readings[row]
}

// noteReading keeps what a reading of a user's factors showed after some attempts.
func (p *progress) noteReading(row int, r reset.Progress, e evidence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readings[row] = reading{attempts: r.Attempts, doubts: r.Doubts, read: true, at: time.Now(), evidence: e}
}

// countFailedReading counts the readings of a user's factors that did not come.
func (p *progress) countFailedReading(row int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.readings[row]
	r.failed++
	p.readings[row] = r
	return r.failed
}

// append records entries, durably, and folds them.
func (p *progress) append(entries ...reset.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	err := p.record.Append(p.lasting, p.id, entries...)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("record what came of a step: %w", err)
		if p.broken == nil {
			p.broken = err
			p.fail(err)
		}
		return err
	}
	for _, e := range entries {
		p.ledger.Apply(e)
		if e.Kind == reset.EntryOutcome {
			delete(p.readings, e.Step.Row)
			delete(p.targets, e.Step.Row)
		}
	}
	return nil
}

// failure returns the first error of what could not be recorded.
func (p *progress) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

// write records what came of a step. If it cannot be recorded, the batch ends and the step
// is settled later.
func (p *progress) write(e reset.Entry) {
	if err := p.append(e); err != nil {
		p.log.Error("what came of a step is not recorded; it will be settled", "request", p.id, "row", e.Step.Row, "err", err)
	}
}

// finish records an outcome. Whatever it is, the user gets a note if a call before it may
// have taken effect.
func (p *progress) finish(e reset.Entry) {
	e.Kind, e.At, e.Touched = reset.EntryOutcome, time.Now(), e.Touched || p.row(e.Step.Row).Touched()
	p.write(e)
}

// reading is what a reading of a user's factors showed after some attempts.
type reading struct {
	attempts, doubts int
	read             bool
	failed           int       // readings that did not come
	at               time.Time // of the reading
	evidence
}

// of reports whether the reading was made after the last attempt.
func (r reading) of(p reset.Progress) bool {
	return r.read && r.attempts == p.Attempts && r.doubts == p.Doubts
}

// entries records entries some at a time.
type entries struct {
	progress *progress
	some     []reset.Entry
}

func (e *entries) add(x reset.Entry) error {
	if e.some = append(e.some, x); len(e.some) < appendMost {
		return nil
	}
	return e.flush()
}

func (e *entries) flush() error {
	some := e.some
	e.some = e.some[:0]
	return e.progress.append(some...)
}
