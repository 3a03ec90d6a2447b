package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// gap is how long after the last step a request does not go on by itself.
const gap = time.Hour

// batch runs one request from one reading of its head until that head moves.
type batch struct {
	*driver
	head    *reset.Request
	last    time.Time            // of the journal, when it was read
	targets map[int]reset.Target // of the rows in doubt and of those claimed by others

	taking  context.Context // ends when nobody shall be started any more
	lasting context.Context // of calls in flight and what is recorded of them
	halt    context.CancelCauseFunc
	out     *outbox

	mu      sync.Mutex
	paused  error     // what came of recording the pause
	noLog   time.Time // since when the System Log cannot be read
	ledger  *reset.Ledger
	claimed map[int]reset.ID // rows whose user another request has claimed
	failing int              // failures in a row
}

// errHalted ends a batch after it has paused its own request.
var errHalted = errors.New("the request was paused")

// batch runs what is left of a running request.
func (d *driver) batch(ctx context.Context, r *reset.Request) error {
	b, end, err := d.open(ctx, r)
	if err != nil {
		return err
	}
	defer end()
	if b.waitedTooLong() {
		return b.pause(reset.CauseGap, "Over an hour has passed since the last reset. Users may have enrolled again since: look before you resume.")
	}
	if b.isBack() {
		return b.returned()
	}
	d.guard.refresh(b.taking, b.broken())
	if err := b.all(); err != nil {
		return err
	}
	if _, ramping := r.WaveEnd(); ramping {
		return b.waveOver()
	}
	return d.move(ctx, false, (*reset.Request).Verify)
}

// open reads the journal and starts what a batch needs; end stops it and waits.
func (d *driver) open(ctx context.Context, r *reset.Request) (*batch, func(), error) {
	ledger, err := d.ledger(ctx)
	if err != nil {
		return nil, nil, err
	}
	b := &batch{driver: d, head: r, ledger: ledger, targets: map[int]reset.Target{}, claimed: map[int]reset.ID{}}
	lasting, endCalls := outlive(ctx, linger)
	taking, halt := context.WithCancelCause(ctx)
	b.lasting, b.taking, b.halt = lasting, taking, halt
	b.out = newOutbox(func(entries []reset.Entry) error {
		return d.Journal.Append(lasting, d.id, entries...)
	}, func(err error) { halt(err) })
	var wg sync.WaitGroup
	if r.State == reset.Running {
		wg.Go(func() { d.guard.keep(taking, b.broken()) })
		wg.Go(b.heed)
		if d.reads(r) && d.forget == nil {
			d.forget = d.book.demand(time.Now())
		}
	}
	end := func() {
		halt(nil)
		wg.Wait()
		b.out.close()
		endCalls()
	}
	b.last = ledger.LastStep()
	err = b.admit()
	if err == nil {
		err = b.suspect()
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return b, end, nil
}

// heed halts the batch when its head moves, so that a pause or a cancellation
// is seen also while nobody is started. The request's own log wakes it too.
func (b *batch) heed() {
	for b.taking.Err() == nil {
		select {
		case <-b.taking.Done():
			return
		case <-b.wake:
		}
		r, err := b.Heads.Get(b.taking, b.id)
		if err == nil && r.Version != b.head.Version {
			b.halt(reset.ErrChanged)
			return
		}
		pauseFor(b.taking, time.Second)
	}
}

// ledger folds the request's log.
func (d *driver) ledger(ctx context.Context) (*reset.Ledger, error) {
	l := reset.NewLedger()
	for e, err := range d.Journal.Log(ctx, d.id, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the log of %s: %w", d.id, err)
		}
		l.Apply(e)
	}
	return l, nil
}

// reads reports whether the request is read back from the System Log.
func (d *driver) reads(r *reset.Request) bool {
	return d.Rules().Verify == "log" && r.Plan.Resets > few
}

