package announcer

import (
	"context"
	"io"
	"iter"

	"factorbot/bot/reset"
	"factorbot/bot/workqueue"
)

// Record is what the messages are rendered from, and where it is kept which ones there are.
type Record interface {
	workqueue.Requests
	Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error]
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	// Messages returns the references of a request's messages that were posted, or are about to be.
	Messages(ctx context.Context, id reset.ID) ([]reset.Message, error)
	SaveMessages(ctx context.Context, id reset.ID, m ...reset.Message) error
}

// Exports are the files of exports that are made and not delivered yet. The
// request's head tells of such a file: its length, its SHA-256, its columns.
type Exports interface {
	// ReadExport writes the file, from its beginning. What it writes is checked against the head's SHA-256 by who delivers it.
	ReadExport(ctx context.Context, id reset.ID, w io.Writer) error
	// DropExport forgets the file, when it was delivered or shall not be. It may be called again.
	DropExport(ctx context.Context, id reset.ID) error
}
