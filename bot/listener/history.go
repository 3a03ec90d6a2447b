package listener

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

const (
	// overlap is how far before the last event the history is read again: events come out of order.
	overlap = 10 * time.Minute
	// keysKept is how long the inbox surely knows a key; an older upload was taken up if the
	// bot has replied to it.
	keysKept = 25 * time.Hour
	// catchUpEvery is how long to wait before a history that could not be read is read again.
	catchUpEvery = time.Minute
)

// channelsAtOnce is how many channels' histories are read at once: one for which Slack
// does not answer delays no other.
const channelsAtOnce = 4

// catchUp reads the channels' history at the start and after each gap, for
// uploads whose events Slack did not deliver.
func (r *run) catchUp(ctx context.Context) error {
	for {
		var failed atomic.Bool
		var g errgroup.Group
		g.SetLimit(channelsAtOnce)
		for _, c := range r.Channels() {
			g.Go(func() error {
				if err := r.catchUpOn(ctx, c); err != nil && ctx.Err() == nil {
					r.Log.Error("the channel's history cannot be read", "channel", c, "error", slackapi.LogText(err), "todo", slackapi.Hint(err), "retry_in", catchUpEvery.String())
					failed.Store(true)
				}
				return nil
			})
		}
		_ = g.Wait() // errors are logged, and tried again
		var again <-chan time.Time
		if failed.Load() {
			again = time.After(catchUpEvery)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.missed:
		case <-again:
		}
	}
}

func (r *run) catchUpOn(ctx context.Context, c reset.Channel) error {
	last, err := r.ReadPositions.LastSeen(ctx, c)
	if err != nil {
		return fmt.Errorf("ask how far %s was read: %w", c, err)
	}
	if last == "" { // what was there before the bot is not for it
		now := r.Now()
		if slack, known := r.Clock.Now(); known {
			now = slack
		}
		return r.ReadPositions.Seen(ctx, c, view.Timestamp(now))
	}
	missed, newest, err := r.history(ctx, c, view.Timestamp(view.ParseTimestamp(last).Add(-overlap)))
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(missed) {
		fresh, err := r.receive(ctx, e)
		if err != nil {
			return fmt.Errorf("record an upload of the history: %w", err)
		}
		if fresh {
			r.Log.Info("an upload was taken up from the history", "channel", c, "ts", e.TS)
		}
	}
	if newest <= last {
		return nil
	}
	return r.ReadPositions.Seen(ctx, c, newest)
}

// history returns the uploads since oldest, newest first, and the newest ts of all messages.
func (r *run) history(ctx context.Context, c reset.Channel, oldest string) (found []*event.Event, newest string, err error) {
	p := &slack.GetConversationHistoryParameters{ChannelID: string(c), Oldest: oldest, Limit: 200}
	for try := 0; ; {
		page, err := r.Slack.GetConversationHistoryContext(ctx, p)
		if err != nil {
			if try++; try > 5 || slackapi.Pause(ctx, slackapi.RetryDelay(err, try)) != nil {
				return nil, "", fmt.Errorf("read the history of %s: %w", c, err)
			}
			continue
		}
		for _, m := range page.Messages {
			newest = max(newest, m.Timestamp)
			if e := slackapi.Message(string(c), m).Upload(); e != nil && r.isOurs(e) && !r.served(m) {
				found = append(found, e)
			}
		}
		if p.Cursor = page.ResponseMetaData.NextCursor; p.Cursor == "" || !page.HasMore {
			return found, newest, nil
		}
	}
}

// served reports whether an upload whose key may be forgotten has our reply.
func (r *run) served(m slack.Message) bool {
	return r.Now().Sub(view.ParseTimestamp(m.Timestamp)) > keysKept && slices.Contains(m.ReplyUsers, string(r.bot.User))
}
