package app

import (
	"context"
	"log/slog"

	"factorbot/store"
)

// takeOver makes a restored backup into the record, before anybody acts on it, and says so.
func takeOver(ctx context.Context, term *store.Term, log *slog.Logger) error {
	done, err := term.Restored(ctx)
	if err != nil || done == nil {
		return err
	}
	log.Warn("the record is a backup: what was sent since is settled, not repeated; what was asked since is not known, and has to be asked again",
		"taken", done.Taken, "open_requests", done.Requests, "messages_dropped", done.Dropped)
	return nil
}
