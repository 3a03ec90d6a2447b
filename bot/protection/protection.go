package protection

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// The lists are read again every minute while something runs, and nobody is claimed
// by lists that are older than two minutes.
const (
	Every = time.Minute
	Stale = 2 * time.Minute
)

// Okta tells who is protected. The client for Okta is one.
type Okta interface {
	// Me is the user that the bot's token is of.
	Me(ctx context.Context) (okta.User, error)
	// Admins has every user with an administrator role, directly or by a group.
	Admins(ctx context.Context) (map[string]bool, error)
	// SuperAdmins is every ACTIVE user who holds SUPER_ADMIN, directly or by a group.
	SuperAdmins(ctx context.Context) ([]okta.User, error)
	GroupMembers(ctx context.Context, groupID string) iter.Seq2[okta.User, error]
	Roles(ctx context.Context, userID string) ([]string, error)
	GroupsOf(ctx context.Context, userID string) ([]okta.Group, error)
}

// Lists keeps the lists of users who must not be reset, and asks Okta about one user
// where a list cannot be read. It is made by [New] and safe for concurrent use.
type Lists struct {
	okta    Okta
	rules   func() policy.Rules
	log     *slog.Logger
	reading chan struct{} // held by who reads; not a mutex, because reading waits for Okta

	mu     sync.Mutex
	now    Snapshot
	wanted map[bool]int // running requests that go by the lists, by whether they include the protected
}

// New returns lists of which nothing is read yet.
func New(o Okta, rules func() policy.Rules, log *slog.Logger) *Lists {
	return &Lists{okta: o, rules: rules, log: log, reading: make(chan struct{}, 1), wanted: map[bool]int{}}
}

// Snapshot is what was read of the protected users.
type Snapshot struct {
	Admins List
	Groups List         // members of protect.okta_groups
	Supers List         // the active super administrators
	Self   reset.UserID // the bot's own service user
}

// List is a list of users, by Okta user ID; of a group's members, with the group.
type List struct {
	users map[string]string
	of    []string  // the groups whose members they are
	read  time.Time // when the reading of the last whole list began
	err   error     // of the last reading
}

// ListOf returns a list of these users.
func ListOf(users ...reset.UserID) List {
	l := List{users: map[string]string{}}
	for _, user := range users {
		l.users[string(user)] = ""
	}
	return l
}

// Len returns how many users are on the list.
func (l List) Len() int { return len(l.users) }

// Err returns why the list could not be read the last time, nil if it could.
func (l List) Err() error { return l.err }

// Has reports whether a user is on the list.
func (l List) Has(user reset.UserID) bool {
	_, ok := l.users[string(user)]
	return ok
}

// fresh reports whether somebody may be claimed by the list.
func (l List) fresh() bool { return l.users != nil && time.Since(l.read) < Stale }

// Needs says which lists a request depends on.
type Needs struct{ Admins, Groups, Supers bool }

// Needs judges by the policy. Where administrators are passed over as such, none of
// them is the last super administrator; only who resets administrators has to know.
func (l *Lists) Needs(breakGlass bool) Needs {
	p := l.rules().Protect
	return Needs{
		Admins: p.Admins != policy.AdminsOff && p.Admins != policy.AdminsEach,
		Groups: len(p.OktaGroups) > 0,
		Supers: breakGlass || p.Admins == policy.AdminsOff,
	}
}

// Refresh reads the lists again, unless they were read after a moment; breakGlass: for
// a request that includes the protected.
func (l *Lists) Refresh(ctx context.Context, breakGlass bool, after time.Time) {
	select {
	case l.reading <- struct{}{}:
		defer func() { <-l.reading }()
	case <-ctx.Done():
		return
	}
	n := l.Needs(breakGlass)
	was := l.Current()
	if was.since(n, after) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, Every)
	defer cancel()
	if was.Self == "" {
		l.learnSelf(ctx)
	}
	if n.Admins {
		l.read(ctx, "administrators", &l.now.Admins, l.readAdmins)
	}
	if n.Groups {
		l.read(ctx, "protected groups", &l.now.Groups, l.readGroups)
	}
	if n.Supers {
		l.read(ctx, "super administrators", &l.now.Supers, l.readSupers)
	}
}

// since reports whether all that is needed was read after a moment.
func (s Snapshot) since(n Needs, asked time.Time) bool {
	ok := func(needed bool, l List) bool { return !needed || l.err == nil && l.read.After(asked) }
	return ok(n.Admins, s.Admins) && ok(n.Groups, s.Groups) && ok(n.Supers, s.Supers)
}

