package announcer

import (
	"context"
	"io"

	"factorbot/bot/reset"
)

// Exports are the files of exports that are made and not delivered yet. The
// request's head tells of such a file: its length, its SHA-256, its columns.
type Exports interface {
	// ReadExport writes the file, from its beginning. What it writes is checked against the head's SHA-256 by who delivers it.
	ReadExport(ctx context.Context, id reset.ID, w io.Writer) error
	// DropExport forgets the file, when it was delivered or shall not be. It may be called again.
	DropExport(ctx context.Context, id reset.ID) error
}
