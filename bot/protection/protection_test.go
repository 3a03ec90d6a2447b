package protection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// org is an Okta with one administrator; it counts what it is asked.
type org struct {
	lists  atomic.Int64
	roles  int
	broken error // of the list
	gone   error // of the roles of every user

	names     atomic.Int64        // how often it was asked who we are
	noName    error               // of that
	supers    []string            // active super administrators
	members   map[string][]string // of the groups
	noMembers error
	asked     int // for the groups of a user
	noGroups  error
}

const (
	boss = "00ubossaaaaaaaaaaaaa"
	ana  = "00uanaaaaaaaaaaaaaaa"
	bot  = "00ubotaaaaaaaaaaaaaa"
)

func (o *org) Me(context.Context) (okta.User, error) {
	o.names.Add(1)
	return okta.User{ID: bot}, o.noName
}

func (o *org) Admins(context.Context) (map[string]bool, error) {
	o.lists.Add(1)
	return map[string]bool{boss: true, ana: false}, o.broken
}

func (o *org) SuperAdmins(context.Context) ([]okta.User, error) {
	var all []okta.User
	for _, id := range o.supers {
		all = append(all, okta.User{ID: id})
	}
	return all, o.broken
}

func (o *org) GroupMembers(_ context.Context, group string) iter.Seq2[okta.User, error] {
	return func(yield func(okta.User, error) bool) {
		for _, id := range o.members[group] {
			if !yield(okta.User{ID: id}, nil) {
				return
			}
		}
		if o.noMembers != nil {
			yield(okta.User{}, o.noMembers)
		}
	}
}

func (o *org) Roles(_ context.Context, user string) ([]string, error) {
	o.roles++
	switch {
	case slices.Contains(o.supers, user):
		return []string{"ORG_ADMIN", "SUPER_ADMIN"}, o.gone
	case user == boss:
		return []string{"ORG_ADMIN"}, o.gone
	}
	return nil, o.gone
}

func (o *org) GroupsOf(_ context.Context, user string) (groups []okta.Group, err error) {
	o.asked++
	for group, members := range o.members {
		if slices.Contains(members, user) {
			groups = append(groups, okta.Group{ID: group})
		}
	}
	return groups, o.noGroups
}

func over(o *org, p policy.Protect) *protection.Lists {
	rules := func() policy.Rules { return policy.Rules{Protect: p} }
	return protection.New(o, rules, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// A fresh list tells who is protected; one that is too old or cannot be read is not
// gone by, and each user is asked about.
func TestLists_Check(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{}
		l := over(o, policy.Protect{Admins: policy.AdminsList})
		check := func(what string, wantRoles int) {
			t.Helper()
			before := o.roles
			m, _, err := l.Check(t.Context(), reset.Target{User: boss}, false)
			if err != nil || m.Reason != reset.ProtectedAdmin || !m.Blocks(reset.Target{User: boss}, false) {
				t.Errorf("%s: the administrator: %+v, %v", what, m, err)
			}
			if m, _, err = l.Check(t.Context(), reset.Target{User: ana}, false); err != nil || m.Reason != "" {
				t.Errorf("%s: anybody else: %+v, %v", what, m, err)
			}
			if got := o.roles - before; got != wantRoles {
				t.Errorf("%s: asked for roles %d times, want %d", what, got, wantRoles)
			}
		}
		check("never read", 2)
		l.Refresh(t.Context(), false, time.Now())
		check("just read", 0)
		<-time.After(protection.Stale)
		check("too old", 2)
		o.broken = errors.New("no answer")
		l.Refresh(t.Context(), false, time.Now())
		check("not to be read", 2)
		o.gone = errors.New("no answer")
		if _, _, err := l.Check(t.Context(), reset.Target{User: ana}, false); err == nil {
			t.Error("a user may be reset of which nothing is known")
		}
	})
}

// Several who wait for the same reading share it, and it goes on every minute only
// while somebody follows.
func TestLists_Run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{}
		l := over(o, policy.Protect{Admins: policy.AdminsList})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { l.Run(ctx); close(ended) }()
		<-time.After(10*time.Minute + 30*time.Second) // between two minutes
		if o.lists.Load() != 0 {
			t.Errorf("read %d times, and nobody follows", o.lists.Load())
		}
		one, two := l.Follow(false), l.Follow(false)
		<-time.After(10 * time.Minute)
		if o.lists.Load() != 10 {
			t.Errorf("read %d times in 10 minutes for two", o.lists.Load())
		}
		one()
		two()
		<-time.After(10 * time.Minute)
		if o.lists.Load() != 10 {
			t.Errorf("read %d times, and nobody follows any more", o.lists.Load()-10)
		}
		cancel()
		<-ended
	})
}

