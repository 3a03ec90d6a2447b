package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"factorbot/bot/reset"
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
// callers have to write into one commit, whatever their requests. Whoever has the
// turn writes for everybody who waits. Heads and logs are written only with the
// turn, and only by the term, so what is known of them stays true while it lasts.
type journal struct {
	turn chan struct{} // holds a token while somebody writes

	mu      sync.Mutex
	waiting []*ask
	lines   int           // of those who wait
	enough  chan struct{} // closed when they have many; nil: nobody waits for it

	// of whoever has the turn
	crowded bool                   // the last commit had many lines
	logs    map[int]*logEnd        // by number of the request, 0 is the org's
	held    map[reset.UserID]*card // some users with a claim, as the last commit wrote them
	sealing deflater
	claims  claims // others may read them
}

// heldMost bounds how many users are remembered; the others are read.
const heldMost = 1024

// Of how many logs the end is kept in memory, and of how many bytes in all.
const (
	logsMost  = 64
	logsBytes = 4 << 20
)

func newJournal() *journal {
	return &journal{turn: make(chan struct{}, 1), logs: map[int]*logEnd{}, held: map[reset.UserID]*card{}}
}

// ask is what one caller wants written to one log.
type ask struct {
	n       int            // number of the request; 0 is the org's log
	req     *reset.Request // of Start: the head as the caller read it; nil: append, whatever the head
	lines   []line
	size    int
	refused []error // of Start, for each line
	err     error
	done    chan struct{}
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

// end gives the turn back. What is known of very many logs is forgotten, and read again
// when they are written to.
func (j *journal) end() {
	size := 0
	for _, l := range j.logs {
		size += cap(l.open)
	}
	if len(j.logs) > logsMost || size > logsBytes {
		clear(j.logs)
	}
	<-j.turn
}

// submit has the ask written, by this caller or by one who has the turn. The
// context ends only the waiting: what is being written is written.
func (j *journal) submit(ctx context.Context, t *Term, a *ask) error {
	a.done = make(chan struct{})
	j.wait(a)
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
	j.gather()
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
			j.waiting = append(j.waiting[:i:i], j.waiting[i+1:]...)
			j.lines -= len(a.lines)
			return true
		}
	}
	return false
}

// take returns who waits, the first ones, as many as one commit can serve.
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
		j.lines -= len(a.lines)
	}
	taken := j.waiting[:n:n]
	if j.waiting = j.waiting[n:]; len(j.waiting) == 0 {
		j.waiting = nil // or it would hold on to what was written
	}
	return taken
}

// write commits what the asks want and answers them.
func (j *journal) write(ctx context.Context, t *Term, asks []*ask) {
	j.crowded = linesOf(asks) >= crowdedLines
	var g *group
	err := again(ctx, func() (err error) {
		if g, err = j.compose(ctx, t, asks); err != nil || len(g.ops) == 0 {
			return err
		}
		rev, err := t.commit(ctx, g.conds, g.ops...)
		j.wrote(g.sheets, err)
		j.keep(g, rev, err)
		return err
	})
	for _, a := range asks {
		if a.err == nil {
			a.err = err
		}
		close(a.done)
	}
	if err == nil {
		t.seal(ctx, g.sheets)
	}
}

// log returns what is known of a log's end, and looks if nothing is.
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
		if p.rev == 0 {
			return nil, fmt.Errorf("%s: %w", reset.NewID(n), ErrNotFound)
		}
		head, err := t.Get(ctx, reset.NewID(n))
		if err != nil {
			return nil, err
		}
		l.head = footingOf(head)
	}
	if err := l.fill(ctx, t.engine); err != nil {
		return nil, err
	}
	j.logs[n] = l
	return l, nil
}

// wrote moves the logs on after a commit; after a failed one they are looked at anew.
func (j *journal) wrote(sheets []*sheet, err error) {
	for _, s := range sheets {
		if err != nil {
			delete(j.logs, s.log.n)
			continue
		}
		s.log.moved(s)
	}
}

// keep takes over what became of claims in a commit, and remembers the users who have
// one: their outcome comes soon. Who else writes a user makes the next commit fail, and
// then they are read.
func (j *journal) keep(g *group, rev int64, err error) {
	if err != nil && !errors.Is(err, errConflict) { // whether it took effect is not known
		j.claims.know(nil)
	}
	for u, c := range g.cards {
		if err == nil && c.passed {
			j.claims.set(u, c.user.Claim)
		}
		if err != nil || c.user.Claim == nil {
			delete(j.held, u)
			continue
		}
		if c.changed {
			c.rev = rev
		}
		c.needed, c.changed, c.passed = false, false, false
		if len(j.held) < heldMost || j.held[u] != nil {
			j.held[u] = c
		}
	}
}
