package reset

import (
	"cmp"
	"encoding/binary"
	"time"
)

// packed keeps what is known of the targets that have an outcome, each as a few
// dozen bytes: a large request has a hundred thousand, and needs a few at a time.
type packed struct {
	rows  [][]byte // by row; empty: not here
	words []string // what repeats, by its number in the bytes; 0 is ""
	known map[string]uint64
	buf   []byte // reused
}

// put packs a row. The room of its last packing is used again where it suffices.
func (s *packed) put(row int, p *Progress) {
	if row >= len(s.rows) {
		s.rows = append(s.rows, make([][]byte, row+1-len(s.rows))...)
	}
	c := codec{packed: s, b: s.buf[:0]}
	c.progress(p)
	s.buf = c.b
	s.rows[row] = append(s.rows[row][:0], c.b...)
}

// drop takes a row out; its room stays for the next put.
func (s *packed) drop(row int) { s.rows[row] = s.rows[row][:0] }

// get returns a packed row.
func (s *packed) get(row int) (p Progress, ok bool) {
	if row < 0 || row >= len(s.rows) || len(s.rows[row]) == 0 {
		return p, false
	}
	c := codec{packed: s, reads: true, row: row, b: s.rows[row]}
	c.progress(&p)
	return p, true
}

// number returns the number of a word.
func (s *packed) number(word string) uint64 {
	if s.known == nil {
		s.known, s.words = map[string]uint64{"": 0}, []string{""}
	}
	n, ok := s.known[word]
	if !ok {
		n = uint64(len(s.words))
		s.known[word], s.words = n, append(s.words, word)
	}
	return n
}

// codec writes one row, or reads it: the same methods name the fields for both, so
// that they cannot differ. What is written is not changed.
type codec struct {
	*packed
	reads bool
	row   int
	b     []byte // what was written, or what is left to read
	user  UserID // the last one
	at    int64  // the last time, in nanoseconds since 1970; the next is written as the distance to it
}

func (c *codec) progress(p *Progress) {
	word(c, &p.Outcome)
	word(c, &p.Reason)
	word(c, &p.Proof)
	count(c, &p.Retaken)
	count(c, &p.Before)
	count(c, &p.Attempts)
	text(c, &p.Detail)
	text(c, &p.RequestID)
	optional(c, &p.Step, c.step)
	optional(c, &p.Sent, c.attempt)
	first := p.First
	if first == p.Sent {
		first = nil
	}
	optional(c, &first, c.attempt)
	if c.reads {
		p.First = cmp.Or(first, p.Sent)
	}
	c.time(&p.Began)
	c.time(&p.FinishedAt)
	list(c, &p.Done, c.step)
	list(c, &p.Factors, func(f *string) { word(c, f) })
	list(c, &p.Listed, func(id *string) { text(c, id) })
}

func (c *codec) attempt(a *Attempt) {
	c.step(&a.Step)
	c.time(&a.At)
	c.time(&a.OktaAt)
	c.time(&a.DoubtAt)
	count(c, &a.Term)
	c.flag(&a.Doubt)
	c.flag(&a.Answered)
	c.flag(&a.Restart)
	c.flag(&a.Refuted)
}

func (c *codec) step(s *Step) {
	if c.has(s.User != c.user) {
		text(c, &s.User)
		c.user = s.User
	}
	word(c, &s.Kind)
	text(c, &s.Factor)
	word(c, &s.Type)
	if c.reads {
		s.Row, s.User = c.row, c.user
	}
}

func (c *codec) time(t *time.Time) {
	switch {
	case !c.has(!t.IsZero()):
	case c.reads:
		by, size := binary.Varint(c.b)
		c.b, c.at = c.b[size:], c.at+by
		*t = time.Unix(0, c.at).UTC()
	default:
		at := t.UnixNano()
		c.b, c.at = binary.AppendVarint(c.b, at-c.at), at
	}
}

// has writes a flag, or reads one whatever it is given, and returns it.
func (c *codec) has(yes bool) bool {
	n := 0
	if yes {
		n = 1
	}
	count(c, &n)
	return n == 1
}

func (c *codec) flag(yes *bool) {
	if on := c.has(*yes); c.reads {
		*yes = on
	}
}

func count[T ~int | ~int64 | ~uint64](c *codec, n *T) {
	if !c.reads {
		c.b = binary.AppendUvarint(c.b, uint64(*n))
		return
	}
	read, size := binary.Uvarint(c.b)
	c.b, *n = c.b[size:], T(read)
}

// word is for a text that many rows have.
func word[T ~string](c *codec, s *T) {
	n := c.number(string(*s))
	if count(c, &n); c.reads {
		*s = T(c.words[n])
	}
}

func text[T ~string](c *codec, s *T) {
	n := len(*s)
	if count(c, &n); c.reads {
		*s, c.b = T(c.b[:n]), c.b[n:]
		return
	}
	c.b = append(c.b, *s...)
}

func optional[T any](c *codec, p **T, code func(*T)) {
	if !c.has(*p != nil) {
		return
	}
	if c.reads {
		*p = new(T)
	}
	code(*p)
}

func list[T any](c *codec, all *[]T, code func(*T)) {
	n := len(*all)
	if count(c, &n); c.reads && n > 0 {
		*all = make([]T, n)
	}
	for i := range *all {
		code(&(*all)[i])
	}
}
