package announcer

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"factorbot/bot/reset"
	"factorbot/bot/workqueue"
)

const (
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
	running   atomic.Pointer[run]
}

// Waiting is how many requests have something that Slack does not show yet.
func (a *Announcer) Waiting() (n int) {
	run := a.running.Load()
	if run == nil {
		return 0
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	for _, p := range run.posts {
		if p.behind {
			n++
		}
	}
	return n
}

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
	run := a.running.Load()
	if run == nil {
		return
	}
	run.sender.noteDeleted(messageRef{c, ts})
	run.mu.Lock()
	defer run.mu.Unlock()
	for _, p := range run.posts { // of requests that are not settled, or not all of whose messages are shown
		p.signal()
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
	defer run.wg.Wait()
	workqueue.Each(ctx, a.Record, a.Log, a.Now(), func(id reset.ID) { run.wake(ctx, id) }, func(id reset.ID) {
		have, err := run.sender.messages(ctx, id)
		if err != nil || have[SlotComplete].Shown == "" {
			run.wake(ctx, id)
		}
	})
	return nil
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
	p.behind = true
	p.signal()
}

// passed notes what came of a pass of p, unless something has changed since.
func (a *run) passed(p *poster, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(p.changed) == 0 {
		p.behind = err != nil
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

// Record is what the messages are rendered from, and where it is kept which ones there are.
type Record interface {
	workqueue.Requests
	Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error]
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	// Messages returns the references of a request's messages that were posted, or are about to be.
	Messages(ctx context.Context, id reset.ID) ([]reset.Message, error)
	SaveMessages(ctx context.Context, id reset.ID, m ...reset.Message) error
}

// Exports are the files of exports that are made and not delivered yet. The
// request's head tells of such a file: its length, its SHA-256, its columns.
type Exports interface {
	// ReadExport writes the file, from its beginning. What it writes is checked against the head's SHA-256 by who delivers it.
	ReadExport(ctx context.Context, id reset.ID, w io.Writer) error
	// DropExport forgets the file, when it was delivered or shall not be. It may be called again.
	DropExport(ctx context.Context, id reset.ID) error
}
