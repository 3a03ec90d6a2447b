package bot

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// Porch is what home tabs are made of.
type Porch interface {
	Home(ctx context.Context, in desk.Intent) (desk.Home, error)
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

// homes keeps the home tabs of those who have opened theirs lately. Slack tells
// of each opening, so nothing needs to be remembered over a restart.
type homes struct {
	*listening
	budget *rate.Limiter
	lanes  *workqueue.Queue

	mu      sync.Mutex
	viewers map[reset.Person]*viewer
	moved   map[reset.ID]bool
	known   map[reset.ID]string // what a home tab showed of a request that is not settled
	nudge   chan struct{}
}

// viewer is a person who has the home tab open, or had it lately.
type viewer struct {
	opened event.Event
	at     time.Time
	shown  string // hash of what was published last
	queued bool
}

func newHomes(l *listening) *homes {
	return &homes{
		listening: l, budget: rate.NewLimiter(rate.Limit(float64(homeBudget)/time.Minute.Seconds()), homeBudget/4), lanes: workqueue.New(4),
		viewers: map[reset.Person]*viewer{}, moved: map[reset.ID]bool{}, known: map[reset.ID]string{}, nudge: make(chan struct{}, 1),
	}
}

// opened publishes the tab of a person who has just opened it.
func (h *homes) opened(ctx context.Context, a *event.Event) {
	if h.Porch == nil {
		return
	}
	h.mu.Lock()
	v := h.viewers[a.By]
	if v == nil {
		v = &viewer{}
		h.viewers[a.By] = v
	}
	v.opened, v.at, v.shown = *a, h.Now(), ""
	h.forget()
	h.queue(ctx, a.By, v)
	h.mu.Unlock()
}

// forget drops those who have not looked for long, and the one who looked first when there are too many. h.mu is held.
func (h *homes) forget() {
	var first reset.Person
	for p, v := range h.viewers {
		if h.Now().Sub(v.at) > homeLasts {
			delete(h.viewers, p)
			continue
		}
		if old := h.viewers[first]; old == nil || v.at.Before(old.at) {
			first = p
		}
	}
	if len(h.viewers) > homesKept {
		delete(h.viewers, first)
	}
}

// queue has a person's tab published, once however often it is asked for meanwhile. h.mu is held.
func (h *homes) queue(ctx context.Context, p reset.Person, v *viewer) {
	if v.queued {
		return
	}
	v.queued = true
	h.lanes.Add(ctx, string(p), workqueue.Once(func() { h.publish(ctx, p) }))
}

// publish shows a person their tab as it is now. What fails is tried again with the next change or opening.
func (h *homes) publish(ctx context.Context, p reset.Person) {
	if h.budget.Wait(ctx) != nil {
		return
	}
	h.mu.Lock()
	v := h.viewers[p]
	if v == nil {
		h.mu.Unlock()
		return
	}
	v.queued = false
	a, shown := v.opened, v.shown
	h.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, homeTime)
	defer cancel()
	hash, err := h.show(ctx, &a, shown)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			h.Log.Warn("a home tab was not published", "user", p, "error", slackapi.LogText(err), "todo", slackapi.Hint(err))
		}
		return
	}
	h.mu.Lock()
	if v := h.viewers[p]; v != nil {
		v.shown = hash
	}
	h.mu.Unlock()
}

func (h *homes) show(ctx context.Context, a *event.Event, shown string) (hash string, err error) {
	tab, err := h.tab(ctx, a)
	if err != nil {
		return "", err
	}
	hash, err = view.Message{Blocks: tab.Blocks.BlockSet}.Hash()
	if err != nil || hash == shown {
		return hash, err
	}
	for {
		_, err = h.Slack.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: string(a.By), View: tab})
		var limited *slack.RateLimitedError
		if !errors.As(err, &limited) || slackapi.Pause(ctx, slackapi.RetryDelay(err, 0)) != nil || h.budget.Wait(ctx) != nil {
			return hash, err
		}
	}
}

// tab makes the home tab of a person; of one whom the desk refuses it says so.
func (h *homes) tab(ctx context.Context, a *event.Event) (slack.HomeTabViewRequest, error) {
	in := intent(a)
	in.Asked = h.Now()
	got, err := h.Porch.Home(ctx, in)
	if words, refused := refusalWords(err); refused {
		return view.HomeTab(view.Home{Person: a.By, Why: words}), nil
	}
	if err != nil {
		return slack.HomeTabViewRequest{}, fmt.Errorf("ask what concerns %s: %w", a.By, err)
	}
	return view.HomeTab(view.Home{
		Person: a.By, Requester: got.Requester, Approver: got.Approver, Why: got.Why, Channels: got.Channels,
		Waiting: got.Waiting, Mine: got.Open, Running: got.Running, Past: got.Past, Policy: got.Policy, Approvers: got.Approvers,
	}), nil
}

// keep publishes the open tabs again when something of them changes, until ctx is done.
func (h *homes) keep(ctx context.Context) error {
	defer h.lanes.Wait()
	if h.Porch == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { h.watch(ctx) })
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-h.nudge:
		}
		if err := slackapi.Pause(ctx, homeEvery); err != nil {
			return err
		}
		if h.differs(ctx) {
			h.again(ctx)
		}
	}
}

// watch notes which requests move.
func (h *homes) watch(ctx context.Context) {
	for try := 0; ; try++ {
		for id, err := range h.Porch.Watch(ctx) {
			if err != nil {
				break
			}
			h.mu.Lock()
			h.moved[id] = true
			h.mu.Unlock()
			select {
			case h.nudge <- struct{}{}:
			default:
			}
		}
		if slackapi.Pause(ctx, slackapi.RetryDelay(nil, try)) != nil {
			return
		}
	}
}

// differs reports whether one of the requests that moved looks different in a
// home tab: most moves only tell of one more user.
func (h *homes) differs(ctx context.Context) bool {
	h.mu.Lock()
	moved := h.moved
	h.moved = map[reset.ID]bool{}
	h.mu.Unlock()
	news := false
	for id := range moved {
		r, err := h.Porch.Get(ctx, id)
		if err != nil {
			delete(h.known, id)
			news = true
			continue
		}
		now := looks(r)
		news = news || h.known[id] != now
		if h.known[id] = now; r.State.Settled() {
			delete(h.known, id)
		}
	}
	return news
}

// looks is what a home tab shows of a request, as far as that changes.
func looks(r *reset.Request) string {
	s := fmt.Sprintf("%s %d %d %d", r.State, r.Plan.Revision, len(r.Approved), len(r.Fallen))
	if r.Pause != nil {
		s += " " + string(r.Pause.Cause) + string(r.Pause.By)
	}
	return s
}

// again publishes the tab of everybody who has looked lately.
func (h *homes) again(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget()
	for p, v := range h.viewers {
		h.queue(ctx, p, v)
	}
}
