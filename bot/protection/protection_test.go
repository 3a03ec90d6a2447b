package protection_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
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
}

const (
	boss = "00ubossaaaaaaaaaaaaa"
	ana  = "00uanaaaaaaaaaaaaaaa"
)

func (o *org) Me(context.Context) (okta.User, error) {
	return okta.User{ID: "00ubotaaaaaaaaaaaaaa"}, nil
}

func (o *org) Admins(context.Context) (map[string]bool, error) {
	o.lists.Add(1)
	return map[string]bool{boss: true}, o.broken
}

func (o *org) SuperAdmins(context.Context) ([]okta.User, error) { return []okta.User{{ID: boss}}, nil }

func (o *org) GroupMembers(context.Context, string) iter.Seq2[okta.User, error] {
	return func(func(okta.User, error) bool) {}
}

func (o *org) Roles(_ context.Context, user string) ([]string, error) {
	o.roles++
	if user == boss {
		return []string{"ORG_ADMIN"}, o.gone
	}
	return nil, o.gone
}

func (o *org) GroupsOf(context.Context, string) ([]okta.Group, error) { return nil, nil }

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
