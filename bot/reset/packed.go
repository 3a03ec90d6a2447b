package reset

import (
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
	w := packer{s: s, b: s.buf[:0]}
	w.progress(p)
	s.buf = w.b
	s.rows[row] = append(s.rows[row][:0], w.b...)
}

// drop takes a row out; its room stays for the next put.
func (s *packed) drop(row int) { s.rows[row] = s.rows[row][:0] }

// get returns a packed row.
func (s *packed) get(row int) (p Progress, ok bool) {
	if row < 0 || row >= len(s.rows) || len(s.rows[row]) == 0 {
		return p, false
	}
	r := unpacker{s: s, row: row, b: s.rows[row]}
	return r.progress(), true
}

// number returns the number of a word.
func (s *packed) number(word string) uint64 {
	n, ok := s.known[word]
	switch {
	case ok:
		return n
	case s.known == nil:
		s.known, s.words = map[string]uint64{"": 0}, []string{""}
		return s.number(word)
	}
	n = uint64(len(s.words))
	s.known[word], s.words = n, append(s.words, word)
	return n
}

// packer writes one row. A time is written as the distance to the one before.
type packer struct {
	s    *packed
	b    []byte
	user UserID // written last
	at   int64  // written last, in nanoseconds since 1970
}

func (w *packer) progress(p *Progress) {
	w.word(string(p.Outcome))
	w.word(string(p.Reason))
	w.word(string(p.Proof))
	w.count(p.Retaken)
	w.count(p.Before)
	w.count(p.Attempts)
	w.text(p.Detail)
	w.text(p.RequestID)
	if w.has(p.Step != nil) {
		w.step(*p.Step)
	}
	if w.has(p.Sent != nil) {
		w.attempt(*p.Sent)
	}
	if w.has(p.First != nil && p.First != p.Sent) {
		w.attempt(*p.First)
	}
	w.time(p.Began)
	w.time(p.FinishedAt)
	w.count(len(p.Done))
	for _, step := range p.Done {
		w.step(step)
	}
	w.count(len(p.Factors))
	for _, f := range p.Factors {
		w.word(f)
	}
	w.count(len(p.Listed))
	for _, id := range p.Listed {
		w.text(id)
	}
}

func (w *packer) attempt(a Attempt) {
	w.step(a.Step)
	w.time(a.At)
	w.time(a.OktaAt)
	w.time(a.DoubtAt)
	w.count(int(a.Term))
	w.has(a.Doubt)
	w.has(a.Answered)
	w.has(a.Restart)
	w.has(a.Refuted)
}

func (w *packer) step(s Step) {
	if w.has(s.User != w.user) {
		w.text(string(s.User))
		w.user = s.User
	}
	w.word(string(s.Kind))
	w.text(s.Factor)
	w.word(s.Type)
}

func (w *packer) has(b bool) bool {
	if b {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
	return b
}

func (w *packer) count(n int)      { w.b = binary.AppendUvarint(w.b, uint64(n)) }
func (w *packer) word(word string) { w.b = binary.AppendUvarint(w.b, w.s.number(word)) }

func (w *packer) text(s string) {
	w.count(len(s))
	w.b = append(w.b, s...)
}

func (w *packer) time(t time.Time) {
	if w.has(!t.IsZero()) {
		at := t.UnixNano()
		w.b = binary.AppendVarint(w.b, at-w.at)
		w.at = at
	}
}

// unpacker reads what a packer has written.
type unpacker struct {
	s    *packed
	row  int
	b    []byte // what is left
	user UserID
	at   int64
}

func (r *unpacker) progress() Progress {
	p := Progress{
		Outcome: Outcome(r.word()), Reason: Reason(r.word()), Proof: Proof(r.word()),
		Retaken: r.count(), Before: r.count(), Attempts: r.count(), Detail: r.text(), RequestID: r.text(),
	}
	if r.has() {
		step := r.step()
		p.Step = &step
	}
	if r.has() {
		a := r.attempt()
		p.Sent, p.First = &a, &a
	}
	if r.has() {
		a := r.attempt()
		p.First = &a
	}
	p.Began, p.FinishedAt = r.time(), r.time()
	for range r.count() {
		p.Done = append(p.Done, r.step())
	}
	for range r.count() {
		p.Factors = append(p.Factors, r.word())
	}
	for range r.count() {
		p.Listed = append(p.Listed, r.text())
	}
	return p
}

func (r *unpacker) attempt() Attempt {
	return Attempt{
		Step: r.step(), At: r.time(), OktaAt: r.time(), DoubtAt: r.time(), Term: int64(r.count()),
		Doubt: r.has(), Answered: r.has(), Restart: r.has(), Refuted: r.has(),
	}
}

func (r *unpacker) step() Step {
	if r.has() {
		r.user = UserID(r.text())
	}
	return Step{Row: r.row, User: r.user, Kind: StepKind(r.word()), Factor: r.text(), Type: r.word()}
}

func (r *unpacker) has() bool {
	yes := r.b[0] == 1
	r.b = r.b[1:]
	return yes
}

func (r *unpacker) number() uint64 {
	n, size := binary.Uvarint(r.b)
	r.b = r.b[size:]
	return n
}

func (r *unpacker) count() int   { return int(r.number()) }
func (r *unpacker) word() string { return r.s.words[r.number()] }

func (r *unpacker) text() string {
	n := r.count()
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *unpacker) time() time.Time {
	if !r.has() {
		return time.Time{}
	}
	by, size := binary.Varint(r.b)
	r.b = r.b[size:]
	r.at += by
	return time.Unix(0, r.at).UTC()
}
