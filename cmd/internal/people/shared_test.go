package people

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// oneOrg has one user for each e-mail, or does not answer.
type oneOrg struct {
	mu   sync.Mutex
	away bool
	asks int
}

func (o *oneOrg) UsersByEmail(_ context.Context, email string) ([]okta.User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asks++; o.away {
		return nil, &okta.Error{Kind: okta.KindServer}
	}
	return []okta.User{{ID: "00uSomebody000000001", Login: email, Email: email, Status: "ACTIVE"}}, nil
}

func (o *oneOrg) GroupsOf(context.Context, string) ([]okta.Group, error) {
	return []okta.Group{{ID: "00gApprovers00000001"}}, nil
}

func (o *oneOrg) GroupMembers(context.Context, string) iter.Seq2[okta.User, error] {
	return func(func(okta.User, error) bool) {}
}

func (o *oneOrg) set(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

// Many who ask about a person within seconds share one look-up, at the same time
// and one after the other; a decision asks again, and after a while so does everybody.
func TestDirectory_oneLookUpForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, d := mustPeople(t)
		p.Okta, p.Rules = &oneOrg{}, func() policy.Rules { return policy.Rules{} }
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := p.Member(t.Context(), "U_APPROVER1"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		asked := func() int {
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(d.calls["users.info"])
		}
		if n := asked(); n != 1 {
			t.Errorf("%d look-ups for 20 at once", n)
		}
		if _, err := p.Person(t.Context(), "U_APPROVER1"); err != nil || asked() != 2 {
			t.Errorf("a decision: %v, %d look-ups", err, asked())
		}
		<-time.After(shared)
		if _, err := p.Account(t.Context(), "U_APPROVER1"); err != nil || asked() != 3 {
			t.Errorf("later: %v, %d look-ups", err, asked())
		}
	})
}

// What Okta said of somebody within a day is enough to stop something; to let
// something happen it has to answer.
func TestDirectory_Known_remembersForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := mustPeople(t)
		org := &oneOrg{}
		p.Okta = org
		p.Rules = func() policy.Rules {
			return policy.Rules{Approvers: policy.Group{OktaGroups: []string{"00gApprovers00000001"}}}
		}
		const who reset.Person = "U_APPROVER1"
		if got, err := p.Person(t.Context(), who); err != nil || got.Okta == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		org.set(true)
		<-time.After(oktaKept - time.Minute)
		if got, err := p.Known(t.Context(), who); err != nil || got.Okta == nil || len(got.Okta.Groups) != 1 {
			t.Errorf("within a day: %+v, %v", got, err)
		}
		var away *desk.AwayError
		if _, err := p.Person(t.Context(), who); !errors.As(err, &away) || away.Service != "Okta" {
			t.Errorf("a decision: %v", err)
		}
		<-time.After(2 * time.Minute)
		if _, err := p.Known(t.Context(), who); !errors.As(err, &away) || away.Service != "Okta" {
			t.Errorf("after a day: %v", err)
		}
		if got, err := p.Member(t.Context(), who); err != nil || got.ID != who {
			t.Errorf("Slack alone: %+v, %v", got, err)
		}
	})
}

// shelf keeps values in memory.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
	puts   int
}

func (s *shelf) PutValue(_ context.Context, name string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	s.values[name] = value
	return nil
}

func (s *shelf) Value(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[name], nil
}

// What Okta said of an approver counts for stopping also where the bot was started
// again while Okta is away, for a day; it is written rarely.
func TestDirectory_Known_after_a_restart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &shelf{values: map[string][]byte{}}
		start := func(away bool) *Directory {
			p, _ := mustPeople(t)
			p.Okta, p.Shelf, p.Log = &oneOrg{away: away}, kept, slog.New(slog.DiscardHandler)
			p.Rules = func() policy.Rules {
				return policy.Rules{Approvers: policy.Group{OktaGroups: []string{"00gApprovers00000001"}}}
			}
			return p
		}
		const who reset.Person = "U_APPROVER1"
		p := start(false)
		for range 20 {
			if got, err := p.Person(t.Context(), who); err != nil || got.Okta == nil {
				t.Fatalf("%+v, %v", got, err)
			}
			<-time.After(time.Minute)
		}
		if kept.puts != 1 {
			t.Errorf("written %d times in 20 minutes", kept.puts)
		}
		if got, err := start(true).Known(t.Context(), who); err != nil || got.Okta == nil || len(got.Okta.Groups) != 1 || len(got.OktaIDs) != 1 {
			t.Errorf("after a restart: %+v, %v", got, err)
		}
		var away *desk.AwayError
		if got, err := start(true).Known(t.Context(), "U_APPROVER2"); !errors.As(err, &away) {
			t.Errorf("a person unknown to Okta: %+v, %v", got, err)
		}
		if got, err := start(true).Person(t.Context(), who); !errors.As(err, &away) {
			t.Errorf("a decision: %+v, %v", got, err)
		}
		<-time.After(oktaKept)
		if got, err := start(true).Known(t.Context(), who); !errors.As(err, &away) {
			t.Errorf("after a day: %+v, %v", got, err)
		}
	})
}

func TestDirectory_InChannel(t *testing.T) {
	p, d := mustPeople(t)
	for who, want := range map[reset.Person]bool{"U_REQUESTER": true, "U_NOBODY": false} {
		if got, err := p.InChannel(t.Context(), "C_FACTORS", who); err != nil || got != want {
			t.Errorf("%s: %v, %v", who, got, err)
		}
	}
	if n := len(d.calls["conversations.members"]); n != 1 {
		t.Errorf("asked %d times", n)
	}
	var away *desk.AwayError
	if _, err := p.InChannel(t.Context(), "C_NONE", "U_REQUESTER"); !errors.As(err, &away) {
		t.Errorf("of a channel that is not there: %v", err)
	}
}
