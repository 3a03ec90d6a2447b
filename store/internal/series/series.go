// Package series keeps runs of numbered items as JSON lines: several items to a value, and a
// full block of them deflated.
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

	"factorbot/store/internal/kv"
)

// BlockLen is how many items one deflated value holds at most. A block begins at
// a number of the form 500 k + 1, so that a reader finds it without an index.
const BlockLen = 500

// BlockBytes is how many bytes of JSON one value holds at most; wide rows make shorter blocks.
const BlockBytes = 256 << 10

// PageLen is how many values a reader takes at once.
const PageLen = 16

// The first byte of a value in a series says how the JSON lines after it are kept.
const (
	Plain    = '='
	Deflated = 'z'
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

// All yields the items of a finished series from a number on.
func (s Series[T]) All(ctx context.Context, e kv.Engine, from int64) iter.Seq2[T, error] {
	return s.read(ctx, e, from, 0)
}

// UpTo yields the items of a growing series without gaps, from a number to at
// least the last, which is there.
func (s Series[T]) UpTo(ctx context.Context, e kv.Engine, from, last int64) iter.Seq2[T, error] {
	return s.read(ctx, e, from, last)
}

// Stored yields the items as they are stored, in the order of the keys, whatever their
// numbers.
func (s Series[T]) Stored(ctx context.Context, e kv.Engine) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var opened Opener
		for p, err := range kv.Scan(ctx, e, s.Prefix, PageLen) {
			var items []T
			if err == nil {
				if items, err = Unpack[T](&opened, p.Value); err != nil {
					err = fmt.Errorf("%s: %w", p.Key, err)
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// read yields items from a number on. In a growing series (last is not 0) values
// are sealed into one block behind its back: when it does not find the next item
// where it looks, it looks again from the start of the block.
func (s Series[T]) read(ctx context.Context, e kv.Engine, from, last int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		growing := last > 0
		next, aligned := max(from, 1), !growing
		c := cursor{engine: e, end: kv.PrefixEnd(s.Prefix)}
		key := Key(s.Prefix, next)
		if aligned {
			key = s.blockKey(next)
		}
		for !growing || next <= last {
			rest, after, err := s.value(ctx, &c, key, next)
			if err != nil {
				yield(none, fmt.Errorf("read %s: %w", s.Prefix, err))
				return
			}
			switch {
			case len(rest) > 0 && (!growing || s.Number(rest[0]) == next):
				key, aligned = after, !growing
				for _, item := range rest {
					no := s.Number(item)
					if growing && no != next { // the next value is then looked for, and not found, at next
						key = Key(s.Prefix, next)
						break
					}
					if next = no + 1; !yield(item, nil) {
						return
					}
				}
			case len(rest) == 0 && after != "": // only items before the one wanted
				key = after
			case !aligned:
				key, aligned = s.blockKey(next), true
			case growing:
				yield(none, fmt.Errorf("read %s: entry %d is missing", s.Prefix, next))
				return
			default:
				return
			}
		}
	}
}

// value returns the items of the first value from a key on, those before next
// left out, and the key to go on from; "" if there was no value.
func (s Series[T]) value(ctx context.Context, c *cursor, key string, next int64) (rest []T, after string, err error) {
	p, err := c.from(ctx, key)
	if err != nil || p.Rev == 0 {
		return nil, "", err
	}
	items, err := Unpack[T](&c.opened, p.Value)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", p.Key, err)
	}
	for len(items) > 0 && s.Number(items[0]) < next {
		items = items[1:]
	}
	return items, p.Key + "\x00", nil
}

// cursor reads values in the order of their keys, some at a time. It keeps them as they
// are stored: unpacked they are many times larger.
type cursor struct {
	engine kv.Engine
	end    string
	pairs  []kv.Pair // read ahead
	next   string    // the key from which they were read on
	opened Opener
}

// from returns the first pair from a key on; its revision is 0 if there is none.
func (c *cursor) from(ctx context.Context, key string) (kv.Pair, error) {
	if len(c.pairs) == 0 || c.next != key {
		pairs, _, err := c.engine.Read(ctx, key, c.end, PageLen)
		if err != nil || len(pairs) == 0 {
			return kv.Pair{}, err
		}
		c.pairs = pairs
	}
	p := c.pairs[0]
	c.pairs, c.next = c.pairs[1:], p.Key+"\x00"
	return p, nil
}

func (s Series[T]) blockKey(no int64) string { return Key(s.Prefix, BlockStart(no)) }

// Writer writes a series in deflated blocks.
type Writer[T any] struct {
	Series Series[T]
	lines  Lines
	first  int64 // number of the first item in lines
	last   int64
}

// Add takes the next item, and first puts the block before it where that is full.
func (w *Writer[T]) Add(item T, put func(key string, block []byte) error) error {
	no := w.Series.Number(item)
	if no <= w.last {
		return fmt.Errorf("row %d comes after row %d", no, w.last)
	}
	if w.lines.N > 0 && (BlockStart(no) != BlockStart(w.first) || w.lines.buf.Len() > BlockBytes) {
		if err := w.Close(put); err != nil {
			return err
		}
	}
	if w.lines.N == 0 {
		w.first = no
	}
	w.last = no
	return w.lines.Add(item)
}

// Close puts the last block.
func (w *Writer[T]) Close(put func(key string, block []byte) error) error {
	if w.lines.N == 0 {
		return nil
	}
	b, err := w.lines.Deflated(flate.DefaultCompression)
	if err != nil {
		return err
	}
	return put(Key(w.Series.Prefix, w.first), b)
}

// Lines collects items as JSON lines and deflates them.
type Lines struct {
	buf bytes.Buffer
	N   int
	zip Deflater
}

// Add appends an item.
func (l *Lines) Add(item any) error {
	b, err := json.Marshal(item)
	if err != nil {
		return err
	}
	l.buf.Write(b)
	l.buf.WriteByte('\n')
	l.N++
	return nil
}

// Deflated returns the lines as one value and empties itself.
func (l *Lines) Deflated(level int) ([]byte, error) {
	value, err := l.zip.Value(l.buf.Bytes(), level)
	if err != nil {
		return nil, err
	}
	l.buf.Reset()
	l.N = 0
	return value, nil
}

// Deflater makes values of JSON lines, one after the other. Its tables of half a
// megabyte and more are made once, at the level of the first.
type Deflater struct {
	zip *flate.Writer
	out bytes.Buffer
}

// Value returns the lines as a deflated value.
func (d *Deflater) Value(lines []byte, level int) ([]byte, error) {
	d.out.Reset()
	d.out.WriteByte(Deflated)
	if d.zip == nil {
		w, err := flate.NewWriter(&d.out, level)
		if err != nil {
			return nil, err
		}
		d.zip = w
	} else {
		d.zip.Reset(&d.out)
	}
	if _, err := d.zip.Write(lines); err != nil {
		return nil, err
	}
	if err := d.zip.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(d.out.Bytes()), nil
}

// Opener reads the JSON lines of values, one value after the other, into the same buffer.
type Opener struct {
	from bytes.Reader
	zip  io.ReadCloser // a flate.Resetter too
	text bytes.Buffer
}

// Lines returns the lines of a value. They are valid until the next call.
func (o *Opener) Lines(value []byte) ([]byte, error) {
	if len(value) == 0 {
		return nil, errors.New("an empty value")
	}
	rest := value[1:]
	switch value[0] {
	case Plain:
		return rest, nil
	case Deflated:
	default:
		return nil, fmt.Errorf("a value of an unknown kind %q", value[0])
	}
	o.from.Reset(rest)
	if o.zip == nil {
		o.zip = flate.NewReader(&o.from)
	} else if err := o.zip.(flate.Resetter).Reset(&o.from, nil); err != nil { // documented: every reader of flate is one
		return nil, err
	}
	o.text.Reset()
	if _, err := o.text.ReadFrom(o.zip); err != nil {
		return nil, err
	}
	return o.text.Bytes(), nil
}

// Unpack returns the items of a value.
func Unpack[T any](o *Opener, value []byte) ([]T, error) {
	text, err := o.Lines(value)
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
