package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/listener"
	"factorbot/bot/reset"
)

// slowDesk takes until it is let go to open requests from files, to tell who has
// enrolled and to resume; each of them notes that it began.
type slowDesk struct {
	*deskInMemory
	began chan string
	let   chan struct{}
}

func (d *slowDesk) wait(ctx context.Context, what string) {
	d.began <- what
	select {
	case <-ctx.Done():
	case <-d.let:
	}
}

func (d *slowDesk) MayAsk(ctx context.Context, in desk.Intent, reason string) error {
	d.wait(ctx, "upload")
	return d.deskInMemory.MayAsk(ctx, in, reason)
}

func (d *slowDesk) Enrolled(ctx context.Context, _ reset.ID) (int, []time.Time, error) {
	d.wait(ctx, "enrolled")
	return 2, []time.Time{time.Now()}, nil
}

func (d *slowDesk) Resume(ctx context.Context, in desk.Intent) (*reset.Request, error) {
	d.wait(ctx, "resume")
	if in.Overtaken() {
		return nil, desk.ErrOvertaken
	}
	return d.deskInMemory.Resume(ctx, in)
}

// A person's stop waits for nothing: neither for their own slow command, nor for
// eight slow downloads. Their resume that is still being judged does not undo it.
func TestListener_stopsWaitForNothing(t *testing.T) {
	w := newWorld(t)
	slow := &slowDesk{deskInMemory: w.desk, began: make(chan string, 100), let: make(chan struct{})}
	w.with = func(_ *listener.Listener, h *handler.Handler) { h.Desk, h.Enrolled = slow, slow }
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.approveAndRun("FR-1")
	for n := range 9 {
		w.upload("U_REQUESTER", "why", fmt.Sprintf("list-%d.csv", n), threeUsers)
	}
	say := func(text string) {
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = w.slack.Command(context.Background(), "U_APPROVER1", "C_FACTORS", text) })
		w.Cleanup(wg.Wait)
	}
	say("/factor-reset enrolled FR-1")
	for range 8 { // workers for what is slow
		<-slow.began
	}
	if got := w.command("U_APPROVER1", "C_FACTORS", "/factor-reset freeze because attack"); !strings.Contains(got, "frozen") {
		t.Errorf("freeze: %s", got)
	}
	if got := w.command("U_APPROVER1", "C_FACTORS", "/factor-reset pause FR-1"); !strings.Contains(got, "FR-1: paused") {
		t.Errorf("pause: %s", got)
	}
	say("/factor-reset resume FR-1")
	for what := ""; what != "resume"; {
		what = <-slow.began
	}
	w.command("U_APPROVER1", "C_FACTORS", "/factor-reset pause FR-1")
	close(slow.let)
	w.until("the resume is refused", w.told("U_APPROVER1", "It was stopped after you pressed"))
	if r, err := w.Get(context.Background(), "FR-1"); err != nil || r.State != reset.Paused {
		t.Errorf("%s, %v", r.State, err)
	}
}

// busyDesk says once that Slack asked for patience.
type busyDesk struct {
	*deskInMemory
	mu   sync.Mutex
	busy int
}

func (d *busyDesk) MayAsk(ctx context.Context, in desk.Intent, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy > 0 {
		d.busy--
		return &desk.AwayError{Service: "Slack", Err: &slack.RateLimitedError{RetryAfter: time.Second}}
	}
	return d.deskInMemory.MayAsk(ctx, in, reason)
}

// Where Slack asks for patience about a person, what they want waits and is done.
func TestListener_intentWaitsForSlacksLimits(t *testing.T) {
	w := newWorld(t)
	w.with = func(_ *listener.Listener, h *handler.Handler) { h.Desk = &busyDesk{deskInMemory: w.desk, busy: 2} }
	w.start().listens()
	w.upload("U_REQUESTER", "why", "list.csv", threeUsers)
	w.until("the request", w.told("U_REQUESTER", "FR-1: planning"))
	w.until("the inbox is empty", func() bool { return w.pending() == 0 })
}
