package announcer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// SlotComplete is no message: it marks that a settled request has all of them.
const SlotComplete reset.Slot = "complete"

var errWatchEnded = errors.New("the watch ended")

// laterError says that a message waits for something that is known to take so long.
type laterError struct{ wait time.Duration }

func (e *laterError) Error() string { return "to be looked at again in " + e.wait.String() }

// poster keeps the messages of one request as they should be. Each message and
// file is delivered by itself: one that fails is tried again after a wait of its
// own and holds back no other, unless the other belongs in its thread.
type poster struct {
	*announcing
	id      reset.ID
	changed chan struct{} // holds a value if there was a change since the last pass began

	behind bool // guarded by announcing.mu: Slack does not show all of it yet

	live  bool  // the request runs: the next change is not far
	tally tally // of the run, for its progress message

	listing *view.Listing // of the plan that waits for a decision
	listed  reset.Digest  // of that plan

	own     sync.Mutex
	since   map[string]time.Time        // file ID -> when this process looked for it first
	tries   map[string]int              // file ID -> how often it was shared without being seen
	failing map[reset.Slot]failure      // whose last try failed
	jobs    map[reset.Slot]*deliveryJob // what takes long and is under way
}

// failure is what the last tries of one message came to.
type failure struct {
	tries int // in a row
	until time.Time
	err   error
}

// deliveryJob is a delivery that goes on by itself.
type deliveryJob struct {
	done  chan struct{} // closed at its end; then the rest is set
	m     reset.Message
	again time.Duration
	err   error

	left bool // guarded by poster.own: the pass that began it went on
}

const (
	// passEvery keeps a run of thousands of users a second from being looked at as often.
	passEvery = 250 * time.Millisecond
	// fileAhead is how long the messages after a file wait for it, so that they come
	// in order as long as Slack is well. A file that takes longer comes later.
	fileAhead = 2 * time.Second
)

// errUnderWay says that a delivery has not ended yet.
var errUnderWay = errors.New("the delivery is under way")

func (a *announcing) newPoster(id reset.ID) *poster {
	return &poster{
		announcing: a, id: id, changed: make(chan struct{}, 1),
		since: map[string]time.Time{}, tries: map[string]int{}, failing: map[reset.Slot]failure{}, jobs: map[reset.Slot]*deliveryJob{},
	}
}

// run makes passes as long as there is something to do. Each begins with the
// request as it is then.
func (p *poster) run(ctx context.Context) {
	for failed := 0; ; {
		select {
		case <-p.changed:
		default:
		}
		again, err := p.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		p.passed(p, err)
		if again == 0 && err != nil {
			if slackapi.Pause(ctx, p.unread(err, failed)) != nil {
				return
			}
			failed++
			continue
		}
		failed = 0
		if again == 0 && !p.live && p.retire(p) {
			return
		}
		if !p.rest(ctx, again) {
			return
		}
	}
}

// unread says when to try again after the record could not be read.
func (p *poster) unread(err error, try int) time.Duration {
	wait := slackapi.RetryDelay(err, try)
	if try%10 == 0 {
		p.Log.Error("the record of a request's messages cannot be read", "request", p.id, "error", slackapi.LogText(err), "retry_in", wait.String())
	}
	return wait
}

// rest waits for a change, or for as long as again says. It reports whether to go on.
func (p *poster) rest(ctx context.Context, again time.Duration) bool {
	if p.live && slackapi.Pause(ctx, passEvery) != nil {
		return false
	}
	var due <-chan time.Time
	if again > 0 {
		t := time.NewTimer(again)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-due:
	case <-p.changed:
	}
	return true
}

// passResult is what a pass has come to so far.
type passResult struct {
	again time.Duration // when to look again although nothing changes, 0 for never
	err   error         // the first that keeps a message from being as it should be
	lost  error         // says that the channel is out of reach
}

func (s *passResult) add(again time.Duration, err error) {
	s.again = sooner(s.again, again)
	if s.err == nil {
		s.err = err
	}
}

// pass brings every message of the request up to date. It returns when to look
// again although nothing changes, 0 for never. An error with a time is about
// messages that are tried again by then, one without is of the record.
func (p *poster) pass(ctx context.Context) (again time.Duration, err error) {
	p.live = false
	r, err := p.Record.Get(ctx, p.id)
	if errors.Is(err, reset.ErrNotFound) {
		return 0, nil // kept long enough, and taken out of the record
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", p.id, err)
	}
	p.live = r.State.Active()
	list, err := p.Record.Messages(ctx, p.id)
	if err != nil {
		return 0, fmt.Errorf("read the messages of %s: %w", p.id, err)
	}
	have := bySlot(list)
	if have[SlotComplete].Shown == version(r) {
		return 0, nil
	}
	k, err := p.known(ctx, r, have)
	if err != nil {
		return 0, err
	}
	var res passResult
	p.inPlace(ctx, r, have, k, &res)
	p.toPeople(ctx, r, have, k, &res)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	res.add(nextLook(r, p.Now()), nil)
	if res.again == 0 && res.err == nil && r.State.Settled() {
		return 0, p.settled(ctx, r)
	}
	return res.again, res.err
}

