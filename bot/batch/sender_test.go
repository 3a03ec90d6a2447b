package batch

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// slowGroups has a list of administrators and none of a group's members; to ask for the
// groups of one user takes a second, and answers with an error those that it has one for.
type slowGroups struct {
	protection.Okta
	asked   int
	self    string
	refuses map[string]error
}

func (s *slowGroups) Me(context.Context) (okta.User, error)         { return okta.User{ID: s.self}, nil }
func (*slowGroups) Admins(context.Context) (map[string]bool, error) { return map[string]bool{}, nil }
func (*slowGroups) GroupMembers(context.Context, string) iter.Seq2[okta.User, error] {
	return func(yield func(okta.User, error) bool) { yield(okta.User{}, errors.New("not to be read")) }
}

func (s *slowGroups) GroupsOf(ctx context.Context, user string) ([]okta.Group, error) {
	s.asked++
	pauseFor(ctx, time.Second)
	return nil, s.refuses[user]
}

// newSenderOf returns a sender that goes by the lists of an org.
func newSenderOf(t *testing.T, org protection.Okta) (*sender, *slowRecord) {
	t.Helper()
	rules := func() policy.Rules {
		return policy.Rules{Protect: policy.Protect{Admins: policy.AdminsList, OktaGroups: []string{"00gboard"}}}
	}
	lists := protection.New(org, rules, slog.New(slog.DiscardHandler))
	lists.Refresh(t.Context(), false, time.Now())
	rec := &slowRecord{head: &reset.Request{ID: "FR-1", State: reset.Running}, onWrite: func() {}}
	return &sender{session: NewSession(), job: &job{
		Deps: Deps{Protection: lists, Rules: rules, Log: slog.New(slog.DiscardHandler)},
		head: rec.head, control: newControlOf(t, rec, 0),
	}}, rec
}

// A call that waited for its turn leaves only by what is known since less than two minutes:
// what is older is asked again, and what has grown old meanwhile is read again first.
func TestSender_allowedNow(t *testing.T) {
	for _, c := range []struct {
		name  string
		waits time.Duration // from the reading of the lists until the slot is there
		known time.Duration // how old what is known of the target is then
		asked int
		want  result
	}{
		{"fresh", time.Minute, protection.Stale - 1, 0, resultGoOn},
		{"two minutes old", time.Minute, protection.Stale, 1, resultGoOn},
		{"the list is two minutes old when the groups are known", protection.Stale - time.Second, protection.Stale, 1, resultRetry},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				org := &slowGroups{}
				s, _ := newSenderOf(t, org)
				pauseFor(t.Context(), c.waits)
				got := s.allowedNow(nil, reset.Target{Row: 1, User: "00uuser0000000000000"}, time.Now().Add(-c.known))
				if got != c.want || org.asked != c.asked {
					t.Errorf("result %d after %d questions, want %d after %d", got, org.asked, c.want, c.asked)
				}
			})
		})
	}
}

// A batch that was halted pauses nothing because of an answer that came after.
func TestSender_allowed_after_the_halt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const user = "00uuser0000000000000"
		for _, halted := range []bool{false, true} {
			s, rec := newSenderOf(t, &slowGroups{refuses: map[string]error{user: errors.New("no answer")}})
			if halted {
				s.control.halt(reset.ErrChanged)
			}
			if _, ok := s.allowed(t.Context(), reset.Target{Row: 1, User: user}); ok {
				t.Errorf("halted %t: a target of which nothing is known may be reset", halted)
			}
			if paused := rec.head.State == reset.Paused; paused == halted {
				t.Errorf("halted %t: paused %t", halted, paused)
			}
		}
	})
}

// Okta that tells of nobody pauses a request once. Who resumes it has seen that, and then
// it is each user's own answer.
func TestSender_refusesEverybody(t *testing.T) {
	const self, user = "00ubot00000000000000", "00uuser0000000000000"
	forbidden := &okta.Error{Kind: okta.KindForbidden, Effect: okta.EffectRejected}
	for _, c := range []struct {
		name   string
		err    error
		self   error
		warned bool
		want   bool
	}{
		{"everybody", forbidden, forbidden, false, true},
		{"this user alone", forbidden, nil, false, false},
		{"a person has seen it", forbidden, forbidden, true, false},
		{"a user who is gone", &okta.Error{Kind: okta.KindNotFound}, forbidden, false, false},
		{"asked about the bot, no answer", forbidden, errors.New("no answer"), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := newSenderOf(t, &slowGroups{self: self, refuses: map[string]error{self: c.self}})
				s.warned = c.warned
				if got := s.refusesEverybody(t.Context(), c.err); got != c.want || s.session.warned.Load() != c.want {
					t.Errorf("%t, a person is told %t; want %t", got, s.session.warned.Load(), c.want)
				}
			})
		})
	}
}
