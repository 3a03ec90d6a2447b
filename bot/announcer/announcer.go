package announcer

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

const (
	// settledSince is how far back settled requests are looked through at the start for messages that Slack lacks.
	settledSince = 30 * 24 * time.Hour
	// progressBudget is how many edits of progress messages a minute all requests share.
	progressBudget = 40
	// lookSoon is when a pass that left something open looks again.
	lookSoon = 2 * time.Second
)

// Announcer keeps the messages of each request in Slack as they should be: it
// posts what lacks, edits what has changed, and remembers what is shown. Ten
// changes while Slack is away become one edit.
type Announcer struct {
	Slack      *slack.Client // made by [slackapi.NewClient]
	Record     Record
	Approvers  Approvers       // nil: nobody is asked by direct message
	Usergroups func() []string // Slack user groups of approvers, mentioned where they are too many to be asked one by one; nil: none
	Exports    Exports         // nil: there are none
	Log        *slog.Logger
	Now        func() time.Time

	ShareTime time.Duration // how long Slack may take to show a file that was shared; 0: 30 s
	waiting   atomic.Int64
	running   atomic.Pointer[run]
}

// Waiting is how many requests have something that Slack does not show yet.
func (a *Announcer) Waiting() int { return int(a.waiting.Load()) }

// run is one Run of an Announcer.
type run struct {
	*Announcer
	sender *sender
	edits  *rate.Limiter // of progress messages
	wg     sync.WaitGroup

	mu    sync.Mutex
	posts map[reset.ID]*poster // those that have something to do
}

// Deleted is told that a message was deleted. If its request is not settled it is posted again.
func (a *Announcer) Deleted(c reset.Channel, ts string) {
	if run := a.running.Load(); run != nil {
		run.deleted(spot{c, ts})
	}
}

func (a *run) deleted(s spot) {
	a.sender.noteDeleted(s)
	a.mu.Lock()
	ids := slices.Collect(maps.Keys(a.posts)) // requests that are not settled, or not all of whose messages are shown
	a.mu.Unlock()
	for _, id := range ids {
		a.nudge(id)
	}
}

// nudge makes a poster look again, if there is one.
func (a *run) nudge(id reset.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.posts[id]; p != nil {
		select {
		case p.changed <- struct{}{}:
		default:
		}
	}
}

// Run announces until ctx is done.
func (a *Announcer) Run(ctx context.Context) error {
	run := &run{
		Announcer: a,
		sender:    newSender(a.Slack, a.Record, a.Log, a.Now),
		edits:     newLimiter(progressBudget),
		posts:     map[reset.ID]*poster{},
	}
	a.running.Store(run)
	defer a.running.Store(nil)
	defer a.waiting.Store(0)
	defer run.wg.Wait()
	run.wg.Go(func() { run.walk(ctx) })
	for try := 0; ; try++ {
		err := run.watch(ctx)
		if ctx.Err() != nil {
			return nil
		}
		a.Log.Error("the requests cannot be watched", "error", slackapi.LogText(err))
		if slackapi.Pause(ctx, slackapi.RetryDelay(err, try)) != nil {
			return nil
		}
	}
}

func (a *run) watch(ctx context.Context) error {
	for id, err := range a.Record.Watch(ctx) {
		if err != nil {
			return err
		}
		a.wake(ctx, id)
	}
	return errWatchEnded
}

// walk wakes the settled requests whose messages may be incomplete.
func (a *run) walk(ctx context.Context) {
	for id, err := range a.Record.Settled(ctx, a.Now().Add(-settledSince)) {
		if err != nil {
			if ctx.Err() == nil {
				a.Log.Error("settled requests cannot be looked through", "error", slackapi.LogText(err))
			}
			return
		}
		have, err := a.Record.Messages(ctx, id)
		if err == nil && bySlot(have)[SlotComplete].Shown != "" {
			continue
		}
		a.wake(ctx, id)
	}
}

// wake tells the request's poster that something changed; there is one at a time.
func (a *run) wake(ctx context.Context, id reset.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.posts[id]
	if p == nil {
		p = a.newPoster(id)
		a.posts[id] = p
		a.wg.Go(func() { p.keep(ctx) })
	}
	a.note(p, true)
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// note counts the posters with something that Slack does not show. a.mu is held.
func (a *run) note(p *poster, behind bool) {
	switch {
	case behind && !p.behind:
		a.waiting.Add(1)
	case !behind && p.behind:
		a.waiting.Add(-1)
	}
	p.behind = behind
}

// passed notes what came of a pass of p, unless something has changed since.
func (a *run) passed(p *poster, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(p.changed) == 0 {
		a.note(p, err != nil)
	}
}

// retire ends a poster unless something has changed meanwhile.
func (a *run) retire(p *poster) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	p.own.Lock()
	working := len(p.jobs) > 0
	p.own.Unlock()
	if working || len(p.changed) > 0 {
		return false
	}
	delete(a.posts, p.id)
	a.sender.forget(p.id)
	return true
}