// admit says of every step that nobody heard the end of that it is in doubt.
func (b *batch) admit() error {
	var entries []reset.Entry
	for _, row := range b.ledger.Doubtful() {
		p := b.ledger.Row(row)
		if !p.Open.Doubt {
			step := p.Open.Step
			entries = append(entries, reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &step, Reason: reset.SettledAfterRestart})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return b.append(entries...)
}

// waitedTooLong reports whether the request was left alone for so long that a person should look first.
func (b *batch) waitedTooLong() bool {
	last := b.lastHeard()
	return last.Before(b.began) && time.Since(last) > gap
}

// lastHeard is when the request was last acted on, or was let go on.
func (b *batch) lastHeard() time.Time {
	if b.head.ResumedAt.After(b.last) {
		return b.head.ResumedAt
	}
	return b.last
}

// isBack reports whether the request ran before this run of the bot began, and
// nothing says yet that it goes on.
func (b *batch) isBack() bool {
	told := b.head.Restarted != nil && !b.head.Restarted.At.Before(b.began)
	return !told && b.lastHeard().Before(b.began)
}

// returned notes that the request goes on after a restart. The head has moved then, and is read anew.
func (b *batch) returned() error {
	away, doubtful := b.began.Sub(b.lastHeard()), len(b.doubtful())
	return b.move(b.taking, false, func(r *reset.Request, now time.Time) (reset.Fact, error) {
		return r.Return(away, doubtful, now)
	})
}

// all brings every target to an outcome: first those that were never tried,
// then those in doubt and those that others had claimed.
func (b *batch) all() error {
	next, stop := b.untried()
	b.resetters().work(next, b.try)
	stop()
	b.settleDoubts()
	if err := b.out.flush(); err != nil {
		return err
	}
	if err := b.ended(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	end, _ := b.head.WaveEnd()
	if left := end - b.ledger.Settled(); left != 0 {
		return fmt.Errorf("%d targets of %s have no outcome", left, b.id)
	}
	return nil
}

// settleDoubts settles what is in doubt and waits for those that others have claimed, until nothing is left.
func (b *batch) settleDoubts() {
	for b.taking.Err() == nil && len(b.doubtful())+len(b.theirs()) > 0 {
		b.settleAll()
		b.waitForOthers()
	}
}

// ended says why the batch ended early, nil if it did not: errHalted where it paused its own request.
func (b *batch) ended() error {
	cause := context.Cause(b.taking)
	if !errors.Is(cause, errHalted) {
		return cause
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paused != nil {
		return b.paused
	}
	return cause
}

// untried streams the targets, of the waves that are let through, that have
// neither an outcome nor a doubt. It keeps those in doubt for later.
func (b *batch) untried() (next func() (reset.Target, bool), stop func()) {
	ctx, cancel := context.WithCancel(b.taking)
	ch := make(chan reset.Target)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(ch)
		left, _ := b.head.WaveEnd()
		for t, err := range b.Plans.Targets(ctx, b.id, b.head.Plan.Revision, 1) {
			if err != nil {
				b.halt(fmt.Errorf("read the plan of %s: %w", b.id, err))
				return
			}
			if t.Action != reset.ActionReset {
				continue
			}
			if left--; left < 0 {
				return
			}
			if !b.fresh(t) {
				continue
			}
			select {
			case ch <- t:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() (reset.Target, bool) { t, ok := <-ch; return t, ok }, func() { cancel(); wg.Wait() }
}

func (b *batch) fresh(t reset.Target) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.ledger.Row(t.Row)
	if p.InDoubt() {
		b.targets[t.Row] = t
	}
	return p.Outcome == "" && !p.InDoubt()
}

// append records entries, durably, and folds them.
func (b *batch) append(entries ...reset.Entry) error {
	if err := b.Journal.Append(b.lasting, b.id, entries...); err != nil {
		b.halt(err)
		return fmt.Errorf("record what came of a step: %w", err)
	}
	b.fold(entries...)
	return nil
}

func (b *batch) fold(entries ...reset.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.ledger.Apply(e)
	}
}

// finish records an outcome without waiting: if it is lost, the step is in doubt and will be settled.
func (b *batch) finish(e reset.Entry) {
	e.Kind, e.At = reset.EntryOutcome, time.Now()
	b.fold(e)
	b.out.put(e)
}

// pause stops the batch and pauses its request.
func (b *batch) pause(cause reset.Cause, detail string) error {
	b.halt(errHalted)
	_, err := b.Heads.Update(b.lasting, b.id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		f, err := r.Halt(cause, "", detail, time.Now())
		if err != nil {
			return nil, err
		}
		return []reset.Fact{f}, nil
	})
	var other *reset.TransitionError
	if errors.As(err, &other) {
		return nil
	}
	if err != nil {
		err = fmt.Errorf("pause %s: %w", b.id, err)
		b.mu.Lock()
		b.paused = err
		b.mu.Unlock()
	}
	return err
}

// halted pauses; that it could not be recorded comes out when the batch ends.
func (b *batch) halted(cause reset.Cause, detail string) { _ = b.pause(cause, detail) }

// lane is the request's place in the round of those that share the pace.
func (b *batch) lane() okta.Lane { return okta.Lane(b.id) }