// The last active super administrator is never reset; a break-glass plan includes
// other protected users for the reason that was approved.
func TestMatch_Blocks(t *testing.T) {
	last := protection.LastSuper()
	admin := protection.Match{Reason: reset.ProtectedAdmin}
	for _, c := range []struct {
		name       string
		m          protection.Match
		approved   reset.Reason
		breakGlass bool
		want       bool
	}{
		{"nobody", protection.Match{}, "", false, false},
		{"protected", admin, "", false, true},
		{"protected since the plan", admin, "", true, true},
		{"approved as protected", admin, reset.ProtectedAdmin, true, false},
		{"approved for another reason", admin, reset.ProtectedGroup, true, true},
		{"the last super administrator", last, reset.ProtectedAdmin, true, true},
	} {
		if got := c.m.Blocks(reset.Target{Reason: c.approved}, c.breakGlass); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// Members of a protected group are passed over by the list of them, or by their own groups
// where that cannot be read, has grown old, or is that of other groups.
func TestLists_Check_groups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{members: map[string][]string{"00g1": {ana}, "00g2": {boss}}}
		named := []string{"00g1"}
		l := protection.New(o, func() policy.Rules {
			return policy.Rules{Protect: policy.Protect{Admins: policy.AdminsOff, OktaGroups: named}}
		}, slog.New(slog.DiscardHandler))
		check := func(what string, user reset.UserID, want reset.Reason, asked int) {
			t.Helper()
			before := o.asked
			m, _, err := l.Check(t.Context(), reset.Target{User: user}, false)
			if err != nil || m.Reason != want || o.asked-before != asked {
				t.Errorf("%s: %+v, asked %d times, %v", what, m, o.asked-before, err)
			}
		}
		check("never read, a member", ana, reset.ProtectedGroup, 1)
		check("never read, anybody", "00uother", "", 1)
		l.Refresh(t.Context(), false, time.Now())
		check("read, a member", ana, reset.ProtectedGroup, 0)
		check("read, a member of another group", boss, "", 0)
		named = []string{"00g1", "00g2"} // the policy is loaded again
		check("of groups that are named by now", boss, reset.ProtectedGroup, 1)
		l.Refresh(t.Context(), false, time.Now())
		check("read again", boss, reset.ProtectedGroup, 0)
		o.noMembers = errors.New("no answer")
		<-time.After(protection.Stale)
		l.Refresh(t.Context(), false, time.Now())
		if l.Current().Groups.Err() == nil || !l.Current().Groups.Has(ana) {
			t.Errorf("a reading that failed: %+v", l.Current().Groups)
		}
		check("not to be read", ana, reset.ProtectedGroup, 1)
		o.noGroups = errors.New("no answer")
		if _, _, err := l.Check(t.Context(), reset.Target{User: ana}, false); err == nil {
			t.Error("a user of whose groups nothing is known may be reset")
		}
	})
}

// The last active super administrator is protected from those who reset administrators, and
// each of several is where that is all that is known of one.
func TestLists_Check_last_super(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{supers: []string{boss}}
		l := over(o, policy.Protect{Admins: policy.AdminsOff})
		always := func(what string, user reset.UserID, want bool) {
			t.Helper()
			if m, _, err := l.Check(t.Context(), reset.Target{User: user}, false); err != nil || m.Always != want {
				t.Errorf("%s: %+v, %v", what, m, err)
			}
		}
		always("never read", boss, true)
		always("never read, anybody else", ana, false)
		l.Refresh(t.Context(), false, time.Now())
		always("the only one", boss, true)
		o.supers = []string{boss, ana}
		<-time.After(time.Minute)
		l.Refresh(t.Context(), false, time.Now())
		always("one of two", boss, false)
		<-time.After(protection.Stale)
		always("one of two, by a list that is too old", boss, true)

		other := over(&org{}, policy.Protect{Admins: policy.AdminsOff})
		if m, _, err := other.Check(t.Context(), reset.Target{User: boss}, false); err != nil || m.Always || m.Reason != "" {
			t.Errorf("an administrator who is no super administrator: %+v, %v", m, err)
		}
		by := over(&org{supers: []string{boss}}, policy.Protect{Admins: policy.AdminsList})
		if m, _, err := by.Check(t.Context(), reset.Target{User: boss}, false); err != nil || m.Always || m.Reason != reset.ProtectedAdmin {
			t.Errorf("passed over as an administrator: %+v, %v", m, err)
		}
		if m, _, err := by.Check(t.Context(), reset.Target{User: boss}, true); err != nil || !m.Always {
			t.Errorf("by break-glass: %+v, %v", m, err)
		}
	})
}

