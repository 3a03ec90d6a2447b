package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// How old the lists of the protected may be: they are read anew every minute
// while something runs, and after two minutes nobody is claimed by them.
const (
	guardEvery = time.Minute
	guardStale = 2 * time.Minute
)

// Wards tells who is protected beside the administrators. The client for Okta is one.
type Wards interface {
	GroupsOf(ctx context.Context, userID string) ([]okta.Group, error)
	// SuperAdmins is every ACTIVE user who holds SUPER_ADMIN, directly or by a group.
	SuperAdmins(ctx context.Context) ([]okta.User, error)
}

// guard keeps the lists of those who must not be reset.
type guard struct {
	runner  *Runner
	reading chan struct{} // held by who reads; not a mutex, because reading waits for Okta

	mu     sync.Mutex
	now    lists
	wanted map[bool]int // running requests that go by the lists, by whether they include the protected
}

// newGuard returns a guard that has read nothing yet.
func newGuard(r *Runner) *guard {
	return &guard{runner: r, reading: make(chan struct{}, 1), wanted: map[bool]int{}}
}

// lists is what was read of the protected.
type lists struct {
	admins list
	groups list     // who is in protect.okta_groups
	named  []string // the groups that groups was read of
	supers list     // the active super administrators
	self   reset.UserID
}

// list is a list of users, by Okta user ID; of a group's members, with the group.
type list struct {
	users map[string]string
	read  time.Time // when the reading of the last whole list began
	err   error     // of the last reading
}

func (l list) has(user reset.UserID) bool {
	_, ok := l.users[string(user)]
	return ok
}

// fresh reports whether somebody may be claimed by the list.
func (l list) fresh() bool { return l.users != nil && time.Since(l.read) < guardStale }

// needs says which lists a request depends on.
type needs struct{ admins, groups, supers bool }

// needs judges by the policy. Where administrators are passed over as such, none of
// them is the last super administrator; only who resets administrators has to know.
func (g *guard) needs(broken bool) needs {
	p := g.runner.Rules().Protect
	return needs{
		admins: p.Admins != policy.AdminsOff && p.Admins != policy.AdminsEach,
		groups: len(p.OktaGroups) > 0,
		supers: broken || p.Admins == policy.AdminsOff,
	}
}

// refresh reads the lists again, unless they were read after a moment; broken: for
// a request that includes the protected.
func (g *guard) refresh(ctx context.Context, broken bool, after time.Time) {
	select {
	case g.reading <- struct{}{}:
		defer func() { <-g.reading }()
	case <-ctx.Done():
		return
	}
	n := g.needs(broken)
	was := g.current()
	if was.since(n, after) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, guardEvery)
	defer cancel()
	if was.self == "" {
		g.know(ctx)
	}
	if n.admins {
		g.read(ctx, "administrators", func(l *lists) *list { return &l.admins }, g.readAdmins)
	}
	if n.groups {
		g.read(ctx, "protected groups", func(l *lists) *list { return &l.groups }, g.readGroups)
	}
	if n.supers {
		g.read(ctx, "super administrators", func(l *lists) *list { return &l.supers }, g.readSupers)
	}
}

// since reports whether all that is needed was read after a moment.
func (l lists) since(n needs, asked time.Time) bool {
	ok := func(needed bool, l list) bool { return !needed || l.err == nil && l.read.After(asked) }
	return ok(n.admins, l.admins) && ok(n.groups, l.groups) && ok(n.supers, l.supers)
}

