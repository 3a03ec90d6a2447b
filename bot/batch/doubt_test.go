package batch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

var (
	theReset    = reset.Step{Kind: reset.StepReset}
	theDelete   = reset.Step{Kind: reset.StepDelete, Factor: "sms1", Type: "sms"}
	theSessions = reset.Step{Kind: reset.StepSessions}
)

// A reset whose answer never came is settled by what Okta shows: the user's factors and
// the System Log.
func TestBatch_Settle_reset(t *testing.T) {
	const lookAround = "the answer was lost and the user has enrolled a factor since: look whether the old ones are gone"
	for _, c := range []struct {
		name       string
		state      reset.State
		old, newer bool // factors that are listed: enrolled before the call, and since
		happened   bool // the System Log tells of our call
		outcome    reset.Outcome
		reason     reset.Reason
		detail     string
		calls      string
	}{
		{"it took, and the log tells", reset.Running, false, false, true, reset.OutcomeReset, "", "", "list 1"},
		{"it did not take", reset.Running, true, false, false, reset.OutcomeReset, "", "", "list 1, look 1, reset 1"},
		{"half of it took", reset.Running, true, false, true, reset.OutcomeReset, "", "", "list 1, look 1, reset 1"},
		{"it did not take, and nothing more is sent", reset.Stopping, true, false, false, reset.OutcomeNotRun, reset.NotRunCancelled, "", "list 1"},
		{"half of it took, and nothing more is sent", reset.Stopping, true, false, true, reset.OutcomeFailed, reset.OktaError, "half done: the System Log tells of our call, and an older factor is still there", "list 1"},
		{"nothing is listed or told, and nothing more is sent", reset.Stopping, false, false, false, reset.OutcomeFailed, reset.OktaError, "sent, result not known", "list 1"},
		{"enrolled since, and nothing is told", reset.Running, false, true, false, reset.OutcomeFailed, reset.EnrolledMeanwhile, lookAround, "list 1"},
		{"enrolled since, and an old one is there", reset.Running, true, true, false, reset.OutcomeFailed, reset.EnrolledMeanwhile, "the answer was lost, the user has enrolled a factor since, and an older one is still there", "list 1"},
		{"enrolled since, and it took", reset.Stopping, false, true, true, reset.OutcomeReset, "", "", "list 1"},
		{"paused, it took", reset.Paused, false, true, true, reset.OutcomeReset, "", "", "list 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, c.state, 1, func(s *stage) {
				if c.old {
					s.list(1, "opf1", "push", -time.Hour)
				}
				s.doubt()
				if c.happened {
					s.happened()
				}
				wait(time.Second)
				if c.newer {
					s.list(1, "sms2", "sms", 0)
				}
				e := s.outcome(s.settle())
				if e.Outcome != c.outcome || e.Reason != c.reason || e.Detail != c.detail || !e.Touched {
					t.Errorf("%+v", e)
				}
				if proved := e.Proof == reset.ProofLog; proved != (c.outcome == reset.OutcomeReset && !strings.Contains(c.calls, "reset")) {
					t.Errorf("proof %q", e.Proof)
				}
				if calls := strings.Join(s.okta.calls, ", "); calls != c.calls {
					t.Errorf("calls %s, want %s", calls, c.calls)
				}
			})
		})
	}
}

// A paused request sends nothing again. It looks at each user's factors once, or asks for them
// three times, while it waits for the log to tell of others; then it ends.
func TestBatch_Settle_paused(t *testing.T) {
	for name, c := range map[string]struct {
		step reset.Step
		err  error
		some []string
		list int
	}{
		"a reset":                         {theReset, nil, nil, 1},
		"a reset, factors do not come":    {theReset, errors.New("no answer"), nil, 3},
		"a deletion":                      {theDelete, nil, []string{"sms"}, 1},
		"a deletion, factors do not come": {theDelete, errors.New("no answer"), []string{"sms"}, 3},
		"the end of sessions":             {theSessions, nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, reset.Paused, 2, func(s *stage) {
				s.rec.head.Asked.Options.Factors = c.some
				s.list(1, "sms1", "sms", -time.Hour)
				s.journal(1, c.step, 1)
				s.journal(2, theReset, 1)
				wait(time.Second)
				s.list(2, "opf2", "push", 0) // the log may tell of a reset before that
				s.okta.factors = func(id string) ([]okta.Factor, error) {
					if id == string(user(1)) && c.err != nil {
						return nil, c.err
					}
					return s.okta.listed[id], nil
				}
				recorded, err := s.settle()
				if err != nil || kinds(recorded) != "outcome" || recorded[0].Step.Row != 2 {
					t.Errorf("%v, recorded %+v", err, recorded)
				}
				lists := 0
				for _, call := range s.okta.calls {
					switch call {
					case "list 1":
						lists++
					case "list 2":
					default:
						t.Errorf("a paused request makes the call %q", call)
					}
				}
				if lists != c.list {
					t.Errorf("the first user's factors are listed %d times, want %d", lists, c.list)
				}
			})
		})
	}
}

