package bot_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

type enrolledAlways struct{}

func (enrolledAlways) Enrolled(context.Context, reset.ID) (of int, again []time.Time, err error) {
	now := time.Now()
	return 40, []time.Time{now, now.Add(30 * time.Minute), now.Add(50 * time.Minute), now.Add(3 * time.Hour)}, nil
}

// The line is posted when it is due, and edited by a later start.
func TestAfterRun(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "lost phones", "all.csv", "login\na@example.com\n")
	w.until("a request", func() bool { _, err := w.Get(context.Background(), "FR-1"); return err == nil })
	w.plan("FR-1", 5)
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	w.reset("FR-1", 1, 4)
	w.finish("FR-1", 5)
	w.until("all messages", w.complete("FR-1"))
	for _, c := range []struct {
		later time.Duration
		words []string
	}{
		{2 * time.Hour, []string{"FR-1: *3 of 40 users* set up MFA again within 1 h", `"type":"data_visualization"`, `"type":"line"`}},
		{13 * time.Hour, []string{"*4 of 40 users* set up MFA again within 12 h"}},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		a := &announcer.EnrolmentReporter{
			Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, nil), Record: w.memory, Enrolled: enrolledAlways{},
			Log: slog.New(slog.NewJSONHandler(w.logged, nil)), Now: func() time.Time { return time.Now().Add(c.later) },
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = a.Run(ctx) })
		w.until(c.words[0], w.shows("FR-1", announcer.SlotEnrolled, c.words...))
		cancel()
		wg.Wait()
	}
}
