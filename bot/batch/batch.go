package batch

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/bot/resetlog"
	"factorbot/okta"
)

const (
	// gap is how long after the last step a request does not go on by itself.
	gap = time.Hour
	// logHeadStart is how long before the first call the reading of the System Log begins.
	logHeadStart = 10 * time.Second
	// linger is how long calls in flight may go on after the batch is told to stop.
	linger = 10 * time.Second
	// firstBackoff is the first wait before a call that never left is tried again.
	firstBackoff = 500 * time.Millisecond
)

// Record is the record of requests, as a batch needs it.
type Record interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	// Update changes a head. If unlessFrozen, the same commit depends on there being no freeze.
	Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error)
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	// Start makes started entries durable and takes the claims. It fails as a
	// whole if the head is not r's any more (reset.ErrChanged) or the term is over;
	// for one entry it returns a *reset.ClaimedError or a *reset.ResetSinceError.
	Start(ctx context.Context, r *reset.Request, started ...reset.Entry) ([]error, error)
	Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error
	Log(ctx context.Context, id reset.ID, fromSeq int64) iter.Seq2[reset.Entry, error]
	Users(ctx context.Context, ids ...reset.UserID) iter.Seq2[reset.UserRecord, error]
}

// Okta is what a batch asks of Okta.
type Okta interface {
	Me(ctx context.Context) (okta.User, error)
	// Clock returns how far Okta's clock is ahead of ours; not known: nobody has asked Okta yet.
	Clock() (ahead time.Duration, known bool)
	Factors(ctx context.Context, userID string) ([]okta.Factor, error)
	// FactorsNow lists a user's factors in the place of a slot, and returns since when that is known.
	FactorsNow(ctx context.Context, s *okta.Slot, userID string) (factors []okta.Factor, asOf time.Time, err error)
	// Take waits for the turn of a call in the lane.
	Take(ctx context.Context, lane okta.Lane, step okta.Step) (*okta.Slot, error)
	// The calls that change something are sent within 2 s of the moment at which their
	// journal was asked to be durable, or not at all.
	ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, userID string) (okta.Receipt, error)
	DeleteFactor(ctx context.Context, s *okta.Slot, asked time.Time, userID, factorID string, forgetPhone bool) (okta.Receipt, error)
	ClearSessions(ctx context.Context, s *okta.Slot, asked time.Time, userID string) (okta.Receipt, error)
}

// Deps is what the batches of all requests have in common.
type Deps struct {
	Record     Record
	Okta       Okta
	Protection *protection.Lists
	ResetLog   *resetlog.Reader
	Rules      func() policy.Rules
	Pace       Pace
	Began      time.Time // when this run of the bot began: what was in flight before is over settle_after later
	Log        *slog.Logger
}

// Pace is what a batch needs of the okta settings.
type Pace struct {
	Concurrency int           // calls at once
	Slots       func() int    // how many slots for calls may be held at this moment; required
	SettleAfter time.Duration // how long a call may still be executing after we gave it up
	LogLag      time.Duration // how late the System Log may be
	Term        int64         // of a record that several processes share
	Earlier     time.Duration // for how long after our beginning those that led earlier may still be sending what they started
}

// job is what the parts of a batch share: one request, as it was read, and the two states
// in which they meet, progress and control.
type job struct {
	Deps
	head     *reset.Request
	scope    scope
	targets  plannedTargets
	clocks   *clocks
	logView  *logView
	progress *progress
	control  *Control
}

// dryRun reports whether the run does everything except the resets: the request
// asks for that, or the policy does by now.
func (j *job) dryRun() bool { return j.scope.DryRun || j.Rules().DryRun }

// lane is the request's place in the round of those that share the pace.
func (j *job) lane() okta.Lane { return okta.Lane(j.head.ID) }

func (j *job) inLane(ctx context.Context) context.Context { return okta.WithLane(ctx, j.lane()) }

// Batch acts on Okta for one request, from one reading of its head until that head moves.
// Sender, settler and verifier do not call it. Whatever is in doubt comes back to one
// loop, Settle.
type Batch struct {
	*job
	session  *Session
	last     time.Time // of the steps in the journal, when it was read
	sender   *sender
	settler  *settler
	verifier *verifier
	endCalls func()
}