// A user's factors that cannot be read: for good, for lack of a right, or for the moment.
func TestBatch_Settle_unreadable_factors(t *testing.T) {
	rejected := func(k okta.Kind) error {
		return &okta.Error{Op: "list factors", Kind: k, Effect: okta.EffectRejected, Advice: "Ask for the right."}
	}
	const hidden = "sent, result not known: the user's factors can't be read"
	for _, c := range []struct {
		name     string
		err      error
		detail   string // of the outcome; "": there is none
		reason   reset.Reason
		pauses   bool // while it runs
		readable bool // at the next try
	}{
		{"gone", rejected(okta.KindNotFound), "the user is gone", reset.OktaError, false, false},
		{"hidden", rejected(okta.KindForbidden), hidden, reset.Forbidden, false, false},
		{"no token", &okta.Error{Kind: okta.KindAuth, Effect: okta.EffectRefused, Advice: "Ask for the right."}, "", "", true, true},
		{"no scope", rejected(okta.KindScope), "", "", true, true},
		{"no answer", errors.New("no answer"), "", "", false, true},
		{"moved", rejected(okta.KindRedirect), "", "", false, true},
	} {
		for _, state := range []reset.State{reset.Running, reset.Stopping} {
			for _, step := range []reset.Step{theReset, theDelete} {
				t.Run(c.name+", "+string(state)+", "+string(step.Kind), func(t *testing.T) {
					onStage(t, state, 1, func(s *stage) {
						if step.Kind == reset.StepDelete {
							s.rec.head.Asked.Options.Factors = []string{"sms"}
						}
						s.journal(1, step, 1)
						first := true
						s.okta.factors = func(string) ([]okta.Factor, error) {
							if first || !c.readable {
								first = false
								return nil, c.err
							}
							return nil, nil
						}
						recorded, err := s.settle()
						if c.pauses && state == reset.Running {
							if !errors.Is(err, batch.ErrPaused) || s.rec.head.Pause.Detail != "Ask for the right." || len(recorded) != 0 {
								t.Errorf("%v, %+v, recorded %+v", err, s.rec.head.Pause, recorded)
							}
							return
						}
						if c.readable {
							if err != nil || len(recorded) == 0 || s.rec.head.Pause != nil {
								t.Errorf("%v, %+v, recorded %+v", err, s.rec.head.Pause, recorded)
							}
							return
						}
						e := s.outcome(recorded, err)
						if e.Outcome != reset.OutcomeFailed || e.Reason != c.reason || e.Detail != c.detail {
							t.Errorf("%+v", e)
						}
					})
				})
			}
		}
	}
}

// What is enrolled by Okta itself, or nobody enrolled of late, is no new factor of the user;
// the System Log tells which it is. Where it does not, it counts as new.
func TestBatch_Settle_who_enrolled(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   string
		enrol  func(*stage) error
		silent bool // the log does not tell who enrolled
		want   reset.Reason
	}{
		{"an e-mail by Okta", "email", func(s *stage) error { return s.org.EnrolByOkta(string(user(1))) }, false, ""},
		{"an e-mail by the user", "email", func(s *stage) error { return s.org.Enrol(string(user(1)), "email") }, false, reset.EnrolledMeanwhile},
		{"nobody knows", "email", func(s *stage) error { return s.org.EnrolByOkta(string(user(1))) }, true, reset.EnrolledMeanwhile},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, reset.Running, 1, func(s *stage) {
				s.system.silent = c.silent
				s.doubt()
				wait(time.Second)
				if err := c.enrol(s); err != nil {
					t.Fatal(err)
				}
				s.list(1, "emf1", c.kind, 0)
				read := time.Now()
				e := s.outcome(s.settle())
				if waited := s.system.asked.Sub(read); waited <= lag {
					t.Errorf("the log is asked %s after the factors are read, and may tell of them in %s", waited, lag)
				}
				if e.Reason != c.want || slices.Contains(s.okta.calls, "reset 1") != (c.want == "") {
					t.Errorf("%+v, calls %v", e, s.okta.calls)
				}
				if logged := strings.Contains(s.logged.String(), "it counts as new"); logged != c.silent {
					t.Errorf("logged: %s", s.logged.String())
				}
			})
		})
	}
}

