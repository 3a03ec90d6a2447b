package hometab

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// Source is what home tabs are made of.
type Source interface {
	Home(ctx context.Context, in desk.Intent) (reset.Home, error)
	// Watch yields the requests whose head or log moved. It may merge; it never misses the last.
	Watch(ctx context.Context) iter.Seq2[reset.ID, error]
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
}

const (
	// homeBudget is how many home tabs a minute are published; views.publish is Tier 4, over 100 (docs.slack.dev).
	homeBudget = 60
	// homeLasts is how long a home tab is kept up to date after its person has opened it.
	homeLasts = time.Hour
	// homesKept is of how many persons, those who opened theirs last.
	homesKept = 100
	// homeEvery gathers changes: what happens within it is one publication for each person.
	homeEvery = 2 * time.Second
	// homeTime bounds one publication.
	homeTime = 20 * time.Second
)

// Publisher keeps the home tabs of those who have opened theirs lately. Slack
// tells of each opening, so nothing needs to be remembered over a restart.
type Publisher struct {
	Slack  *slack.Client // made by slackapi.NewClient
	Source Source
	Log    *slog.Logger
	Now    func() time.Time

	once   sync.Once
	opened chan opening
	limit  *rate.Limiter
	queue  *workqueue.Queue
	nudge  chan struct{}

	mu    sync.Mutex
	subs  map[reset.Person]*subscriber
	moved map[reset.ID]bool
	known map[reset.ID]string // what a home tab showed of a request that is not settled; only keep uses it
}

// opening is a person who has just opened the tab.
type opening struct {
	by   reset.Person
	team string
}

// subscriber is a person who has the home tab open, or had it lately.
type subscriber struct {
	team   string // as Slack told with the opening
	at     time.Time
	shown  string // hash of what was published last
	queued bool
}

// mostOpened is how many openings wait at once; whoever misses it opens the tab again.
const mostOpened = 64

func (h *Publisher) prepare() {
	h.once.Do(func() {
		h.opened, h.nudge = make(chan opening, mostOpened), make(chan struct{}, 1)
		h.limit = rate.NewLimiter(rate.Every(time.Minute/homeBudget), homeBudget/4)
		h.queue = workqueue.New(4)
		h.subs, h.moved, h.known = map[reset.Person]*subscriber{}, map[reset.ID]bool{}, map[reset.ID]string{}
	})
}

// Opened has the tab of a person published who has just opened it.
func (h *Publisher) Opened(by reset.Person, team string) {
	h.prepare()
	select {
	case h.opened <- opening{by, team}:
	default:
	}
}

// Run publishes the tabs that are opened, and again when something of them
// changes, until ctx is done.
func (h *Publisher) Run(ctx context.Context) error {
	h.prepare()
	defer h.queue.Wait()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { workqueue.Watch(ctx, h.Source.Watch, h.Log, h.note) })
	wg.Go(func() { h.keep(ctx) })
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-h.opened:
			h.publishFor(ctx, o)
		}
	}
}

// publishFor publishes the tab of a person who has just opened it.
func (h *Publisher) publishFor(ctx context.Context, o opening) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.subs[o.by]
	if v == nil {
		v = &subscriber{}
		h.subs[o.by] = v
	}
	v.team, v.at, v.shown = o.team, h.Now(), ""
	h.forget()
	h.enqueue(ctx, o.by, v)
}

// forget drops those who have not looked for long, and the one who looked first when there are too many. h.mu is held.
func (h *Publisher) forget() {
	var first reset.Person
	for p, v := range h.subs {
		if h.Now().Sub(v.at) > homeLasts {
			delete(h.subs, p)
			continue
		}
		if old := h.subs[first]; old == nil || v.at.Before(old.at) {
			first = p
		}
	}
	if len(h.subs) > homesKept {
		delete(h.subs, first)
	}
}

// enqueue has a person's tab published, once however often it is asked for meanwhile. h.mu is held.
func (h *Publisher) enqueue(ctx context.Context, p reset.Person, v *subscriber) {
	if v.queued {
		return
	}
	v.queued = true
	h.queue.Add(ctx, string(p), workqueue.Once(func() { h.publish(ctx, p) }))
}