// learnSelf learns who we are.
func (l *Lists) learnSelf(ctx context.Context) {
	me, err := l.okta.Me(ctx)
	if err != nil {
		l.log.Warn("Okta does not say whose token the bot's is", "err", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.Self = reset.UserID(me.ID)
}

// read reads one of the lists again; of a reading that fails it keeps only the error.
func (l *Lists) read(ctx context.Context, what string, list *List, read func(context.Context) (List, error)) {
	began := time.Now()
	found, err := read(ctx)
	if err != nil {
		l.log.Warn("a list of the protected cannot be read; every target is asked about", "list", what, "err", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if list.err = err; err == nil {
		found.read = began
		*list = found
	}
}

func (l *Lists) readAdmins(ctx context.Context) (List, error) {
	found, err := l.okta.Admins(ctx)
	list := ListOf()
	for id, is := range found {
		if is {
			list.users[id] = ""
		}
	}
	return list, err
}

func (l *Lists) readGroups(ctx context.Context) (List, error) {
	list := List{users: map[string]string{}, of: l.rules().Protect.OktaGroups}
	for _, group := range list.of {
		for u, err := range l.okta.GroupMembers(ctx, group) {
			if err != nil {
				return List{}, err
			}
			list.users[u.ID] = group
		}
	}
	return list, nil
}

func (l *Lists) readSupers(ctx context.Context) (List, error) {
	found, err := l.okta.SuperAdmins(ctx)
	list := ListOf()
	for _, u := range found {
		list.users[u.ID] = ""
	}
	return list, err
}

// Follow asks that the lists be read every minute until released.
func (l *Lists) Follow(breakGlass bool) (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted[breakGlass]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.wanted[breakGlass]--
	}
}

func (l *Lists) demanded(breakGlass bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wanted[breakGlass] > 0
}

// Run reads the lists every minute while a request goes by them, once for all,
// until ctx ends.
func (l *Lists) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if breakGlass := l.demanded(true); breakGlass || l.demanded(false) {
			l.Refresh(ctx, breakGlass, time.Now())
		}
	}
}

// Current returns what is known now.
func (l *Lists) Current() Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Check judges a target before it is claimed: by the lists if they are fresh,
// else by asking Okta about the target. It returns since when that is known. An
// error means that not all is known, and nobody may be reset.
func (l *Lists) Check(ctx context.Context, t reset.Target, breakGlass bool) (m Match, knownAt time.Time, err error) {
	known, n := l.Current(), l.Needs(breakGlass)
	knownAt = time.Now()
	rules := l.rules()
	oldest := func(l List) {
		if l.read.Before(knownAt) {
			knownAt = l.read
		}
	}
	asksRoles := rules.Protect.Admins == policy.AdminsEach || n.Admins && !known.Admins.fresh() || n.Supers && !known.Supers.fresh()
	supers := known.Supers
	switch {
	case asksRoles:
		if err := l.AskRoles(ctx, &known, t.User); err != nil {
			return Match{}, knownAt, fmt.Errorf("ask for the roles of row %d: %w", t.Row, err)
		}
	case n.Admins:
		oldest(known.Admins)
	}
	switch {
	case !n.Supers:
		known.Supers = List{}
	case supers.fresh():
		known.Supers = supers
		oldest(supers)
	}
	switch {
	case !n.Groups:
		known.Groups = List{}
	case known.Groups.fresh() && slices.Equal(known.Groups.of, rules.Protect.OktaGroups): // the policy may name others by now
		oldest(known.Groups)
	default:
		if err := l.AskGroups(ctx, &known, t.User); err != nil {
			return Match{}, knownAt, fmt.Errorf("ask for the groups of row %d: %w", t.Row, err)
		}
	}
	return known.Match(rules, t.User, t.Login), knownAt, nil
}

// superAdmin is Okta's type of the role that can do everything.
const superAdmin = "SUPER_ADMIN"

// AskRoles puts what a user's own roles tell into a snapshot for this user alone. A
// super administrator then counts as the last one: nobody knows the others.
func (l *Lists) AskRoles(ctx context.Context, into *Snapshot, user reset.UserID) error {
	roles, err := l.okta.Roles(ctx, string(user))
	if err != nil {
		return err
	}
	into.Admins, into.Supers = ListOf(), ListOf()
	for _, role := range roles {
		into.Admins.users[string(user)] = ""
		if role == superAdmin {
			into.Supers.users[string(user)] = ""
		}
	}
	return nil
}

// AskGroups does the same with the user's own groups.
func (l *Lists) AskGroups(ctx context.Context, into *Snapshot, user reset.UserID) error {
	groups, err := l.okta.GroupsOf(ctx, string(user))
	if err != nil {
		return err
	}
	into.Groups = ListOf()
	for _, have := range groups {
		for _, group := range l.rules().Protect.OktaGroups {
			if have.ID == group {
				into.Groups.users[string(user)] = group
			}
		}
	}
	return nil
}