// What a user has enrolled since and removed again decides nothing: where no factor is unclear
// the log is not asked for enrolments, however long it is waited for.
func TestBatch_Settle_enrolled_and_gone(t *testing.T) {
	onStage(t, reset.Paused, 2, func(s *stage) {
		s.journal(1, theReset, 1)
		s.journal(2, theReset, 1)
		wait(time.Second)
		for row, enrol := range []func(string) error{func(id string) error { return s.org.Enrol(id, "push") }, s.org.EnrolByOkta} {
			if err := enrol(string(user(row + 1))); err != nil {
				t.Fatal(err)
			}
		}
		s.list(2, "emf1", "email", 0) // whose it is the log tells after a while
		if recorded, err := s.settle(); err != nil || len(recorded) != 0 || s.system.asked.IsZero() {
			t.Errorf("%v, recorded %+v", err, recorded)
		}
	})
}

// A factor that seems to be enrolled shortly before the call may be new, because Okta's clock
// may have been set back: the System Log tells, by the minutes before the call, too.
func TestBatch_Settle_enrolled_shortly_before(t *testing.T) {
	for _, self := range []bool{false, true} {
		onStage(t, reset.Running, 1, func(s *stage) {
			if self {
				if err := s.org.Enrol(string(user(1)), "push"); err != nil {
					t.Fatal(err)
				}
			}
			s.list(1, "opf1", "push", 0)
			wait(5 * time.Minute)
			s.doubt()
			e := s.outcome(s.settle())
			if want := map[bool]reset.Reason{true: reset.EnrolledMeanwhile}[self]; e.Reason != want || slices.Contains(s.okta.calls, "reset 1") == self {
				t.Errorf("enrolled by the user %t: %+v, calls %v", self, e, s.okta.calls)
			}
		})
	}
}

