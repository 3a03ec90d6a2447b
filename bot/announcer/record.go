package announcer

import (
	"context"
	"iter"
	"time"

	"factorbot/bot/reset"
)

// Record is what the messages are rendered from, and where it is kept which ones there are.
type Record interface {
	// Watch yields first every request that is not settled, then each whose head
	// or log moved. It may merge; it never misses the last state.
	Watch(ctx context.Context) iter.Seq2[reset.ID, error]
	// Settled yields the requests that were asked since, and are settled.
	Settled(ctx context.Context, since time.Time) iter.Seq2[reset.ID, error]
	// Get returns a request, or reset.ErrNotFound.
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error]
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	// Messages returns the references of a request's messages that were posted, or are about to be.
	Messages(ctx context.Context, id reset.ID) ([]reset.Message, error)
	SaveMessages(ctx context.Context, id reset.ID, m ...reset.Message) error
}
