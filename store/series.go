package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// blockLen is how many items one deflated value holds at most. A block begins at
// a number of the form 500 k + 1, so that a reader finds it without an index.
const blockLen = 500

// blockBytes is how many bytes of JSON one value holds at most; wide rows make shorter blocks.
const blockBytes = 256 << 10

// pageOf is how many values a reader takes at once.
const pageOf = 16

// The first byte of a value in a series says how the JSON lines after it are kept.
const (
	plain    = '='
	deflated = 'z'
)

// blockStart returns the first number of the block that a number is in.
func blockStart(no int64) int64 { return (no-1)/blockLen*blockLen + 1 }

// numberedKey is the key of the value that begins with an item.
func numberedKey(prefix string, no int64) string { return fmt.Sprintf("%s%012d", prefix, no) }

// series is a run of items with ascending numbers, kept as JSON lines in values
// of several items each, under the number of the first.
type series[T any] struct {
	prefix string
	number func(T) int64
}

// all yields the items of a finished series from a number on.
func (s series[T]) all(ctx context.Context, e engine, from int64) iter.Seq2[T, error] {
	return s.read(ctx, e, from, 0)
}

// upTo yields the items of a growing series without gaps, from a number to at
// least the last, which is there.
func (s series[T]) upTo(ctx context.Context, e engine, from, last int64) iter.Seq2[T, error] {
	return s.read(ctx, e, from, last)
}

// read yields items from a number on. In a growing series (last is not 0) values
// are sealed into one block behind its back: when it does not find the next item
// where it looks, it looks again from the start of the block.
func (s series[T]) read(ctx context.Context, e engine, from, last int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		growing := last > 0
		next, aligned := max(from, 1), !growing
		c := cursor{engine: e, end: prefixEnd(s.prefix)}
		key := numberedKey(s.prefix, next)
		if aligned {
			key = s.blockKey(next)
		}
		for !growing || next <= last {
			rest, after, err := s.value(ctx, &c, key, next)
			if err != nil {
				yield(none, fmt.Errorf("read %s: %w", s.prefix, err))
				return
			}
			switch {
			case len(rest) > 0 && (!growing || s.number(rest[0]) == next):
				key, aligned = after, !growing
				for _, item := range rest {
					no := s.number(item)
					if growing && no != next { // the next value is then looked for, and not found, at next
						key = numberedKey(s.prefix, next)
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
				yield(none, fmt.Errorf("read %s: entry %d is missing", s.prefix, next))
				return
			default:
				return
			}
		}
	}
}

// value returns the items of the first value from a key on, those before next
// left out, and the key to go on from; "" if there was no value.
func (s series[T]) value(ctx context.Context, c *cursor, key string, next int64) (rest []T, after string, err error) {
	p, err := c.from(ctx, key)
	if err != nil || p.rev == 0 {
		return nil, "", err
	}
	items, err := unpack[T](&c.opened, p.value)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", p.key, err)
	}
	for len(items) > 0 && s.number(items[0]) < next {
		items = items[1:]
	}
	return items, p.key + "\x00", nil
}

// cursor reads values in the order of their keys, some at a time. It keeps them as they
// are stored: unpacked they are many times larger.
type cursor struct {
	engine engine
	end    string
	pairs  []pair // read ahead
	next   string // the key from which they were read on
	opened opener
}

// from returns the first pair from a key on; its revision is 0 if there is none.
func (c *cursor) from(ctx context.Context, key string) (pair, error) {
	if len(c.pairs) == 0 || c.next != key {
		pairs, _, err := c.engine.read(ctx, key, c.end, pageOf)
		if err != nil || len(pairs) == 0 {
			return pair{}, err
		}
		c.pairs = pairs
	}
	p := c.pairs[0]
	c.pairs, c.next = c.pairs[1:], p.key+"\x00"
	return p, nil
}

func (s series[T]) blockKey(no int64) string { return numberedKey(s.prefix, blockStart(no)) }

// lines collects items as JSON lines and deflates them.
type lines struct {
	buf bytes.Buffer
	n   int
	zip deflater
}

func (l *lines) add(item any) error {
	b, err := json.Marshal(item)
	if err != nil {
		return err
	}
	l.buf.Write(b)
	l.buf.WriteByte('\n')
	l.n++
	return nil
}

// deflated returns the lines as one value and empties itself.
func (l *lines) deflated(level int) ([]byte, error) {
	value, err := l.zip.value(l.buf.Bytes(), level)
	if err != nil {
		return nil, err
	}
	l.buf.Reset()
	l.n = 0
	return value, nil
}

// deflater makes values of JSON lines, one after the other. Its tables of half a
// megabyte and more are made once, at the level of the first.
type deflater struct {
	zip *flate.Writer
	out bytes.Buffer
}

func (d *deflater) value(lines []byte, level int) ([]byte, error) {
	d.out.Reset()
	d.out.WriteByte(deflated)
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

// opener gives back the JSON lines of values, one after the other, in the same room.
type opener struct {
	from bytes.Reader
	zip  io.ReadCloser // a flate.Resetter too
	text bytes.Buffer
}

// lines returns what a value holds; it is good until the next.
func (o *opener) lines(value []byte) ([]byte, error) {
	if len(value) == 0 {
		return nil, errors.New("an empty value")
	}
	rest := value[1:]
	switch value[0] {
	case plain:
		return rest, nil
	case deflated:
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

// unpack returns the items of a value.
func unpack[T any](o *opener, value []byte) ([]T, error) {
	text, err := o.lines(value)
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