// What is asked of Okta is what the policy goes by.
func TestLists_Needs(t *testing.T) {
	for name, c := range map[string]struct {
		protect    policy.Protect
		breakGlass bool
		want       protection.Needs
	}{
		"nothing is set": {policy.Protect{}, false, protection.Needs{Admins: true}},
		"lists":          {policy.Protect{Admins: policy.AdminsList}, false, protection.Needs{Admins: true}},
		"each":           {policy.Protect{Admins: policy.AdminsEach}, false, protection.Needs{}},
		"off":            {policy.Protect{Admins: policy.AdminsOff}, false, protection.Needs{Supers: true}},
		"break-glass":    {policy.Protect{Admins: policy.AdminsEach}, true, protection.Needs{Supers: true}},
		"groups":         {policy.Protect{Admins: policy.AdminsEach, OktaGroups: []string{"00g1"}}, false, protection.Needs{Groups: true}},
	} {
		if got := over(&org{}, c.protect).Needs(c.breakGlass); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The bot's own service user is protected as soon as it is known, and is asked for until it is.
func TestLists_own_user(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{noName: errors.New("no answer")}
		l := over(o, policy.Protect{Admins: policy.AdminsList})
		own := func() protection.Match {
			t.Helper()
			m, _, err := l.Check(t.Context(), reset.Target{User: bot}, false)
			if err != nil {
				t.Error(err)
			}
			return m
		}
		l.Refresh(t.Context(), false, time.Now())
		if m := own(); m.Reason != "" || l.Current().Self != "" {
			t.Errorf("while Okta does not say: %+v", m)
		}
		if m := l.Current().Match(policy.Rules{}, "", ""); m.Reason != "" {
			t.Errorf("a target without a user is our own: %+v", m)
		}
		o.noName = nil
		for range 3 {
			<-time.After(time.Second)
			l.Refresh(t.Context(), false, time.Now())
		}
		if m := own(); m.Reason != reset.ProtectedUser || m.Words != "the bot's own service user" || o.names.Load() != 2 {
			t.Errorf("%+v, asked %d times", m, o.names.Load())
		}
	})
}

// A list that was read after somebody began to wait for it is not read again.
func TestLists_Refresh_shared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{}
		var logged bytes.Buffer
		l := protection.New(o, func() policy.Rules { return policy.Rules{} }, slog.New(slog.NewTextHandler(&logged, nil)))
		before := time.Now()
		<-time.After(time.Second)
		l.Refresh(t.Context(), false, time.Now())
		if logged.Len() > 0 {
			t.Errorf("a reading without trouble: %s", logged.String())
		}
		if l.Refresh(t.Context(), false, before); o.lists.Load() != 1 {
			t.Errorf("read %d times for two who began to wait before", o.lists.Load())
		}
		o.broken = errors.New("no answer")
		<-time.After(time.Second)
		l.Refresh(t.Context(), false, time.Now())
		if l.Refresh(t.Context(), false, before); o.lists.Load() != 3 {
			t.Errorf("after a failure it was read %d times", o.lists.Load())
		}
		if !strings.Contains(logged.String(), "list=administrators") {
			t.Errorf("a reading that failed is not told: %s", logged.String())
		}
		if a := l.Current().Admins; a.Err() == nil || !a.Has(boss) || a.Has(ana) || a.Len() != 1 {
			t.Errorf("a reading that failed: %+v", a)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		l.Refresh(ended, false, time.Now())
	})
}

// Check says since when what it goes by is known: the oldest list that counts.
func TestLists_Check_known_at(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{members: map[string][]string{}}
		l := over(o, policy.Protect{Admins: policy.AdminsList, OktaGroups: []string{"00g1"}})
		began := time.Now()
		l.Refresh(t.Context(), false, began)
		<-time.After(time.Minute)
		if _, at, err := l.Check(t.Context(), reset.Target{User: ana}, false); err != nil || !at.Equal(began) {
			t.Errorf("known since %s, %v", at, err)
		}
		if _, at, err := l.Check(t.Context(), reset.Target{User: ana}, true); err != nil || !at.Equal(began) {
			t.Errorf("with the groups' list alone: known since %s, %v", at, err)
		}
		each := over(o, policy.Protect{Admins: policy.AdminsEach})
		began = time.Now()
		each.Refresh(t.Context(), true, began)
		<-time.After(time.Minute)
		if _, at, err := each.Check(t.Context(), reset.Target{User: ana}, true); err != nil || !at.Equal(began) {
			t.Errorf("by their own roles and the super administrators: known since %s, %v", at, err)
		}
		off := over(o, policy.Protect{Admins: policy.AdminsOff})
		off.Refresh(t.Context(), false, time.Now())
		read := time.Now()
		<-time.After(time.Minute)
		if _, at, err := off.Check(t.Context(), reset.Target{User: ana}, false); err != nil || !at.Equal(read) {
			t.Errorf("by the super administrators: known since %s, %v", at, err)
		}
		<-time.After(protection.Stale)
		if _, at, err := off.Check(t.Context(), reset.Target{User: ana}, false); err != nil || !at.Equal(time.Now()) {
			t.Errorf("asked now: known since %s, %v", at, err)
		}
	})
}
