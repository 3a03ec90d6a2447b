package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/bot/batch"
	"factorbot/bot/planner"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/okta"
)

// exportAhead is for how many users factors are read before their lines are written.
const exportAhead = 64

// exportStep does what an export's state asks for where that is not as with resets.
func (d *driver) exportStep(ctx context.Context, r *reset.Request) (handled bool, err error) {
	switch r.State {
	case reset.Running:
		return true, d.export(ctx, r)
	case reset.Stopping:
		if err := d.Record.DropExport(ctx, d.id); err != nil {
			return true, err
		}
	}
	return false, nil
}

// export writes the file from the first line, until it is whole or the request
// moves: a pause or a crash in the middle begins again, for the list may have changed.
func (d *driver) export(ctx context.Context, r *reset.Request) error {
	c := batch.NewControl(ctx, ctx, r, d.Record, d.session, func() int { return d.Rules().PauseAfter })
	c.Watch()
	defer c.Close()
	made, err := d.makeExport(okta.WithLane(c.Context(), okta.Lane(d.id)), r)
	no, refused := errors.AsType[*policy.Refusal](err)
	switch {
	case c.Stopped():
		return c.Err()
	case refused:
		c.Pause(reset.CauseErrors, no.Words)
		return c.Err()
	case okta.IsKind(err, okta.KindAuth, okta.KindScope, okta.KindForbidden, okta.KindExpression):
		c.Pause(reset.CauseErrors, "The users can't be listed. "+batch.Advice(err))
		return c.Err()
	case err != nil:
		return err
	}
	_, err = d.Record.Update(ctx, d.id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if r.State != reset.Running {
			return nil, reset.ErrChanged
		}
		return r.Exported(made, time.Now())
	})
	return err
}

// makeExport writes the file into the record.
func (d *driver) makeExport(ctx context.Context, r *reset.Request) (made reset.Export, err error) {
	sel, err := d.planner.Selection(ctx, r.Asked.Source)
	if err != nil {
		return made, err
	}
	err = d.Record.SaveExport(ctx, d.id, func(w io.Writer) error {
		x := &export{driver: d, made: reset.Export{Columns: roster.ExportColumns(r.Asked.Columns)}}
		sum := sha256.New()
		if err := roster.WriteExport(io.MultiWriter(w, sum, x), x.made.Columns, x.lines(ctx, sel)); err != nil {
			return err
		}
		x.made.SHA256 = reset.Digest(hex.EncodeToString(sum.Sum(nil)))
		made = x.made
		return nil
	})
	return made, err
}

// export is one making of a file.
type export struct {
	*driver
	made reset.Export
}

// Write counts.
func (x *export) Write(p []byte) (int, error) {
	x.made.Bytes += int64(len(p))
	return len(p), nil
}

// lines streams the file's lines. Some users at a time are held back until their factors
// are read.
func (x *export) lines(ctx context.Context, sel okta.Selection) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var held []okta.Listed
		emit := func() bool {
			ok := x.emit(ctx, held, yield)
			held = held[:0]
			return ok
		}
		for u, err := range x.Okta.List(ctx, sel) {
			switch {
			case okta.IsKind(err, okta.KindTruncated):
				x.made.Note = planner.Truncated(err)
			case err != nil:
				yield(nil, fmt.Errorf("list the users: %w", err))
				return
			default:
				held = append(held, u)
			}
			if len(held) == exportAhead && !emit() {
				return
			}
		}
		emit()
	}
}

// emit yields the lines of some users.
func (x *export) emit(ctx context.Context, users []okta.Listed, yield func([]string, error) bool) bool {
	factors, err := x.factors(ctx, users)
	if err != nil {
		yield(nil, err)
		return false
	}
	for i, u := range users {
		line := make([]string, len(x.made.Columns))
		for j, c := range x.made.Columns {
			if c == planner.FactorsColumn {
				line[j] = factors[i]
				continue
			}
			line[j] = u.Column(c)
		}
		x.made.Users++
		if !yield(line, nil) {
			return false
		}
	}
	return true
}

// factors reads the types of the users' factors, if there is such a column. The cell of a
// user whose factors may not be read, or who has just gone, stays empty and is counted.
func (x *export) factors(ctx context.Context, users []okta.Listed) ([]string, error) {
	cells := make([]string, len(users))
	if !slices.Contains(x.made.Columns, planner.FactorsColumn) {
		return cells, nil
	}
	var unread atomic.Int64
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(max(1, x.Pace.Concurrency))
	for i, u := range users {
		reading.Go(func() error {
			list, err := x.Okta.Factors(ctx, u.ID)
			switch {
			case okta.IsKind(err, okta.KindNotFound, okta.KindForbidden):
				unread.Add(1)
			case err != nil:
				return fmt.Errorf("list the factors of line %d: %w", x.made.Users+i+1, err)
			}
			cells[i] = strings.Join(planner.FactorTypes(list), " ")
			return nil
		})
	}
	err := reading.Wait()
	x.made.Unread += int(unread.Load())
	return cells, err
}
