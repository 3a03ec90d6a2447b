package store

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// exportKept is how long the file of an export is kept if it cannot be delivered.
const exportKept = 7 * 24 * time.Hour

// exportPiece is how many bytes of a file stand in one value, before they are deflated.
const exportPiece = 256 << 10

func exportPrefix(n int) string { return fmt.Sprintf("export/%08x/", n) }

// SaveExport replaces the file that is kept of an export by what write writes,
// piece by piece. If it fails, what is kept is of no use: the head tells of a
// file only after it is whole.
func (t *Term) SaveExport(ctx context.Context, id reset.ID, write func(io.Writer) error) error {
	if err := t.DropExport(ctx, id); err != nil {
		return err
	}
	w := bufio.NewWriterSize(&pieces{ctx: ctx, t: t, n: id.Number()}, exportPiece)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return fmt.Errorf("keep the export of %s: %w", id, err)
	}
	return nil
}

// pieces writes a file into values.
type pieces struct {
	ctx context.Context
	t   *Term
	n   int // number of the request
	no  int64
}

func (p *pieces) Write(b []byte) (n int, err error) {
	for piece := range slices.Chunk(b, exportPiece) {
		if err := p.put(piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

func (p *pieces) put(piece []byte) error {
	var out bytes.Buffer
	zip, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := zip.Write(piece); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	p.no++
	return retryOnConflict(p.ctx, func() error { // while the request is there
		head, err := kv.Get(p.ctx, p.t.engine, headKey(p.n))
		if err == nil && head.Rev == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = p.t.commit(p.ctx, []kv.Cond{{Key: head.Key, Rev: head.Rev}}, kv.Put(series.Key(exportPrefix(p.n), p.no), out.Bytes()))
		return err
	})
}

// ReadExport writes the file that is kept of an export; nothing where none is.
func (r *Reader) ReadExport(ctx context.Context, id reset.ID, w io.Writer) error {
	for p, err := range kv.Scan(ctx, r.engine, exportPrefix(id.Number()), 1) {
		if err != nil {
			return fmt.Errorf("read the export of %s: %w", id, err)
		}
		if _, err := io.Copy(w, flate.NewReader(bytes.NewReader(p.Value))); err != nil {
			return fmt.Errorf("read the export of %s: %w", id, err)
		}
	}
	return nil
}

// DropExport removes the file of an export that was delivered, or will not be.
func (t *Term) DropExport(ctx context.Context, id reset.ID) error {
	prefix := exportPrefix(id.Number())
	kept, _, err := t.engine.Read(ctx, prefix, kv.PrefixEnd(prefix), 1)
	if err == nil && len(kept) > 0 {
		_, err = t.commit(ctx, nil, kv.RemovePrefix(prefix))
	}
	if err != nil {
		return fmt.Errorf("forget the export of %s: %w", id, err)
	}
	return nil
}

// sweepExports removes files that could not be delivered.
func (t *Term) sweepExports(ctx context.Context, now time.Time) error {
	for head, err := range t.heads(ctx) {
		if err != nil {
			return err
		}
		if head.Asked.Kind != reset.KindExport || !head.State.Settled() || now.Sub(head.SettledAt) < exportKept {
			continue
		}
		if err := t.DropExport(ctx, head.ID); err != nil {
			return err
		}
	}
	return nil
}
