package app

import (
	"context"
	"log/slog"
	"time"

	"factorbot/bot/slackapi"
	"factorbot/store"
)

// sweepEvery is the time between two clean-ups of the record; the first comes at the start.
const sweepEvery = time.Hour

// sweep takes out of the record what has been kept long enough.
func sweep(ctx context.Context, term *store.Term, log *slog.Logger) error {
	for {
		if err := term.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log.Error("the record cannot be cleaned up", "err", err)
		}
		if slackapi.Pause(ctx, sweepEvery) != nil {
			return nil
		}
	}
}
