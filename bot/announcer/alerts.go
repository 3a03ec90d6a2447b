package announcer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view"
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
	s := newSender(a.Slack, a.Record, a.Log, a.Now)
	return s.follow(ctx, func(ctx context.Context, r *reset.Request) (time.Duration, error) { return 0, a.look(ctx, s, r) })
}

// look posts the alerts of a request that are not posted yet.
func (a *AlertPoster) look(ctx context.Context, s *sender, r *reset.Request) error {
	all := alerts(r, a.Channel)
	if len(all) == 0 {
		return nil
	}
	have, err := s.messages(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, w := range all {
		m := have[w.slot]
		if m.TS != "" && m.Shown != "" || m.Gone {
			continue
		}
		m.Slot, m.Channel = w.slot, cmp.Or(a.Channel, r.Asked.Channel)
		if _, one := s.put(ctx, r, m, w.what); one != nil { // the others do not wait for it
			err = errors.Join(err, fmt.Errorf("%s of %s: %w", w.slot, r.ID, one))
		}
	}
	return err
}

// alert is one message in the channel for alerts.
type alert struct {
	slot reset.Slot
	what view.Message
}

// alerts are what a request has given cause to tell, each once. How far it is with break
// glass is told in the channel for alerts alone.
func alerts(r *reset.Request, channel reset.Channel) []alert {
	var all []alert
	add := func(name string, m view.Message) { all = append(all, alert{reset.Slot("alert-" + name), m}) }
	if r.Asked.Options.BreakGlass && r.Plan.Digest != "" && channel != "" {
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