// Open reads the journal and says of every step that it leaves open that it is in
// doubt. The batch has to be closed.
func Open(ctx context.Context, d Deps, s *Session, r *reset.Request) (*Batch, error) {
	ledger, err := reset.Fold(d.Record.Log(ctx, r.ID, 1))
	if err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", r.ID, err)
	}
	b := newBatch(ctx, d, s, r, ledger)
	if r.State == reset.Running || r.State == reset.Paused {
		b.control.Watch()
	}
	for _, prepare := range []func() error{b.findLastRow, b.markInterrupted, b.markRestored} {
		if err := prepare(); err != nil {
			b.Close()
			return nil, err
		}
	}
	return b, nil
}

// newBatch joins the parts of a batch.
func newBatch(ctx context.Context, d Deps, s *Session, r *reset.Request, ledger *reset.Ledger) *Batch {
	lasting, endCalls := outlive(ctx, linger)
	j := &job{Deps: d, head: r, scope: scope(r.Asked.Options)}
	j.targets = plannedTargets{record: d.Record, id: r.ID, revision: r.Plan.Revision}
	j.control = NewControl(ctx, lasting, r, d.Record, s, func() int { return d.Rules().PauseAfter })
	j.progress = newProgress(lasting, r.ID, d.Record, ledger, j.control.halt, d.Log)
	j.clocks = &clocks{
		okta: d.Okta, least: j.progress.leastAhead, term: d.Pace.Term, began: d.Began, opened: time.Now(),
		restored: r.RestoredFrom, asOf: r.RestoredOkta,
	}
	j.logView = &logView{reader: d.ResetLog, clocks: j.clocks, lag: d.Pace.LogLag}
	send := &sender{job: j, session: s, warned: s.warned.Load()}
	return &Batch{
		job: j, session: s, last: ledger.LastStep(), endCalls: endCalls,
		sender: send, settler: &settler{job: j, sender: send}, verifier: &verifier{job: j},
	}
}

// Close ends what the batch has started and waits for it.
func (b *Batch) Close() {
	b.control.Close()
	b.endCalls()
	b.logView.unfollow()
}

// Run brings every target that the waves let through to an outcome: first those that
// were never tried, then those in doubt and those that other requests had claimed. A wave
// is read back, too, and a reset of it that did not take goes again.
func (b *Batch) Run() error {
	release := b.Protection.Follow(b.scope.BreakGlass)
	defer release()
	b.Protection.Refresh(b.control.starting, b.scope.BreakGlass, time.Now().Add(-protection.Every))
	b.followLog()
	stopProving := b.verifier.proveMeanwhile()
	b.sendToNew()
	err := b.Settle(reset.Running)
	stopProving()
	if err == nil {
		err = b.checkOutcomes()
	}
	_, ramping := b.head.WaveEnd()
	for took := false; err == nil && ramping && !took; {
		if took, err = b.ReadBack(); err == nil && !took {
			err = b.Settle(reset.Running)
		}
	}
	return err
}

// Settle settles what is in doubt, round after round, and waits for users claimed by other
// requests, until nothing is left, another round would show nothing new, or the batch is
// halted. Only a running request sends anything. It returns why the batch ended, nil if it
// did not.
func (b *Batch) Settle(state reset.State) error {
	for wait := settleEvery; wait > 0 && !b.control.Stopped(); {
		claimed := b.progress.claimedElsewhere()
		rows := slices.DeleteFunc(b.progress.doubtful(), func(row int) bool { _, ok := claimed[row]; return ok })
		switch {
		case len(rows) > 0:
			wait = b.settler.round(rows, state)
			pauseFor(b.control.starting, wait)
		case len(claimed) > 0:
			b.settler.waitForClaims()
		default:
			wait = 0
		}
	}
	return b.ended()
}

// ReadBack proves what was reset, and reports whether all of it took: what did not is in doubt again.
func (b *Batch) ReadBack() (took bool, err error) {
	if err := b.verifier.run(); err != nil {
		return false, err
	}
	if err := b.ended(); err != nil {
		return false, err
	}
	return len(b.progress.doubtful()) == 0, nil
}

// ended returns why the batch ended, nil if it did not.
func (b *Batch) ended() error {
	if err := b.progress.failure(); err != nil {
		return err
	}
	return b.control.Err()
}

