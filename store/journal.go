package store

import (
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"factorbot/bot/reset"
)

// groupEntries and groupBytes are what one commit of a journal takes along.
// Each started entry costs a condition and an operation on its user, and the
// commit has five of its own.
const (
	groupEntries = 90
	groupBytes   = 256 << 10
)

// journal gives the entries of one log their numbers, without gaps, and puts
// what concurrent callers have to write into one commit. Whoever has the turn
// writes for everybody who waits. Only the term has journals, and only a
// journal writes the log, so a new entry's key is free unless the term is over.
type journal struct {
	n    int           // number of the request; 0 is the org's
	turn chan struct{} // holds a token while somebody writes the log or the head

	mu      sync.Mutex
	waiting []*ask

	// of whoever has the turn
	loaded bool
	last   int64 // number of the last entry
}

// ask is what one caller wants written.
type ask struct {
	req     *reset.Request // of Start: the head as the caller read it; nil: append, whatever the head
	entries []reset.Entry
	size    int
	refused []error // of Start, for each entry
	err     error
	done    chan struct{}
}

func (t *Term) journal(n int) *journal {
	t.mu.Lock()
	defer t.mu.Unlock()
	j := t.journals[n]
	if j == nil {
		j = &journal{n: n, turn: make(chan struct{}, 1)}
		t.journals[n] = j
	}
	return j
}

// begin waits for the turn.
func (j *journal) begin(ctx context.Context) error {
	select {
	case j.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *journal) end() { <-j.turn }

// load finds the last entry of a log that this term has not written yet.
func (j *journal) load(ctx context.Context, t *Term) error {
	if j.loaded {
		return nil
	}
	p, last, err := t.number(ctx, tailKey(j.n))
	if err != nil {
		return err
	}
	if p.rev == 0 && j.n != 0 {
		return fmt.Errorf("%s: %w", reset.NewID(j.n), ErrNotFound)
	}
	j.last, j.loaded = last, true
	return nil
}

// wrote moves the journal on after a commit; after a failed one it looks again.
func (j *journal) wrote(s *sheet, err error) {
	if err != nil {
		j.loaded = false
		return
	}
	j.last = s.last
}

// submit has the ask written, by this caller or by one who has the turn. The
// context ends only the waiting for the turn.
func (j *journal) submit(ctx context.Context, t *Term, a *ask) error {
	a.done = make(chan struct{})
	j.mu.Lock()
	j.waiting = append(j.waiting, a)
	j.mu.Unlock()
	select {
	case <-a.done:
		return a.err
	case j.turn <- struct{}{}:
	case <-ctx.Done():
		if j.withdraw(a) {
			return ctx.Err()
		}
		<-a.done
		return a.err
	}
	defer j.end()
	for !a.answered() {
		j.write(context.WithoutCancel(ctx), t, j.take())
	}
	return a.err
}

func (a *ask) answered() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// withdraw takes an ask back that nobody has begun to write.
func (j *journal) withdraw(a *ask) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, w := range j.waiting {
		if w == a {
			j.waiting = append(j.waiting[:i], j.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take returns who waits, as many as one commit can serve.
func (j *journal) take() []*ask {
	j.mu.Lock()
	defer j.mu.Unlock()
	entries, size, n := 0, 0, 0
	for _, a := range j.waiting {
		entries += len(a.entries)
		size += a.size
		if n > 0 && (entries > groupEntries || size > groupBytes) {
			break
		}
		n++
	}
	taken := j.waiting[:n:n]
	j.waiting = j.waiting[n:]
	return taken
}

// write commits what the asks want and answers them.
func (j *journal) write(ctx context.Context, t *Term, asks []*ask) {
	var s *sheet
	err := again(ctx, func() error {
		if err := j.load(ctx, t); err != nil {
			return err
		}
		var err error
		if s, err = t.compose(ctx, j, asks); err != nil || len(s.entries) == 0 {
			return err
		}
		_, err = t.commit(ctx, s.conds, s.ops...)
		j.wrote(s, err)
		return err
	})
	for _, a := range asks {
		if a.err == nil {
			a.err = err
		}
		close(a.done)
	}
	if err == nil && len(s.entries) > 0 {
		j.seal(ctx, t, s)
	}
}

// seal replaces the values of each block that was filled by one deflated value. A
// block whose sealing fails stays as it is, which costs only room.
func (j *journal) seal(ctx context.Context, t *Term, s *sheet) {
	for block := blockStart(s.first); block+blockLen-1 <= s.last; block += blockLen {
		// The error is that of the next write too, or of nobody's concern.
		_ = t.sealBlock(ctx, j.n, block)
	}
}

func (t *Term) sealBlock(ctx context.Context, n int, block int64) error {
	l, last := lines{}, block+blockLen-1
	for e, err := range entriesOf(n).upTo(ctx, t.engine, block, last) {
		if err != nil {
			return err
		}
		if e.Seq > last {
			break
		}
		if err := l.add(e); err != nil {
			return err
		}
	}
	b, err := l.deflated(flate.BestSpeed)
	if err != nil {
		return err
	}
	key := numberedKey(logPrefix(n), block)
	_, err = t.commit(ctx, nil, put(key, b), removeRange(key+"\x00", numberedKey(logPrefix(n), last+1)))
	return err
}

// sheet is the log's part of a commit: new entries with their numbers.
type sheet struct {
	n       int
	first   int64
	last    int64
	entries []reset.Entry
	conds   []cond
	ops     []op
}

func newSheet(n int, last int64) *sheet { return &sheet{n: n, first: last + 1, last: last} }

// facts numbers facts and finishes the sheet.
func (s *sheet) facts(facts []reset.Fact) (*sheet, error) {
	for _, f := range facts {
		s.add(reset.Entry{Kind: reset.EntryFact, At: f.At, Fact: &f})
	}
	return s, s.finish()
}

func (s *sheet) add(e reset.Entry) {
	s.last++
	e.Seq = s.last
	s.entries = append(s.entries, e)
}

// finish makes the operations: a value for the entries of each block, and the tail.
func (s *sheet) finish() error {
	var value []byte
	key := ""
	flush := func() {
		if key != "" {
			s.conds, s.ops = append(s.conds, absent(key)), append(s.ops, put(key, value))
		}
	}
	for _, e := range s.entries {
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if key == "" || e.Seq == blockStart(e.Seq) || len(value)+len(b) > blockBytes {
			flush()
			key, value = numberedKey(logPrefix(s.n), e.Seq), []byte{plain}
		}
		value = append(append(value, b...), '\n')
	}
	flush()
	if len(s.entries) > 0 || s.last == 0 {
		s.ops = append(s.ops, numberPut(tailKey(s.n), s.last))
	}
	return nil
}

var errKind = errors.New("not an entry of this kind")