// inPlace brings what is in the channel up to date.
func (p *poster) inPlace(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message, k view.Known, res *passResult) {
	for _, w := range append(desiredMessages(r, have, k), reminders(r, p.Now())...) {
		again, err := p.attempt(ctx, r, w, have, p.deliver)
		res.add(again, err)
		if lostWords(err) != "" {
			res.lost = err
		}
	}
}

// toPeople brings the direct messages up to date, and says in the thread who cannot be reached so.
func (p *poster) toPeople(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message, k view.Known, res *passResult) {
	if marker := askedSlot(r.Plan.Revision); p.Approvers != nil && r.State == reset.Pending && have[marker].Shown == "" {
		res.add(p.attempt(ctx, r, message{slot: marker, slow: true}, have, p.askApprovers))
		have = p.reread(ctx, have) // it wrote down whom to ask
	}
	for _, w := range append(directMessages(r, have, k, p.Now()), unreachableNotice(r, have, res.lost)...) {
		res.add(p.attempt(ctx, r, w, have, p.direct))
	}
	for _, w := range undelivered(r, have, p.refused()) {
		res.add(p.attempt(ctx, r, w, have, p.deliver))
	}
}

// reread returns the messages as they are recorded now, or those that were known.
func (p *poster) reread(ctx context.Context, have map[reset.Slot]reset.Message) map[reset.Slot]reset.Message {
	list, err := p.Record.Messages(ctx, p.id)
	if err != nil {
		return have
	}
	return bySlot(list)
}

// delivering brings one message up to date. It returns it as it is recorded, and when to look again.
type delivering func(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error)

// attempt delivers one message and keeps have as it is recorded. After a failure
// it does nothing until the wait is over. What may take long goes on by itself,
// and wakes the poster at its end.
func (p *poster) attempt(ctx context.Context, r *reset.Request, w message, have map[reset.Slot]reset.Message, do delivering) (again time.Duration, err error) {
	if ctx.Err() != nil {
		return 0, nil
	}
	p.own.Lock()
	job, f := p.jobs[w.slot], p.failing[w.slot]
	p.own.Unlock()
	if job != nil {
		return fileAhead, errUnderWay
	}
	if wait := f.until.Sub(p.Now()); f.err != nil && wait > 0 {
		return wait, f.err
	}
	m := have[w.slot]
	if m.Slot = w.slot; w.to == "" {
		m.Channel = r.Asked.Channel
	}
	if m.TS == "" { // what is posted stays where it is
		m.Thread = threadOf(w, r, have)
	}
	if w.place == underApproval && m.TS == "" && m.Thread == "" {
		return 0, nil // its thread is gone, or is still to come
	}
	if w.file != nil || w.slow {
		job := p.start(ctx, r, w, m, do)
		if !p.awaits(ctx, w.slot, job) {
			return fileAhead, errUnderWay
		}
		m, again, err = job.m, job.again, job.err
	} else {
		m, again, err = do(ctx, r, w, m)
		m, again, err = p.judge(ctx, w, m, again, err)
	}
	have[w.slot] = m
	return again, err
}

// start begins a delivery that may take long.
func (p *poster) start(ctx context.Context, r *reset.Request, w message, m reset.Message, do delivering) *deliveryJob {
	job := &deliveryJob{done: make(chan struct{})}
	p.own.Lock()
	p.jobs[w.slot] = job
	p.own.Unlock()
	p.wg.Go(func() {
		job.m, job.again, job.err = do(ctx, r, w, m)
		job.m, job.again, job.err = p.judge(ctx, w, job.m, job.again, job.err)
		p.own.Lock()
		delete(p.jobs, w.slot)
		left := job.left
		p.own.Unlock()
		close(job.done)
		if left {
			select {
			case p.changed <- struct{}{}:
			default:
			}
		}
	})
	return job
}

// awaits reports whether a delivery ends within fileAhead; one that does not wakes the poster later.
func (p *poster) awaits(ctx context.Context, slot reset.Slot, job *deliveryJob) bool {
	t := time.NewTimer(fileAhead)
	defer t.Stop()
	select {
	case <-job.done:
		return true
	case <-ctx.Done():
	case <-t.C:
	}
	p.own.Lock()
	defer p.own.Unlock()
	job.left = p.jobs[slot] == job
	return !job.left
}

