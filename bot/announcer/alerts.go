package announcer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

const (
	alertPrefix    = "alert-"
	reportedPrefix = alertPrefix + "reported-"
)

// AlertPoster tells a channel of its own what somebody should look at: break-glass
// requests when they wait, are approved and end, and users who did not expect a reset.
type AlertPoster struct {
	Slack   *slack.Client // made by [slackapi.NewClient]
	Record  Record
	Channel reset.Channel // "": users' reports go where the request was made, and nothing else is told
	Log     *slog.Logger
	Now     func() time.Time
}

// Run tells until ctx is done.
func (a *AlertPoster) Run(ctx context.Context) error {
	run := &alertRun{a, newSender(a.Slack, a.Record, a.Log, a.Now)}
	return (&workqueue.Follower{Name: "alerts", Requests: a.Record, Log: a.Log, Now: a.Now, Do: run.look, Delay: delay(a.Log, "alerts")}).Run(ctx)
}

// alertRun is one Run of an AlertPoster.
type alertRun struct {
	*AlertPoster
	sender *sender
}

// look posts the alerts of a request that are not posted yet.
func (a *alertRun) look(ctx context.Context, id reset.ID) (again time.Duration, err error) {
	r, err := a.Record.Get(ctx, id)
	if errors.Is(err, reset.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", id, err)
	}
	all := alerts(r)
	if a.Channel == "" {
		all = slices.DeleteFunc(all, func(w alert) bool { return !strings.HasPrefix(string(w.slot), reportedPrefix) })
	}
	if len(all) == 0 {
		return 0, nil
	}
	list, err := a.Record.Messages(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("read the messages of %s: %w", id, err)
	}
	have := bySlot(list)
	for _, w := range all {
		m := have[w.slot]
		if m.TS != "" && m.Shown != "" || m.Gone {
			continue
		}
		m.Slot, m.Channel = w.slot, cmp.Or(a.Channel, r.Asked.Channel)
		hash, bad := w.what.Hash()
		if bad != nil {
			return 0, bad
		}
		if _, one := a.sender.put(ctx, r, m, w.what, hash); one != nil { // the others do not wait for it
			err = errors.Join(err, fmt.Errorf("%s of %s: %w", w.slot, id, one))
		}
	}
	return 0, err
}

// alert is one message in the channel for alerts.
type alert struct {
	slot reset.Slot
	what view.Message
}

// alerts are what a request has given cause to tell, each once.
func alerts(r *reset.Request) []alert {
	var all []alert
	add := func(name string, m view.Message) { all = append(all, alert{reset.Slot(alertPrefix + name), m}) }
	if r.Asked.Options.BreakGlass && r.Plan.Digest != "" {
		add("opened", view.GlassAlert(r, "waits for approval"))
		if !r.ApprovedAt.IsZero() {
			add("approved", view.GlassAlert(r, "was approved"))
		}
		if r.State.Settled() {
			add("ended", view.GlassAlert(r, "has ended"))
		}
	}
	for _, w := range r.Reported {
		add("reported-"+strconv.Itoa(w.Row), view.ReportAlert(r, w))
	}
	return all
}
