package batch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// What follows from each answer to a reset: what is recorded, whether the call goes again, and
// whether it counts as a failure, the first of which pauses this request.
func TestBatch_Run_answers(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		kinds   string
		outcome reset.Outcome
		reason  reset.Reason
		detail  string // of the entry after the first
		pause   string // its detail; "": none
	}{
		{"done", nil, "started outcome", reset.OutcomeReset, "", "", ""},
		{"an error that is not Okta's", errors.New("broken"), "started doubt", "", "", "no answer", "1 calls to Okta in a row failed. See the log of the bot, then resume."},
		{"no answer", &okta.Error{Kind: okta.KindNetwork, Effect: okta.EffectDoubt, Summary: "timed out", Advice: "Look at the network."}, "started doubt", "", "", "timed out", "1 calls to Okta in a row failed. Look at the network."},
		{"not sent", &okta.Error{Kind: okta.KindNetwork, Effect: okta.EffectNone, Advice: "Look at the network."}, "started not_sent", "", "", "network", "1 calls to Okta in a row failed. Look at the network."},
		{"too late to be sent", &okta.Error{Kind: okta.KindLate, Effect: okta.EffectNone}, "started not_sent started outcome", reset.OutcomeReset, "", "late", ""},
		{"given up before it was sent", &okta.Error{Kind: okta.KindCanceled, Effect: okta.EffectNone}, "started not_sent started outcome", reset.OutcomeReset, "", "canceled", ""},
		{"too fast", &okta.Error{Kind: okta.KindRateLimited, Effect: okta.EffectRefused, Status: 429}, "started refused started outcome", reset.OutcomeReset, "", "HTTP 429", ""},
		{"no token", &okta.Error{Kind: okta.KindAuth, Effect: okta.EffectRefused, Status: 401, Code: "E0000011", Advice: "Renew the token."}, "started refused", "", "", "HTTP 401", "Renew the token."},
		{"no scope", &okta.Error{Kind: okta.KindScope, Effect: okta.EffectRejected, Code: "invalid_scope", Summary: "no", Advice: "Grant the scope."}, "started refused", "", "", "invalid_scope: no", "Grant the scope."},
		{"gone", &okta.Error{Kind: okta.KindNotFound, Effect: okta.EffectRejected, Code: "E0000007", Summary: "Not found"}, "started outcome", reset.OutcomeSkipped, reset.NotFound, "E0000007: Not found", ""},
		{"forbidden", &okta.Error{Kind: okta.KindForbidden, Effect: okta.EffectRejected, Summary: "no", Advice: "Look at the role."}, "started outcome", reset.OutcomeFailed, reset.Forbidden, "no", "1 calls to Okta in a row failed. Look at the role."},
		{"not in this status", &okta.Error{Kind: okta.KindStatus, Effect: okta.EffectRejected}, "started outcome", reset.OutcomeFailed, reset.Forbidden, "status", "1 calls to Okta in a row failed. "},
		{"malformed", &okta.Error{Kind: okta.KindInvalid, Effect: okta.EffectRejected, Status: 400}, "started outcome", reset.OutcomeFailed, reset.OktaError, "HTTP 400", "1 calls to Okta in a row failed. "},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, reset.Running, 1, func(s *stage) {
				s.rules.PauseAfter = 1
				s.okta.reset = once(c.err)
				recorded, err := s.run()
				if kinds(recorded) != c.kinds || errors.Is(err, batch.ErrPaused) != (c.pause != "") {
					t.Fatalf("%v, recorded %s", err, kinds(recorded))
				}
				if recorded[1].Detail != c.detail {
					t.Errorf("detail %q", recorded[1].Detail)
				}
				if c.pause != "" && s.rec.head.Pause.Detail != c.pause {
					t.Errorf("paused: %q", s.rec.head.Pause.Detail)
				}
				if e := recorded[len(recorded)-1]; e.Outcome != c.outcome || e.Reason != c.reason || c.outcome == reset.OutcomeReset && e.RequestID != "req-again" {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

// What Okta says of an answer is recorded with it.
func TestBatch_Run_answer_is_recorded(t *testing.T) {
	onStage(t, reset.Running, 1, func(s *stage) {
		retry := time.Now().Add(time.Minute)
		s.okta.reset = once(&okta.Error{Kind: okta.KindRateLimited, Effect: okta.EffectRefused, RequestID: "req-1", RetryAt: retry, Answered: true})
		recorded, err := s.run()
		if e := recorded[1]; err != nil || e.RequestID != "req-1" || !e.RetryAt.Equal(retry) || !e.Answered {
			t.Errorf("%v, %+v", err, e)
		}
	})
}

// A request for single factors records each of them; for sessions too it ends with them.
func TestBatch_Run_steps(t *testing.T) {
	gone := &okta.Error{Kind: okta.KindNotFound, Effect: okta.EffectRejected, RequestID: "req-gone"}
	no := &okta.Error{Kind: okta.KindForbidden, Effect: okta.EffectRejected, Summary: "no"}
	for _, c := range []struct {
		name     string
		options  reset.Options
		remove   error
		sessions error
		kinds    string
		requests string // of Okta, of the entries but those of started
		outcome  reset.Outcome
		reason   reset.Reason
		detail   string
	}{
		{"a factor", reset.Options{Factors: []string{"sms"}}, nil, nil, "started stepped outcome", "req-again -", reset.OutcomeReset, "", ""},
		{"a factor that went by itself", reset.Options{Factors: []string{"sms"}}, gone, nil, "started stepped outcome", "req-gone -", reset.OutcomeReset, "", ""},
		{"a factor that may not be removed", reset.Options{Factors: []string{"sms"}}, no, nil, "started outcome", "-", reset.OutcomeFailed, reset.Forbidden, "no"},
		{"no such factor", reset.Options{Factors: []string{"call"}}, nil, nil, "outcome", "-", reset.OutcomeReset, reset.AlreadyClear, "no such factor was listed"},
		{"sessions", reset.Options{RevokeSessions: true}, nil, nil, "started stepped started outcome", "req-reset -", reset.OutcomeReset, "", ""},
		{"sessions that may not be ended", reset.Options{RevokeSessions: true}, nil, no, "started stepped started outcome", "req-reset -", reset.OutcomeReset, reset.SessionsNotRevoked, "sessions: no"},
		{"sessions of who is gone", reset.Options{RevokeSessions: true}, nil, gone, "started stepped started outcome", "req-reset -", reset.OutcomeReset, reset.SessionsNotRevoked, "sessions: not_found"},
		{"a factor and sessions", reset.Options{Factors: []string{"sms"}, RevokeSessions: true}, nil, nil, "started stepped started outcome", "req-again -", reset.OutcomeReset, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, reset.Running, 1, func(s *stage) {
				s.rec.head.Asked.Options = c.options
				s.list(1, "sms1", "sms", -time.Hour)
				remove := once(c.remove)
				s.okta.remove = func() (okta.Receipt, error) {
					s.okta.unlist(string(user(1)), "sms1")
					return remove()
				}
				s.okta.sessions = once(c.sessions)
				recorded, err := s.run()
				var requests []string
				for _, e := range recorded {
					switch {
					case e.Kind == reset.EntryStarted:
					case e.RequestID == "":
						requests = append(requests, "-")
					default:
						requests = append(requests, e.RequestID)
					}
					if e.Kind == reset.EntryStepped && (e.Step.Kind == reset.StepDelete) != (fmt.Sprint(e.Factors) == "[sms]") {
						t.Errorf("removed by a step: %+v", e)
					}
				}
				if err != nil || kinds(recorded) != c.kinds || strings.Join(requests, " ") != c.requests {
					t.Fatalf("%v, recorded %s by %v", err, kinds(recorded), requests)
				}
				if e := s.outcome(recorded, err); e.Outcome != c.outcome || e.Reason != c.reason || e.Detail != c.detail {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

// Five calls for one user without an answer pause the request.
func TestBatch_Settle_five_doubts(t *testing.T) {
	for doubts, pauses := range map[int]bool{3: false, 4: true} {
		onStage(t, reset.Running, 1, func(s *stage) {
			s.list(1, "opf1", "push", -time.Hour)
			s.journal(1, theReset, doubts)
			s.okta.reset = once(errors.New("no answer"))
			recorded, err := s.settle()
			if errors.Is(err, batch.ErrPaused) != pauses || !pauses && kinds(recorded) != "started doubt started outcome" {
				t.Errorf("after %d: %v, recorded %s", doubts, err, kinds(recorded))
			}
			if pauses && !strings.Contains(s.rec.head.Pause.Detail, "without an answer five times") {
				t.Errorf("paused: %q", s.rec.head.Pause.Detail)
			}
		})
	}
}

// Who is gone when a reset is sent again is not skipped: the first one may have taken effect.
func TestBatch_Settle_gone_when_sent_again(t *testing.T) {
	onStage(t, reset.Running, 1, func(s *stage) {
		s.rules.PauseAfter = 1
		s.list(1, "opf1", "push", -time.Hour)
		s.doubt()
		s.okta.reset = once(&okta.Error{Kind: okta.KindNotFound, Effect: okta.EffectRejected, Code: "E0000007"})
		recorded, err := s.settle()
		if e := recorded[len(recorded)-1]; !errors.Is(err, batch.ErrPaused) || e.Outcome != reset.OutcomeFailed || e.Reason != reset.OktaError || e.Detail != "the user is gone" {
			t.Errorf("%v, %+v", err, e)
		}
	})
}

// Whether a user is protected is that user's answer where Okta says so for good, and a
// question for a person where it does not.
func TestBatch_Run_protection_not_told(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		outcome reset.Outcome
		detail  string
	}{
		{"gone", &okta.Error{Op: "list roles", Kind: okta.KindNotFound, Effect: okta.EffectRejected, RequestID: "req-roles", Code: "E0000007", Summary: "Not found"}, reset.OutcomeSkipped, "list roles: E0000007: Not found"},
		{"no scope", &okta.Error{Kind: okta.KindScope, Effect: okta.EffectRejected}, "", ""},
		{"no token", &okta.Error{Kind: okta.KindAuth, Effect: okta.EffectRejected}, "", ""},
		{"moved", &okta.Error{Kind: okta.KindRedirect, Effect: okta.EffectRejected}, "", ""},
		{"no answer", &okta.Error{Kind: okta.KindNetwork, Effect: okta.EffectDoubt}, "", ""},
		{"an error that is not Okta's", errors.New("broken"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, reset.Running, 1, func(s *stage) {
				s.rules.Protect.Admins = policy.AdminsEach
				s.okta.roles = func() ([]string, error) { return nil, c.err }
				recorded, err := s.run()
				if c.outcome == "" {
					if !errors.Is(err, batch.ErrPaused) || s.rec.head.Pause.Cause != reset.CauseProtection || len(recorded) != 0 {
						t.Errorf("%v, %+v, recorded %+v", err, s.rec.head.Pause, recorded)
					}
					return
				}
				if e := s.outcome(recorded, err); e.Outcome != c.outcome || e.Detail != c.detail || e.RequestID != "req-roles" || s.rec.head.Pause != nil {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

func TestAdvice(t *testing.T) {
	for err, want := range map[error]string{
		errors.New("broken"): "See the log of the bot, then resume.",
		&okta.Error{}:        "See the log of the bot, then resume.",
		fmt.Errorf("ask: %w", &okta.Error{Advice: "Renew the token."}): "Renew the token.",
	} {
		if got := batch.Advice(err); got != want {
			t.Errorf("%v: %q", err, got)
		}
	}
}
