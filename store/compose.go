package store

import (
	"context"
	"errors"
	"slices"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// group is one commit of the journal.
type group struct {
	t       *Term
	frozen  bool
	blind   error // why the claims are not known; then no step is started
	appends []*logAppend
	byLog   map[int]*logAppend
	users   map[reset.UserID]*userState
	order   []reset.UserID  // of users, in the order of their first entry
	heads   map[int]kv.Cond // of the logs that have a started entry

	notes    kv.Pair // the number of the last note, as read
	lastNote int64   // the number by now; 0: not read, and no note is left

	conds []kv.Cond
	ops   []kv.Op
}

// compose reads what the asks depend on, refuses what may not be, and numbers the rest.
func (j *journal) compose(ctx context.Context, t *Term, asks []*ask) (*group, error) {
	g := &group{t: t, byLog: map[int]*logAppend{}, users: map[reset.UserID]*userState{}, heads: map[int]kv.Cond{}}
	f, err := t.Frozen(ctx)
	if err != nil {
		return nil, err
	}
	g.frozen = f != nil
	g.blind = g.claims(ctx, asks)
	for _, a := range asks {
		log, err := j.log(ctx, t, a.n)
		if a.err = nil; errors.Is(err, ErrNotFound) {
			a.err = err
			continue
		}
		if err == nil {
			err = g.take(ctx, log, a)
		}
		if err != nil {
			return nil, err
		}
	}
	return g, g.finish()
}

func (g *group) take(ctx context.Context, log *logEnd, a *ask) error {
	switch {
	case a.req == nil:
		return g.append(ctx, log, a)
	case g.blind != nil:
		a.err = g.blind
		return nil
	}
	return g.start(ctx, log, a)
}

// claims reads the claims, unless they are known, if a step is to be started: before the
// first user is read. Outcomes need none; they are in the logs when the claims are read.
func (g *group) claims(ctx context.Context, asks []*ask) error {
	if !slices.ContainsFunc(asks, func(a *ask) bool { return a.req != nil }) {
		return nil
	}
	return g.t.readClaims(ctx)
}

func (g *group) start(ctx context.Context, log *logEnd, a *ask) error {
	switch {
	case g.frozen:
		a.err = ErrFrozen
		return nil
	case log.head.Version != a.req.Version || log.head.State != reset.Running:
		a.err = ErrChanged
		return nil
	}
	a.refused = make([]error, len(a.lines))
	for i, l := range a.lines {
		user, err := g.userState(ctx, l.Step.User)
		if err != nil {
			return err
		}
		if a.refused[i] = user.Start(a.req.ID, log.head.Plan, l.Entry); a.refused[i] != nil {
			continue
		}
		g.heads[log.n] = kv.Cond{Key: headKey(log.n), Rev: log.head.Version}
		user.needed = true
		g.appendTo(log).add(l)
	}
	return nil
}

func (g *group) append(ctx context.Context, log *logEnd, a *ask) error {
	for _, l := range a.lines {
		g.appendTo(log).add(l)
		if l.Kind != reset.EntryOutcome || l.Step == nil || l.Step.User == "" {
			continue
		}
		user, err := g.userState(ctx, l.Step.User)
		if err != nil {
			return err
		}
		if l.Touched {
			if err := g.count(ctx); err != nil {
				return err
			}
		}
		user.Settle(reset.NewID(log.n), log.head.Plan.Revision, g.lastNote, l.Entry)
	}
	return nil
}

// count takes the next number for a note.
func (g *group) count(ctx context.Context) error {
	if g.lastNote == 0 {
		p, last, err := g.t.lastNote(ctx)
		if err != nil {
			return err
		}
		g.notes, g.lastNote = p, last
	}
	g.lastNote++
	return nil
}

func (g *group) appendTo(log *logEnd) *logAppend {
	s := g.byLog[log.n]
	if s == nil {
		s = newAppend(log)
		g.byLog[log.n] = s
		g.appends = append(g.appends, s)
	}
	return s
}

// userState reads each user once, so that several entries of one user add up.
func (g *group) userState(ctx context.Context, u reset.UserID) (*userState, error) {
	if known := g.users[u]; known != nil {
		return known, nil
	}
	user, err := g.t.userState(ctx, u)
	if err != nil {
		return nil, err
	}
	g.users[u] = user
	g.order = append(g.order, u)
	return user, nil
}

// finish makes conditions and operations: the logs first, so that the first
// operation is a key that nobody else makes.
func (g *group) finish() error {
	for _, s := range g.appends {
		conds, ops := s.parts()
		g.conds, g.ops = append(g.conds, conds...), append(g.ops, ops...)
		if head, ok := g.heads[s.log.n]; ok {
			g.conds = append(g.conds, head)
		}
	}
	if len(g.heads) > 0 {
		g.conds = append(g.conds, kv.Absent(freezeKey))
	}
	if g.lastNote > 0 {
		g.conds = append(g.conds, kv.Cond{Key: notesKey, Rev: g.notes.Rev})
		g.ops = append(g.ops, numberPut(notesKey, g.lastNote))
	}
	for _, u := range g.order {
		user := g.users[u]
		if user.needed || user.Noted {
			g.conds = append(g.conds, kv.Cond{Key: userKey(u), Rev: user.rev})
		}
		if !user.Noted {
			continue
		}
		o, err := notesOp(user.UserRecord)
		if err != nil {
			return err
		}
		g.ops = append(g.ops, o)
	}
	return nil
}
