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
	running   atomic.Pointer[announcing]
}

// Waiting is how many requests have something that Slack does not show yet.
func (a *Announcer) Waiting() int { return int(a.waiting.Load()) }

// announcing is one Run of an Announcer.
type announcing struct {
	*Announcer
	budget *rate.Limiter
	limits *methodLimits
	blocks newBlocks
	wg     sync.WaitGroup

	mu     sync.Mutex
	posts  map[reset.ID]*poster // those that have something to do
	looked map[reset.ID]bool    // those of posts whose approval message is known to be there
	missed map[spot]bool        // messages that were deleted, and were not looked at since

	directs map[reset.Person]reset.Channel // direct conversations that were opened, directsAtMost of them
}

// spot is where a message stands.
type spot struct {
	channel reset.Channel
	ts      string
}

// Deleted hears that a message was deleted. Of a request that is not settled it is posted anew.
func (a *Announcer) Deleted(c reset.Channel, ts string) {
	if run := a.running.Load(); run != nil {
		run.deleted(spot{c, ts})
	}
}

const (
	// missedAtMost bounds the deleted messages that are remembered; most are not ours.
	missedAtMost = 1000
	// directsAtMost bounds the direct conversations that are remembered; the others are asked for again.
	directsAtMost = 1000
)

func (a *announcing) deleted(s spot) {
	a.mu.Lock()
	if len(a.missed) >= missedAtMost {
		clear(a.missed)
	}
	a.missed[s] = true
	ids := slices.Collect(maps.Keys(a.posts)) // whoever has something to say still, or waits for a decision
	a.mu.Unlock()
	for _, id := range ids {
		a.nudge(id)
	}
}

// nudge makes a poster look again, if there is one.
func (a *announcing) nudge(id reset.ID) {
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
	run := &announcing{
		Announcer: a,
		budget:    newLimiter(progressBudget),
		limits:    newMethodLimits(a.Now),
		posts:     map[reset.ID]*poster{},
		looked:    map[reset.ID]bool{},
		missed:    map[spot]bool{},
		directs:   map[reset.Person]reset.Channel{},
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

func (a *announcing) watch(ctx context.Context) error {
	for id, err := range a.Record.Watch(ctx) {
		if err != nil {
			return err
		}
		a.wake(ctx, id)
	}
	return errWatchEnded
}

// walk wakes the settled requests whose messages may be incomplete.
func (a *announcing) walk(ctx context.Context) {
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
func (a *announcing) wake(ctx context.Context, id reset.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.posts[id]
	if p == nil {
		p = a.newPoster(id)
		a.posts[id] = p
		a.wg.Go(func() { p.run(ctx) })
	}
	a.note(p, true)
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// note counts the posters with something that Slack does not show. a.mu is held.
func (a *announcing) note(p *poster, behind bool) {
	switch {
	case behind && !p.behind:
		a.waiting.Add(1)
	case !behind && p.behind:
		a.waiting.Add(-1)
	}
	p.behind = behind
}

// passed notes what came of a pass of p, unless something has changed since.
func (a *announcing) passed(p *poster, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(p.changed) == 0 {
		a.note(p, err != nil)
	}
}

// retire ends a poster unless something has changed meanwhile.
func (a *announcing) retire(p *poster) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	p.own.Lock()
	working := len(p.jobs) > 0
	p.own.Unlock()
	if working || len(p.changed) > 0 {
		return false
	}
	delete(a.posts, p.id)
	delete(a.looked, p.id)
	return true
}