// publish shows a person their tab as it is now. What fails is tried again with the next change or opening.
func (h *Publisher) publish(ctx context.Context, p reset.Person) {
	if h.limit.Wait(ctx) != nil {
		return
	}
	h.mu.Lock()
	v := h.subs[p]
	if v == nil {
		h.mu.Unlock()
		return
	}
	v.queued = false
	team, shown := v.team, v.shown
	h.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, homeTime)
	defer cancel()
	hash, err := h.show(ctx, opening{p, team}, shown)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			h.Log.Warn("a home tab was not published", "user", p, "error", slackapi.LogText(err), "todo", slackapi.Hint(err))
		}
		return
	}
	h.mu.Lock()
	if v := h.subs[p]; v != nil {
		v.shown = hash
	}
	h.mu.Unlock()
}

func (h *Publisher) show(ctx context.Context, o opening, shown string) (hash string, err error) {
	tab, err := h.tab(ctx, o)
	if err != nil {
		return "", err
	}
	hash, err = view.Message{Blocks: tab.Blocks.BlockSet}.Hash()
	if err != nil || hash == shown {
		return hash, err
	}
	for {
		_, err = h.Slack.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: string(o.by), View: tab})
		var limited *slack.RateLimitedError
		if !errors.As(err, &limited) || slackapi.Pause(ctx, slackapi.RetryDelay(err, 0)) != nil || h.limit.Wait(ctx) != nil {
			return hash, err
		}
	}
}

// tab makes the home tab of a person. It says so where the desk refuses the person.
func (h *Publisher) tab(ctx context.Context, o opening) (slack.HomeTabViewRequest, error) {
	in := desk.Intent{By: o.by, Team: o.team, Asked: h.Now()}
	got, err := h.Source.Home(ctx, in)
	if words, refused := desk.RefusalWords(err); refused {
		return view.HomeTab(reset.Home{Standing: reset.Standing{Person: o.by, Why: words}}), nil
	}
	if err != nil {
		return slack.HomeTabViewRequest{}, fmt.Errorf("ask what concerns %s: %w", o.by, err)
	}
	got.Person = o.by
	return view.HomeTab(got), nil
}

// keep publishes the open tabs again when something of them changes, until ctx is done.
func (h *Publisher) keep(ctx context.Context) {
	for workqueue.Rest(ctx, 0, h.nudge) && workqueue.Rest(ctx, homeEvery, nil) {
		if h.differs(ctx) {
			h.again(ctx)
		}
	}
}

// note remembers that a request moved.
func (h *Publisher) note(id reset.ID) {
	h.mu.Lock()
	h.moved[id] = true
	h.mu.Unlock()
	select {
	case h.nudge <- struct{}{}:
	default:
	}
}

// differs reports whether one of the requests that moved looks different in a
// home tab: most moves only tell of one more user.
func (h *Publisher) differs(ctx context.Context) bool {
	h.mu.Lock()
	moved := h.moved
	h.moved = map[reset.ID]bool{}
	h.mu.Unlock()
	news := false
	for id := range moved {
		r, err := h.Source.Get(ctx, id)
		if err != nil {
			delete(h.known, id)
			news = true
			continue
		}
		now := fingerprint(r)
		news = news || h.known[id] != now
		if h.known[id] = now; r.State.Settled() {
			delete(h.known, id)
		}
	}
	return news
}

// fingerprint is what a home tab shows of a request, as far as that changes.
func fingerprint(r *reset.Request) string {
	s := fmt.Sprintf("%s %d %d %d", r.State, r.Plan.Revision, len(r.Approved), len(r.Revoked))
	if r.Pause != nil {
		s += " " + string(r.Pause.Cause) + string(r.Pause.By)
	}
	return s
}

// again publishes the tab of everybody who has looked lately.
func (h *Publisher) again(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget()
	for p, v := range h.subs {
		h.enqueue(ctx, p, v)
	}
}
