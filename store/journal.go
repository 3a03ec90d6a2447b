package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"factorbot/bot/reset"
	"factorbot/store/internal/claims"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// What one commit of the journal takes along. An entry may cost a condition and
// an operation on its user, each log three of both; term, freeze and the count of notes
// are three more.
const (
	groupWeight = 96
	logWeight   = 3
	groupBytes  = 192 << 10
)

// journal gives log entries their numbers, without gaps, and puts what concurrent
// callers have to write into one commit, whatever their requests. The caller that has
// the turn writes for all that wait. Heads and logs are written only with the
// turn, and only by the term, so what is known of them stays true while it lasts.
type journal struct {
	turn turn // of whoever writes

	mu      sync.Mutex
	waiting []*ask

	// guarded by the turn
	logs   map[int]*logEnd // by number of the request, 0 is the org's
	zip    series.Deflater // of full blocks
	claims claims.Table    // others may read it
}

// logsMost is how many ends of logs are kept in memory.
const logsMost = 64

func newJournal() *journal {
	return &journal{turn: newTurn(), logs: map[int]*logEnd{}}
}

// ask is what one caller wants to write to one log.
type ask struct {
	n       int            // number of the request; 0 is the org's log
	req     *reset.Request // of Start: the head as the caller read it; nil: append, whatever the head
	lines   []encodedEntry
	size    int
	refused []error // of Start, for each line
	err     error
	done    chan struct{}
}

// end gives the turn back. What is known of very many logs is forgotten, and read again
// when they are written to.
func (j *journal) end() {
	if len(j.logs) > logsMost {
		clear(j.logs)
	}
	j.turn.giveBack()
}

// turn is taken by one at a time, who can give up waiting.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) giveBack() { <-t }

// inTurn has the turn while it repeats read, closure and commit.
func (t *Term) inTurn(ctx context.Context, try func() error) error {
	if err := t.journal.turn.take(ctx); err != nil {
		return err
	}
	defer t.journal.end()
	return retryOnConflict(ctx, try)
}

// submit writes the ask, or waits until another caller that has the turn has written it.
// The context ends only the waiting: what is being written is written.
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

// withdraw removes an ask that is not being written yet. It returns false if it is.
func (j *journal) withdraw(a *ask) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.Index(j.waiting, a)
	if i >= 0 {
		j.waiting = slices.Concat(j.waiting[:i], j.waiting[i+1:])
	}
	return i >= 0
}

// take returns the first asks that wait, as many as fit into one commit.
func (j *journal) take() []*ask {
	j.mu.Lock()
	defer j.mu.Unlock()
	weight, size, n, logs := 0, 0, 0, map[int]bool{}
	for _, a := range j.waiting {
		weight += len(a.lines)
		size += a.size
		if !logs[a.n] {
			logs[a.n] = true
			weight += logWeight
		}
		if n > 0 && (weight > groupWeight || size > groupBytes) {
			break
		}
		n++
	}
	taken := j.waiting[:n:n]
	if j.waiting = j.waiting[n:]; len(j.waiting) == 0 {
		j.waiting = nil // or it would hold on to what was written
	}
	return taken
}

// write commits what the asks want and answers them.
func (j *journal) write(ctx context.Context, t *Term, asks []*ask) {
	var g *group
	err := retryOnConflict(ctx, func() (err error) {
		if g, err = j.compose(ctx, t, asks); err != nil || len(g.ops) == 0 {
			return err
		}
		_, err = t.commit(ctx, g.conds, g.ops...)
		j.wrote(g.appends, err)
		j.passClaims(g, err)
		return err
	})
	for _, a := range asks {
		if a.err == nil {
			a.err = err
		}
		close(a.done)
	}
	if err == nil {
		t.seal(ctx, g.appends)
	}
}

// log returns the end of a log, and reads it if it is not known.
func (j *journal) log(ctx context.Context, t *Term, n int) (*logEnd, error) {
	if l := j.logs[n]; l != nil {
		return l, nil
	}
	p, last, at, err := t.tail(ctx, n)
	if err != nil {
		return nil, err
	}
	l := &logEnd{n: n, last: last, at: at}
	if n != 0 {
		if p.Rev == 0 {
			return nil, fmt.Errorf("%s: %w", reset.NewID(n), ErrNotFound)
		}
		head, err := t.Get(ctx, reset.NewID(n))
		if err != nil {
			return nil, err
		}
		l.head = *head
	}
	j.logs[n] = l
	return l, nil
}

// wrote moves the logs on after a commit; after a failed one they are read again.
func (j *journal) wrote(appends []*logAppend, err error) {
	for _, s := range appends {
		if err != nil {
			delete(j.logs, s.log.n)
			continue
		}
		s.log.moved(s)
	}
}

// passClaims records the claims that a commit took or released.
func (j *journal) passClaims(g *group, err error) {
	switch {
	case err == nil:
		for u, c := range g.users {
			if c.Claimed {
				j.claims.Set(u, c.Claim)
			}
		}
	case !errors.Is(err, kv.ErrConflict): // whether it took effect is not known
		j.claims.Replace(nil)
	}
}