// followLog has the System Log read while the request runs, if it is read back from
// it: from its first call on, because a reading that begins too late is lost.
func (b *Batch) followLog() {
	if !b.verifier.readsLog() || b.session.forget != nil {
		return
	}
	since := b.clocks.ofOkta(time.Now()).Add(-logHeadStart)
	if began := b.progress.began(); !began.IsZero() && began.Before(since) {
		since = began
	}
	b.session.forget = b.ResetLog.Follow(since)
}

// sendToNew carries the targets, of the waves that are let through, that have neither an
// outcome nor a doubt to one of both.
func (b *Batch) sendToNew() {
	last, _ := b.head.WaveEnd()
	untried := func(yield func(reset.Target) bool) {
		for t, err := range b.targets.resets(b.control.starting, 0, last) {
			if err != nil {
				b.control.halt(err)
				return
			}
			if b.progress.isNew(t) && !yield(t) {
				return
			}
		}
	}
	// One for each slot that may be held, and as many as there are calls at once to wait for
	// the next. Where the pace is slow more would only wait, each with what was known of its
	// target. A dry run waits for the record alone, which commits what comes together.
	atOnce := func() int {
		if b.sender.dryRun() {
			return appendMost
		}
		return b.Pace.Slots() + b.Pace.Concurrency
	}
	runEach(b.control.starting, untried, atOnce, b.sender.process)
}

// checkOutcomes returns an error if a target, of the waves that are let through, has no outcome.
func (b *Batch) checkOutcomes() error {
	last, _ := b.head.WaveEnd()
	left := 0
	for t, err := range b.targets.resets(b.control.starting, 0, last) {
		if err != nil {
			return err
		}
		if b.progress.row(t.Row).Outcome == "" {
			left++
		}
	}
	if left > 0 {
		return fmt.Errorf("%d targets of %s have no outcome", left, b.head.ID)
	}
	return nil
}

// findLastRow finds the last row that the waves let through by now.
func (b *Batch) findLastRow() error {
	last, ramping := b.head.WaveEnd()
	if !ramping || b.head.State != reset.Running && b.head.State != reset.Paused {
		return nil
	}
	for t, err := range b.targets.resets(b.control.starting, 0, last) {
		if err != nil {
			return err
		}
		b.progress.lastRow = t.Row
	}
	return nil
}

// WaveOutcomes counts the targets of the wave under way that were tried, and those of them that failed.
func (b *Batch) WaveOutcomes() (failed, tried int, err error) {
	end, _ := b.head.WaveEnd()
	for t, err := range b.targets.resets(b.control.starting, end-b.head.Terms.Waves[b.head.Waves], end) {
		if err != nil {
			return 0, 0, err
		}
		switch b.progress.row(t.Row).Outcome {
		case reset.OutcomeFailed:
			failed++
			tried++
		case reset.OutcomeReset:
			tried++
		}
	}
	return failed, tried, nil
}

// Cancel gives back the claims on users whose calls Okta refused or who were never sent one.
func (b *Batch) Cancel() error {
	out := &entries{progress: b.progress}
	for _, step := range b.progress.unfinished() {
		e := reset.Entry{Outcome: reset.OutcomeNotRun, Reason: reset.NotRunCancelled}
		if p := b.progress.row(step.Row); len(p.Done) > 0 {
			e = halfDone(reset.Target{Row: step.Row, User: step.User}, p, "cancelled")
		}
		e.Kind, e.At, e.Step = reset.EntryOutcome, time.Now(), &step
		if err := out.add(e); err != nil {
			return err
		}
	}
	return out.flush()
}

// Totals counts what became of every row.
func (b *Batch) Totals() (reset.Totals, error) {
	var sum reset.Totals
	for t, err := range b.targets.from(b.control.lasting, 1) {
		if err != nil {
			return sum, err
		}
		final := reset.Final(t, b.progress.row(t.Row))
		sum.Add(final)
		sum.AddNeed(t, final)
	}
	return sum, nil
}

// outlive returns a context that ends a while after ctx: calls in flight may
// finish, and what came of them is recorded.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		pauseFor(lasting, d)
		cancel()
	})
	return lasting, func() { stop(); cancel() }
}

// pauseFor waits, unless ctx ends before.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