// A deletion whose answer never came is repeated while the factor is listed.
func TestBatch_Settle_deletion(t *testing.T) {
	const half = "after some of the factors were removed: cancelled"
	for _, c := range []struct {
		name         string
		state        reset.State
		listed, done bool // done: another factor went before
		kinds        string
		outcome      reset.Outcome
		detail       string
		calls        string
	}{
		{"it is gone", reset.Running, false, false, "stepped outcome", reset.OutcomeReset, "", "list 1, list 1"},
		{"it is gone, stopping", reset.Stopping, false, false, "stepped", "", "", "list 1"},
		{"it is gone, paused", reset.Paused, false, false, "stepped", "", "", "list 1"},
		{"it is there", reset.Running, true, false, "started stepped outcome", reset.OutcomeReset, "", "list 1, delete sms1 1, list 1"},
		{"it is there, stopping", reset.Stopping, true, false, "outcome", reset.OutcomeNotRun, "", "list 1"},
		{"it is there, stopping, another one went", reset.Stopping, true, true, "outcome", reset.OutcomeNotRun, half, "list 1"},
		{"it is there, paused", reset.Paused, true, false, "", "", "", "list 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, c.state, 1, func(s *stage) {
				s.rec.head.Asked.Options.Factors = []string{"call", "sms"}
				if c.done {
					step := reset.Step{Row: 1, User: user(1), Kind: reset.StepDelete, Factor: "clf1", Type: "call"}
					s.rec.log = append(s.rec.log, reset.Entry{Kind: reset.EntryStarted, At: time.Now(), OktaAt: time.Now(), Step: &step}, reset.Entry{Kind: reset.EntryStepped, At: time.Now(), Step: &step})
				}
				if c.listed {
					s.list(1, "sms1", "sms", -time.Hour)
				}
				s.journal(1, theDelete, 1)
				recorded, err := s.settle()
				if err != nil || kinds(recorded) != c.kinds {
					t.Fatalf("%v, recorded %s", err, kinds(recorded))
				}
				if calls := strings.Join(s.okta.calls, ", "); calls != c.calls {
					t.Errorf("calls %s, want %s", calls, c.calls)
				}
				if c.outcome == "" {
					return
				}
				if e := s.outcome(recorded, err); e.Outcome != c.outcome || e.Detail != c.detail {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

// The end of a user's sessions whose answer never came is tried three times.
func TestBatch_Settle_sessions(t *testing.T) {
	for _, c := range []struct {
		name  string
		state reset.State
		times int
		kinds string
		left  bool // the sessions go on, as far as anybody knows
	}{
		{"once", reset.Running, 1, "started outcome", false},
		{"twice", reset.Running, 2, "started outcome", false},
		{"three times", reset.Running, 3, "outcome", true},
		{"stopping", reset.Stopping, 1, "outcome", true},
		{"paused", reset.Paused, 2, "", false},
		{"paused, three times", reset.Paused, 3, "outcome", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, c.state, 1, func(s *stage) {
				s.rec.head.Asked.Options.RevokeSessions = true
				s.journal(1, theSessions, c.times)
				recorded, err := s.settle()
				if err != nil || kinds(recorded) != c.kinds {
					t.Fatalf("%v, recorded %s", err, kinds(recorded))
				}
				if c.kinds == "" {
					return
				}
				e := s.outcome(recorded, err)
				if e.Outcome != reset.OutcomeReset || (e.Reason == reset.SessionsNotRevoked) != c.left || c.left && e.Detail != "sessions: sent, result not known" {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

// A reset that took goes on to the user's sessions while the request runs.
func TestBatch_Settle_sessions_next(t *testing.T) {
	for state, want := range map[reset.State]string{reset.Running: "stepped started outcome", reset.Stopping: "stepped"} {
		onStage(t, state, 1, func(s *stage) {
			s.rec.head.Asked.Options.RevokeSessions = true
			s.doubt()
			s.happened()
			if recorded, err := s.settle(); err != nil || kinds(recorded) != want {
				t.Errorf("%s: %v, recorded %s, want %s", state, err, kinds(recorded), want)
			}
		})
	}
}

// A reset that was interrupted by a restart, and took, says so.
func TestBatch_Settle_after_restart(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		onStage(t, reset.Running, 1, func(s *stage) {
			s.doubt()
			if restarted {
				s.rec.log = s.rec.log[:1]
			}
			s.happened()
			if e := s.outcome(s.settle()); (e.Reason == reset.SettledAfterRestart) != restarted || e.Proof != reset.ProofLog {
				t.Errorf("restarted %t: %+v", restarted, e)
			}
		})
	}
}

// Nothing is sent again for who is protected by now, nor while a dry run is asked for; where
// Okta does not say who is protected, a person is asked.
func TestBatch_Settle_nothing_is_sent(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*stage)
		outcome reset.Outcome
		reason  reset.Reason
		detail  string
	}{
		{"protected", func(s *stage) { s.rules.Protect.Users = []string{string(user(1))} }, reset.OutcomeSkipped, reset.ProtectedUser, "protected by the configuration since the plan was made"},
		{"a dry run", func(s *stage) { s.rules.DryRun = true }, reset.OutcomeNotRun, reset.NotRunCancelled, ""},
		{"a dry run since it began to wait for its turn", func(s *stage) { s.okta.take = func() { s.rules.DryRun = true } }, reset.OutcomeNotRun, reset.NotRunCancelled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, reset.Running, 1, func(s *stage) {
				s.list(1, "opf1", "push", -time.Hour)
				s.doubt()
				c.change(s)
				if e := s.outcome(s.settle()); e.Outcome != c.outcome || e.Reason != c.reason || e.Detail != c.detail || slices.Contains(s.okta.calls, "reset 1") {
					t.Errorf("%+v, calls %v", e, s.okta.calls)
				}
			})
		})
	}
	onStage(t, reset.Running, 1, func(s *stage) {
		s.rules.Protect.Users = []string{string(user(1))}
		s.rec.head.Asked.Options.BreakGlass, s.rec.targets[0].Reason = true, reset.ProtectedUser
		s.list(1, "opf1", "push", -time.Hour)
		s.doubt()
		if e := s.outcome(s.settle()); e.Outcome != reset.OutcomeReset || !slices.Contains(s.okta.calls, "reset 1") {
			t.Errorf("approved as protected: %+v, calls %v", e, s.okta.calls)
		}
	})
	onStage(t, reset.Running, 1, func(s *stage) {
		s.rules.Protect.Admins = policy.AdminsEach
		s.okta.roles = func() ([]string, error) { return nil, errors.New("no answer") }
		s.list(1, "opf1", "push", -time.Hour)
		s.doubt()
		if recorded, err := s.settle(); !errors.Is(err, batch.ErrPaused) || s.rec.head.Pause.Cause != reset.CauseProtection || len(recorded) != 0 {
			t.Errorf("%v, %+v, recorded %+v", err, s.rec.head.Pause, recorded)
		}
	})
}

// A reset goes again only by a last look at the factors, under two seconds old, that shows
// the same.
func TestBatch_Settle_last_look(t *testing.T) {
	old, fresh := okta.Factor{ID: "opf1", Type: "push"}, okta.Factor{ID: "sms2", Type: "sms"}
	for _, c := range []struct {
		name  string
		now   func(old, fresh okta.Factor) ([]okta.Factor, time.Time, error)
		calls string
	}{
		{"just under two seconds old", func(old, _ okta.Factor) ([]okta.Factor, time.Time, error) {
			return []okta.Factor{old}, time.Now().Add(1 - 2*time.Second), nil
		}, "list 1, look 1, reset 1"},
		{"two seconds old", func(old, _ okta.Factor) ([]okta.Factor, time.Time, error) {
			return []okta.Factor{old}, time.Now().Add(-2 * time.Second), nil
		}, "list 1, look 1, list 1, look 1, reset 1"},
		{"enrolled since", func(old, fresh okta.Factor) ([]okta.Factor, time.Time, error) {
			return []okta.Factor{old, fresh}, time.Now(), nil
		}, "list 1, look 1, list 1, look 1, reset 1"},
		{"no answer", func(_, _ okta.Factor) ([]okta.Factor, time.Time, error) {
			return nil, time.Now(), errors.New("no answer")
		}, "list 1, look 1, list 1, look 1, reset 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, reset.Running, 1, func(s *stage) {
				s.list(1, "opf1", "push", -time.Hour)
				old.Created = time.Now().Add(-time.Hour)
				s.doubt()
				wait(time.Second)
				fresh.Created = time.Now()
				s.okta.now = func() ([]okta.Factor, time.Time, error) {
					s.okta.now = nil
					return c.now(old, fresh)
				}
				e := s.outcome(s.settle())
				if calls := strings.Join(s.okta.calls, ", "); e.Outcome != reset.OutcomeReset || calls != c.calls {
					t.Errorf("%+v, calls %s, want %s", e, calls, c.calls)
				}
			})
		})
	}
}

// Half of the places are for rows in doubt: a call that is sent again needs a second one.
func TestBatch_Settle_half_of_the_places(t *testing.T) {
	onStage(t, reset.Stopping, 6, func(s *stage) {
		for row := 1; row <= 6; row++ {
			s.journal(row, theReset, 1)
		}
		at, most := 0, 0
		s.okta.factors = func(string) ([]okta.Factor, error) {
			s.okta.mu.Lock()
			at++
			most = max(most, at)
			s.okta.mu.Unlock()
			wait(time.Second)
			s.okta.mu.Lock()
			at--
			s.okta.mu.Unlock()
			return nil, nil
		}
		if recorded, err := s.settle(); err != nil || len(recorded) != 6 || most != 4 {
			t.Errorf("%v, recorded %s, %d at once", err, kinds(recorded), most)
		}
	})
}

// A row in doubt that the plan does not have ends the batch.
func TestBatch_Settle_unknown_row(t *testing.T) {
	onStage(t, reset.Running, 1, func(s *stage) {
		s.doubt()
		s.rec.targets = nil
		if recorded, err := s.settle(); err == nil || !strings.Contains(err.Error(), "has no row 1, which is in doubt") || len(recorded) != 0 {
			t.Errorf("%v, recorded %+v", err, recorded)
		}
	})
}