// judge notes what came of a try to deliver a message: when it is tried again,
// and whether the person can be reached at all.
func (p *poster) judge(ctx context.Context, w message, m reset.Message, again time.Duration, err error) (reset.Message, time.Duration, error) {
	if ctx.Err() != nil {
		return m, 0, ctx.Err()
	}
	var later *laterError
	switch {
	case err == nil, errors.As(err, &later):
		p.own.Lock()
		delete(p.failing, w.slot)
		p.own.Unlock()
		if later != nil {
			again = later.wait
		}
		return m, again, err
	case w.to != "" && outOfReach(err):
		p.Log.Warn("somebody cannot be told by direct message", "request", p.id, "slot", w.slot, "user", w.to, "error", slackapi.LogText(err))
		m.Gone, m.Shown, m.At = true, unreachable, p.Now()
		if err = p.save(ctx, m); err == nil {
			return m, 0, nil
		}
	}
	err = fmt.Errorf("%s of %s: %w", w.slot, p.id, err)
	p.own.Lock()
	f := p.failing[w.slot]
	wait, try := slackapi.RetryDelay(err, f.tries), f.tries
	p.failing[w.slot] = failure{tries: try + 1, until: p.Now().Add(wait), err: err}
	p.own.Unlock()
	if limited := (*slack.RateLimitedError)(nil); !errors.As(err, &limited) && try%10 == 0 {
		p.Log.Warn("a message is not up to date in Slack", "request", p.id, "slot", w.slot, "user", w.to, "error", slackapi.LogText(err), "todo", w.hint(m, err), "retry_in", wait.String())
	}
	return m, wait, err
}

// hint says what an operator does about an error of the message's.
func (w message) hint(m reset.Message, err error) string {
	if w.to != "" && m.Channel == "" && slackapi.ErrorCode(err) == "missing_scope" { // Slack names the scopes for all kinds of conversations
		return "add the scope im:write to the app and install it again"
	}
	return slackapi.Hint(err)
}

// refused are the messages that Slack does not take now, for a reason of their own.
func (p *poster) refused() map[reset.Slot]bool {
	p.own.Lock()
	defer p.own.Unlock()
	all := map[reset.Slot]bool{}
	for slot, f := range p.failing {
		all[slot] = slackapi.ErrorCode(f.err) != "" && !slackapi.MayHaveActed(f.err)
	}
	return all
}

// settled records that nothing is left to tell of a settled request, and forgets the file of an export.
func (p *poster) settled(ctx context.Context, r *reset.Request) error {
	if r.Export != nil && p.Exports != nil {
		if err := p.Exports.DropExport(ctx, p.id); err != nil {
			return fmt.Errorf("forget the file of %s: %w", p.id, err)
		}
	}
	done := reset.Message{Slot: SlotComplete, Channel: r.Asked.Channel, Shown: version(r), At: p.Now()}
	if err := p.Record.SaveMessages(ctx, p.id, done); err != nil {
		return fmt.Errorf("record that the messages of %s are complete: %w", p.id, err)
	}
	return nil
}

// deliver brings one message in the channel up to date.
func (p *poster) deliver(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	switch {
	case m.Gone:
		return m, 0, nil
	case w.file != nil:
		return p.share(ctx, r, w, m)
	case w.slot == reset.SlotProgress:
		return p.progress(ctx, r, w, m)
	case isRestart(w.slot):
		m, err := p.restarted(ctx, r, w, m)
		return m, 0, err
	}
	m, err := p.show(ctx, r, w, m)
	return m, 0, err
}

func threadOf(w message, r *reset.Request, have map[reset.Slot]reset.Message) string {
	switch w.place {
	case underUpload:
		return r.Asked.Source.TS
	case underApproval:
		return have[reset.SlotApproval].TS
	}
	return ""
}

func (p *poster) save(ctx context.Context, m reset.Message) error {
	if err := p.Record.SaveMessages(ctx, p.id, m); err != nil {
		return fmt.Errorf("record the message: %w", err)
	}
	return nil
}

func bySlot(list []reset.Message) map[reset.Slot]reset.Message {
	m := make(map[reset.Slot]reset.Message, len(list))
	for _, x := range list {
		m[x.Slot] = x
	}
	return m
}

// version names a settled request's last state.
func version(r *reset.Request) string {
	return fmt.Sprintf("%s %d", r.State, r.SettledAt.UnixMilli())
}

// sooner is the shorter of two waits, 0 being none.
func sooner(a, b time.Duration) time.Duration {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(a, b)
}
