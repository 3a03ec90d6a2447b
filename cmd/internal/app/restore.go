package app

import (
	"context"
	"log/slog"
	"time"

	"factorbot/bot/slackapi"
	"factorbot/store"
)

// slackTime returns what asks Slack for its time, by a call whose answer is dated; where
// it does not answer soon, this machine's clock has to do.
func slackTime(call func(context.Context) error, clock *slackapi.Clock) func(context.Context) time.Time {
	return func(ctx context.Context) time.Time {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = call(ctx) // a refusal is dated, too
		if now, known := clock.Now(); known {
			return now
		}
		return time.Now()
	}
}

// restore makes a restored backup into the record, before anybody acts on it, and says so.
func restore(ctx context.Context, term *store.Term, slackTime func(context.Context) time.Time, log *slog.Logger) error {
	if _, restored, err := term.RestoredFrom(ctx); !restored || err != nil {
		return err
	}
	done, err := term.Restored(ctx, slackTime(ctx))
	if err != nil || done == nil {
		return err
	}
	log.Warn("the record is a backup: what was sent since is settled, not repeated; what was asked since is not known, and has to be asked again",
		"taken", done.Taken, "open_requests", done.Requests, "messages_dropped", done.Dropped)
	return nil
}