// know learns who we are.
func (g *guard) know(ctx context.Context) {
	me, err := g.runner.SystemLog.Me(ctx)
	if err != nil {
		g.runner.Log.Warn("Okta does not say whose token the bot's is", "err", err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.self = reset.UserID(me.ID)
}

// read takes over a list that was read, and of a reading that failed only the error.
func (g *guard) read(ctx context.Context, what string, part func(*lists) *list, read func(context.Context) (map[string]string, error)) {
	began := time.Now()
	users, err := read(ctx)
	if err != nil {
		g.runner.Log.Warn("a list of the protected cannot be read; every target is asked about", "list", what, "err", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l := part(&g.now)
	if l.err = err; err == nil {
		l.users, l.read = users, began
	}
}

func (g *guard) readAdmins(ctx context.Context) (map[string]string, error) {
	found, err := g.runner.Directory.Admins(ctx)
	users := make(map[string]string, len(found))
	for id, is := range found {
		if is {
			users[id] = ""
		}
	}
	return users, err
}

func (g *guard) readGroups(ctx context.Context) (map[string]string, error) {
	users, named := map[string]string{}, g.runner.Rules().Protect.OktaGroups
	for _, group := range named {
		for u, err := range g.runner.Groups.GroupMembers(ctx, group) {
			if err != nil {
				return nil, err
			}
			users[u.ID] = group
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.named, g.now.groups.users = named, users // together, or the list would be taken for that of other groups
	return users, nil
}

func (g *guard) readSupers(ctx context.Context) (map[string]string, error) {
	found, err := g.runner.Wards.SuperAdmins(ctx)
	users := make(map[string]string, len(found))
	for _, u := range found {
		users[u.ID] = ""
	}
	return users, err
}

// demand asks that the lists be read every minute until released.
func (g *guard) demand(broken bool) (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wanted[broken]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.wanted[broken]--
	}
}

func (g *guard) demanded(broken bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wanted[broken] > 0
}

// run reads the lists every minute while a request goes by them, once for all,
// until ctx ends.
func (g *guard) run(ctx context.Context) {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if broken := g.demanded(true); broken || g.demanded(false) {
			g.refresh(ctx, broken, time.Now())
		}
	}
}

func (g *guard) current() lists {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// allows judges a target before it is claimed: by the lists if they are fresh,
// else by asking Okta about the target. It returns since when that is known. An
// error means that not all is known, and nobody may be reset.
func (g *guard) allows(ctx context.Context, t reset.Target, broken bool) (w ward, knownAt time.Time, err error) {
	known, n := g.current(), g.needs(broken)
	knownAt = time.Now()
	rules := g.runner.Rules()
	oldest := func(l list) {
		if l.read.Before(knownAt) {
			knownAt = l.read
		}
	}
	asksRoles := rules.Protect.Admins == policy.AdminsEach || n.admins && !known.admins.fresh() || n.supers && !known.supers.fresh()
	if n.admins && !asksRoles {
		oldest(known.admins)
	}
	if n.supers && !asksRoles {
		oldest(known.supers)
	}
	supers := known.supers
	if asksRoles {
		if err := g.askRoles(ctx, &known, t.User); err != nil {
			return ward{}, knownAt, fmt.Errorf("ask for the roles of row %d: %w", t.Row, err)
		}
	}
	switch {
	case !n.supers:
		known.supers = list{}
	case supers.fresh():
		known.supers = supers
	}
	switch {
	case !n.groups:
		known.groups = list{}
	case known.groups.fresh() && slices.Equal(known.named, rules.Protect.OktaGroups): // the policy may name others by now
		oldest(known.groups)
	default:
		if err := g.askGroups(ctx, &known, t.User); err != nil {
			return ward{}, knownAt, fmt.Errorf("ask for the groups of row %d: %w", t.Row, err)
		}
	}
	return known.ward(rules, t.User, t.Login), knownAt, nil
}

// superAdmin is Okta's type of the role that can do everything.
const superAdmin = "SUPER_ADMIN"

// askRoles puts what a user's own roles tell into lists for this user alone. Who
// is a super administrator then counts as the last one: nobody knows the others.
func (g *guard) askRoles(ctx context.Context, into *lists, user reset.UserID) error {
	roles, err := g.runner.Directory.Roles(ctx, string(user))
	if err != nil {
		return err
	}
	into.admins, into.supers = list{users: map[string]string{}}, list{users: map[string]string{}}
	for _, role := range roles {
		into.admins.users[string(user)] = ""
		if role == superAdmin {
			into.supers.users[string(user)] = ""
		}
	}
	return nil
}

// askGroups does the same with the user's own groups.
func (g *guard) askGroups(ctx context.Context, into *lists, user reset.UserID) error {
	groups, err := g.runner.Wards.GroupsOf(ctx, string(user))
	if err != nil {
		return err
	}
	into.groups = list{users: map[string]string{}}
	for _, have := range groups {
		for _, group := range g.runner.Rules().Protect.OktaGroups {
			if have.ID == group {
				into.groups.users[string(user)] = group
			}
		}
	}
	return nil
}
