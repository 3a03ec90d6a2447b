package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

const (
	// gap is how long after the last step a request does not go on by itself.
	gap = time.Hour
	// logHeadStart is how long before the first call the reading of the System Log begins.
	logHeadStart = 10 * time.Second
)

// batch runs one request from one reading of its head until that head moves.
type batch struct {
	*driver
	head    *reset.Request
	opened  time.Time            // when the journal was read
	last    time.Time            // of the journal, when it was read
	lastRow int                  // of those let through by the waves; 0: all are
	targets map[int]reset.Target // of the rows in doubt and of those claimed by others

	taking  context.Context // ends when nobody shall be started any more
	lasting context.Context // of calls in flight and what is recorded of them
	halt    context.CancelCauseFunc
	out     *outbox

	following func()    // ends the reading of the System Log for what is in doubt; nil: it is not read
	followed  time.Time // since when it is read

	mu       sync.Mutex
	paused   error     // what came of recording the pause
	noLog    time.Time // since when the System Log cannot be read
	ledger   *reset.Ledger
	claimed  map[int]reset.ID // rows whose user another request has claimed
	looked   map[int]looked   // what was seen of rows in doubt
	meantIDs map[int][]string // factors that were listed for a first call that is not recorded yet
	failing  int              // failures in a row
	warns    bool             // it was this batch that found that Okta tells of nobody who is protected
	late     streak           // calls in a row that came too late after their record
	stale    streak           // and after the last reading of the factors
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
	if !d.mine {
		return b.returned()
	}
	release := d.protected.Follow(b.broken())
	defer release()
	d.protected.Refresh(b.taking, b.broken(), time.Now().Add(-protection.Every))
	b.readLog()
	proved := b.proveMeanwhile()
	err = b.all()
	proved()
	if err != nil {
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
	b := &batch{
		driver: d, head: r, opened: time.Now(), ledger: ledger, last: ledger.LastStep(),
		targets: map[int]reset.Target{}, claimed: map[int]reset.ID{}, looked: map[int]looked{}, meantIDs: map[int][]string{},
	}
	lasting, endCalls := outlive(ctx, linger)
	taking, halt := context.WithCancelCause(ctx)
	b.lasting, b.taking, b.halt = lasting, taking, halt
	b.out = newOutbox(func(entries []reset.Entry) error {
		return d.Journal.Append(lasting, d.id, entries...)
	}, func(err error) { halt(err) })
	var wg sync.WaitGroup
	if r.State == reset.Running || r.State == reset.Paused {
		wg.Go(b.heed)
	}
	end := func() {
		halt(nil)
		wg.Wait()
		b.out.close()
		endCalls()
		b.unfollow()
	}
	err = b.letThrough()
	if err == nil {
		err = b.admit()
	}
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
// is seen also while nobody is started. The request's own log wakes it too. A
// pause that has another cause now is the same pause.
func (b *batch) heed() {
	for b.taking.Err() == nil {
		select {
		case <-b.taking.Done():
			return
		case <-b.wake:
		}
		r, err := b.Heads.Get(b.taking, b.id)
		if err == nil && r.Version != b.head.Version && !(r.State == reset.Paused && b.head.State == reset.Paused) {
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
	return d.Rules().Verify == "log" && r.Plan.Resets > policy.Few
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

// returned judges a request that ran before this run of the bot began: left alone
// for too long it asks a person, else it notes that it goes on. The head has moved
// then, and is read anew.
func (b *batch) returned() error {
	last := b.last
	if b.head.ResumedAt.After(last) {
		last = b.head.ResumedAt
	}
	away := max(b.began.Sub(last), 0) // a clock that was set back
	var err error
	if away+time.Since(b.began) > gap {
		err = b.pause(reset.CauseGap, "Over an hour has passed since the last reset. Users may have enrolled again since: look before you resume.")
	} else {
		doubtful := len(b.doubtful())
		err = b.move(b.taking, false, func(r *reset.Request, now time.Time) (reset.Fact, error) {
			return r.Return(away, doubtful, now)
		})
	}
	b.mine = err == nil
	return err
}

// readLog has the System Log read while the request runs, if it is read back from
// it: from its first call on, because a reading that begins too late is lost.
func (b *batch) readLog() {
	if !b.reads(b.head) || b.forget != nil {
		return
	}
	since := b.oktaTime(time.Now()).Add(-logHeadStart)
	if began := b.ledger.Began(); !began.IsZero() && began.Before(since) {
		since = began
	}
	b.forget = b.log.Follow(since)
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
	left, err := b.unsettled()
	if err == nil && left > 0 {
		err = fmt.Errorf("%d targets of %s have no outcome", left, b.id)
	}
	return err
}

// unsettled counts the targets, of the waves that are let through, without an outcome.
func (b *batch) unsettled() (int, error) {
	end, _ := b.head.WaveEnd()
	left := 0
	for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return 0, fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		if t.Action != reset.ActionReset {
			continue
		}
		if end--; end < 0 {
			break
		}
		if b.row(t.Row).Outcome == "" {
			left++
		}
	}
	return left, nil
}

// letThrough finds the last row that the waves let through by now.
func (b *batch) letThrough() error {
	end, ramping := b.head.WaveEnd()
	if !ramping || b.head.State != reset.Running && b.head.State != reset.Paused {
		return nil
	}
	for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		if t.Action != reset.ActionReset {
			continue
		}
		b.lastRow = t.Row
		if end--; end <= 0 {
			break
		}
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
// neither an outcome nor a doubt.
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

// fresh reports whether a target has neither an outcome nor a doubt.
func (b *batch) fresh(t reset.Target) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.ledger.Row(t.Row)
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
// Whatever the outcome, the user gets a note if a call before it may have taken effect.
func (b *batch) finish(e reset.Entry) {
	e.Kind, e.At = reset.EntryOutcome, time.Now()
	b.mu.Lock()
	e.Touched = e.Touched || b.ledger.Row(e.Step.Row).Touched()
	delete(b.looked, e.Step.Row)
	delete(b.targets, e.Step.Row)
	b.mu.Unlock()
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
