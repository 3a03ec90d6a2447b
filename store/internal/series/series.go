// Package series keeps runs of numbered items as JSON lines, several items to a value.
package series

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"factorbot/store/internal/kv"
)

// BlockLen is how many items one value holds at most. A block begins at a number of the
// form 500 k + 1, and no value goes over its end, so that a reader finds it without an index.
const BlockLen = 500

// BlockBytes is how many bytes of JSON one value holds at most; wide rows make shorter blocks.
const BlockBytes = 256 << 10

// pageLen is how many values a reader takes at once.
const pageLen = 32

// The first byte of a value in a series says how the JSON lines after it are kept.
const (
	plain    = '='
	deflated = 'z'
)

// BlockStart returns the first number of the block that a number is in.
func BlockStart(no int64) int64 { return (no-1)/BlockLen*BlockLen + 1 }

// Key is the key of the value that begins with an item.
func Key(prefix string, no int64) string { return fmt.Sprintf("%s%012d", prefix, no) }

// Series is a run of items with ascending numbers, kept as JSON lines in values
// of several items each, under the number of the first.
type Series[T any] struct {
	Prefix string
	Number func(T) int64
}

// From yields the items with this number and later ones.
func (s Series[T]) From(ctx context.Context, e kv.Engine, from int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		start, err := s.start(ctx, e, max(from, 1))
		if err != nil {
			var none T
			yield(none, fmt.Errorf("read %s: %w", s.Prefix, err))
			return
		}
		s.scan(ctx, e, start, from)(yield)
	}
}

// UpTo yields the items from a number to the last, and fails where one is missing. Where
// the next is not found, its block may have been sealed meanwhile: it is looked for again.
func (s Series[T]) UpTo(ctx context.Context, e kv.Engine, from, last int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		next := max(from, 1)
		if next > last {
			return
		}
		for tries := 0; tries < 2; tries++ {
			for item, err := range s.From(ctx, e, next) {
				if err == nil && s.Number(item) != next {
					break
				}
				if !yield(item, err) || err != nil {
					return
				}
				if next++; next > last {
					return
				}
				tries = 0
			}
		}
		var none T
		yield(none, fmt.Errorf("read %s: entry %d is missing", s.Prefix, next))
	}
}

// Stored yields the items as they are stored, in the order of the keys, whatever their
// numbers.
func (s Series[T]) Stored(ctx context.Context, e kv.Engine) iter.Seq2[T, error] {
	return s.scan(ctx, e, s.Prefix, math.MinInt64)
}

// start returns the key of the value that begins with a number, or of the block that the
// number is in.
func (s Series[T]) start(ctx context.Context, e kv.Engine, no int64) (string, error) {
	block := BlockStart(no)
	if no != block {
		if p, err := kv.Get(ctx, e, Key(s.Prefix, no)); err != nil || p.Rev != 0 {
			return p.Key, err
		}
	}
	return Key(s.Prefix, block), nil
}

// scan yields the items of the values from a key on, those before a number left out.
func (s Series[T]) scan(ctx context.Context, e kv.Engine, key string, from int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for p, err := range kv.ScanRange(ctx, e, key, kv.PrefixEnd(s.Prefix), pageLen) {
			if err != nil {
				yield(none, fmt.Errorf("read %s: %w", s.Prefix, err))
				return
			}
			items, err := Unpack[T](p.Value)
			if err != nil {
				yield(none, fmt.Errorf("read %s: %w", p.Key, err))
				return
			}
			for _, item := range items {
				if s.Number(item) >= from && !yield(item, nil) {
					return
				}
			}
		}
	}
}

// Writer writes a series block by block.
type Writer[T any] struct {
	Series Series[T]
	zip    Deflater
	lines  bytes.Buffer
	first  int64 // number of the first item in lines
	last   int64
}

// Add takes the next item, and first puts the block before it where that is full.
func (w *Writer[T]) Add(item T, put func(key string, block []byte) error) error {
	no := w.Series.Number(item)
	if no <= w.last {
		return fmt.Errorf("row %d comes after row %d", no, w.last)
	}
	line, err := json.Marshal(item)
	if err != nil {
		return err
	}
	if w.lines.Len() > 0 && (BlockStart(no) != BlockStart(w.first) || w.lines.Len() > BlockBytes) {
		if err := w.Close(put); err != nil {
			return err
		}
	}
	if w.lines.Len() == 0 {
		w.first = no
	}
	w.last = no
	w.lines.Write(append(line, '\n'))
	return nil
}

// Close puts the last block.
func (w *Writer[T]) Close(put func(key string, block []byte) error) error {
	if w.lines.Len() == 0 {
		return nil
	}
	block := w.zip.Value(w.lines.Bytes())
	w.lines.Reset()
	return put(Key(w.Series.Prefix, w.first), block)
}

// Value returns JSON lines as a value that is not deflated.
func Value(lines []byte) []byte { return append([]byte{plain}, lines...) }

// Deflater makes values of JSON lines, one after the other. Its tables of over half a
// megabyte are made once.
type Deflater struct {
	zip *flate.Writer
	out bytes.Buffer
}

// Value returns the lines as a value.
func (d *Deflater) Value(lines []byte) []byte {
	d.out.Reset()
	d.out.WriteByte(deflated)
	if d.zip == nil {
		d.zip, _ = flate.NewWriter(nil, flate.BestSpeed) // fails for an unknown level only
	}
	d.zip.Reset(&d.out)
	_, _ = d.zip.Write(lines) // a buffer takes everything
	_ = d.zip.Close()
	return bytes.Clone(d.out.Bytes())
}

// Unpack returns the items of a value.
func Unpack[T any](value []byte) ([]T, error) {
	text, err := Lines(value)
	if err != nil {
		return nil, err
	}
	items := make([]T, 0, bytes.Count(text, []byte{'\n'}))
	for l := range bytes.Lines(text) {
		var item T
		if err := json.Unmarshal(l, &item); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// Lines returns the JSON lines of a value.
func Lines(value []byte) ([]byte, error) {
	switch {
	case len(value) == 0:
		return nil, errors.New("an empty value")
	case value[0] == plain:
		return value[1:], nil
	case value[0] == deflated:
		return io.ReadAll(flate.NewReader(bytes.NewReader(value[1:])))
	}
	return nil, fmt.Errorf("a value of an unknown kind %q", value[0])
}
