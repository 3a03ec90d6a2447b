package stepup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/stepup"
	"factorbot/okta"
)

var success = phone{result: okta.PushSuccess, after: 10 * time.Second}

// TestVerifier_success counts the approval at SUCCESS, with what confirmed it, and not before.
func TestVerifier_success(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = success
		r := w.pending()
		shown := w.press(first, r)
		if st := w.screen.last(shown); st.State != stepup.Waiting || st.Number != 42 || st.Device != "a phone" || st.Left <= 0 {
			t.Errorf("the modal shows %+v", st)
		}
		later(9 * time.Second)
		w.wants(r.ID, reset.Pending, 0)
		later(10 * time.Second)
		now := w.wants(r.ID, reset.Approved, 1)
		if s := now.Approved[0].StepUp; s == nil || s.Factor != "push" || s.Transaction != "v2mst.1" || s.User != oktaUser(first).ID || s.For != r.ApprovalSubject() {
			t.Errorf("the approval was confirmed by %+v", s)
		}
		if st := w.screen.last(shown); st.State != stepup.Done || st.Result == nil {
			t.Errorf("the modal shows %+v", st)
		}
		var told bool
		for e, err := range w.rec.Log(w.Context(), r.ID, 1) {
			if err != nil {
				t.Fatal(err)
			}
			told = told || e.Fact != nil && e.Fact.Name == "approved" && e.Fact.Detail["factor"] == "push" && e.Fact.Detail["transaction"] == "v2mst.1"
		}
		if !told {
			t.Error("no fact tells what confirmed the approval")
		}
	})
}

// TestVerifier_closedModal polls on when nobody sees the modal any more.
func TestVerifier_closedModal(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next, w.screen.gone = success, true
		r := w.pending()
		w.press(first, r)
		later(time.Minute)
		w.wants(r.ID, reset.Approved, 1)
	})
}

// TestVerifier_slow counts an approval whose answer took longer than a click may be old:
// its age is that of the answer.
func TestVerifier_slow(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = phone{result: okta.PushSuccess, after: 4 * time.Minute}
		r := w.pending()
		w.press(first, r)
		later(5 * time.Minute)
		w.wants(r.ID, reset.Approved, 1)
	})
}

// TestVerifier_nothingCounts lists what ends without an approval, and what the person is told.
func TestVerifier_nothingCounts(t *testing.T) {
	user := string(oktaUser(first).ID)
	for name, tc := range map[string]struct {
		set   func(*world)
		state stepup.State
		code  string
		sent  int
	}{
		"nobody answers":             {func(w *world) {}, stepup.TimedOut, "", 1},
		"TIMEOUT":                    {func(w *world) { w.okta.next = phone{result: okta.PushTimeout} }, stepup.TimedOut, "", 1},
		"SUCCESS after it expired":   {func(w *world) { w.okta.next = phone{result: okta.PushSuccess, after: 5*time.Minute + time.Second} }, stepup.TimedOut, "", 1},
		"REJECTED":                   {func(w *world) { w.okta.next = phone{result: okta.PushRejected} }, stepup.Refused, "", 1},
		"no device":                  {func(w *world) { w.okta.devices[user] = nil }, stepup.Failed, "no_push", 0},
		"enrolled an hour ago":       {func(w *world) { w.okta.devices[user][0].Created = time.Now().Add(-time.Hour) }, stepup.Failed, "enrolled_lately", 0},
		"enrolled nobody knows when": {func(w *world) { w.okta.devices[user][0].Created = time.Time{} }, stepup.Failed, "enrolled_lately", 0},
		"a push without a number":    {func(w *world) { w.okta.next, w.okta.plain = success, true }, stepup.Failed, "no_number", 1},
		"Okta does not allow it":     {func(w *world) { w.okta.err = &okta.Error{Kind: okta.KindForbidden} }, stepup.Failed, "challenge_refused", 0},
		"Okta is busy":               {func(w *world) { w.okta.err = &okta.Error{Kind: okta.KindRateLimited} }, stepup.Failed, "challenge_limited", 0},
		"no Okta user":               {func(w *world) { w.people.okta[first] = nil }, stepup.Failed, "no_okta_user", 0},
		"the Okta user is suspended": {func(w *world) { w.people.okta[first].Status = "SUSPENDED" }, stepup.Failed, "okta_user_inactive", 0},
		"the answer cannot be read":  {func(w *world) { w.okta.next, w.okta.answerErr = success, &okta.Error{Kind: okta.KindServer} }, stepup.TimedOut, "", 1},
		"the transaction is gone":    {func(w *world) { w.okta.next, w.okta.answerErr = success, &okta.Error{Kind: okta.KindNotFound} }, stepup.Failed, "challenge_refused", 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				r := w.pending()
				tc.set(w)
				shown := w.press(first, r)
				later(20 * time.Minute)
				w.wants(r.ID, reset.Pending, 0)
				if st := w.screen.last(shown); st.State != tc.state {
					t.Errorf("the modal shows %+v", st)
				}
				if tc.code != "" {
					w.refusedFor(shown, tc.code)
				}
				if n := w.okta.sent(); n != tc.sent {
					t.Errorf("%d pushes were sent, not %d", n, tc.sent)
				}
			})
		})
	}
}

// TestVerifier_noPushForNothing sends no push to who may not decide, or where it would change nothing.
func TestVerifier_noPushForNothing(t *testing.T) {
	bubble(t, func(w *world) {
		r := w.pending()
		w.refusedFor(w.press(requester, r), policy.CodeOwnRequest)
		w.change(r.ID, func(r *reset.Request) ([]reset.Fact, error) {
			f, err := r.Deny(second, r.Plan.Digest, "no", time.Now())
			return []reset.Fact{f}, err
		})
		if st := w.screen.last(w.press(first, r)); st.State != stepup.Failed {
			t.Errorf("the modal shows %+v", st)
		}
		if n := w.okta.sent(); n != 0 {
			t.Errorf("%d pushes", n)
		}
	})
}

// TestVerifier_races changes the world while the push waits: the SUCCESS that comes then
// lets nothing happen that the person did not see.
func TestVerifier_races(t *testing.T) {
	for name, tc := range map[string]struct {
		meanwhile func(*world, *reset.Request)
		state     reset.State
		approvals int
	}{
		"expired": {func(w *world, r *reset.Request) {
			w.change(r.ID, func(r *reset.Request) ([]reset.Fact, error) { r.ExpiresAt = time.Now(); return nil, nil })
		}, reset.Expired, 0},
		"denied": {func(w *world, r *reset.Request) {
			w.change(r.ID, func(r *reset.Request) ([]reset.Fact, error) {
				f, err := r.Deny(second, r.Plan.Digest, "no", time.Now())
				return []reset.Fact{f}, err
			})
		}, reset.Denied, 0},
		"another revision": {func(w *world, r *reset.Request) {
			w.change(r.ID, func(r *reset.Request) ([]reset.Fact, error) {
				f, err := r.TakeOut(second, r.Plan.Digest, []int{1}, time.Now())
				return []reset.Fact{f}, err
			})
			w.freezePlan(r.ID, 2)
		}, reset.Pending, 0},
		"frozen": {func(w *world, r *reset.Request) {
			if _, err := w.desk.Freeze(context.Background(), desk.Intent{By: second, Team: "T", Asked: time.Now()}); err != nil {
				w.Fatal(err)
			}
		}, reset.Pending, 0},
		"no approver any more": {func(w *world, r *reset.Request) {
			w.policy.Lock()
			defer w.policy.Unlock()
			w.rules.Approvers.Users = []reset.Person{second}
		}, reset.Pending, 0},
		"another Okta user": {func(w *world, r *reset.Request) {
			w.people.mu.Lock()
			defer w.people.mu.Unlock()
			w.people.okta[first] = oktaUser(requester)
		}, reset.Pending, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.okta.next = phone{result: okta.PushSuccess, after: time.Minute}
				r := w.pending()
				shown := w.press(first, r)
				tc.meanwhile(w, r)
				later(2 * time.Minute)
				w.wants(r.ID, tc.state, tc.approvals)
				if st := w.screen.last(shown); st.State != stepup.Failed {
					t.Errorf("the modal shows %+v", st)
				}
			})
		})
	}
}

// TestVerifier_twoApprovers lets both press at once: each confirms on their own phone, and
// one completes the request.
func TestVerifier_twoApprovers(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = success
		r := w.pending()
		one, two := w.press(first, r), w.press(second, r)
		later(time.Minute)
		w.wants(r.ID, reset.Approved, 1)
		states := []stepup.State{w.screen.last(one).State, w.screen.last(two).State}
		if states[0] == states[1] {
			t.Errorf("both modals show %s", states[0])
		}
	})
}

// TestVerifier_doubleClick sends one push for two presses, and for an event that comes twice.
func TestVerifier_doubleClick(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = success
		r := w.pending()
		a := w.ask(stepup.Approve, first, r)
		w.begin(a)
		w.refusedFor(w.press(first, r), "challenge_waits")
		w.begin(a)
		if st := w.screen.last(a.View); st.State != stepup.Waiting {
			t.Errorf("the same event again makes the modal show %+v", st)
		}
		later(time.Minute)
		w.begin(a)
		if n := w.okta.sent(); n != 1 {
			t.Errorf("%d pushes", n)
		}
		w.wants(r.ID, reset.Approved, 1)
	})
}

// TestVerifier_restart ends the process while a push waits: its answer counts nothing, the
// modal says so, the event that comes again sends nothing, and a new press does.
func TestVerifier_restart(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = phone{result: okta.PushSuccess, after: 20 * time.Second}
		r := w.pending()
		a := w.ask(stepup.Approve, first, r)
		w.begin(a)
		later(10 * time.Second)
		w.stop()
		later(30 * time.Second)
		w.start()
		if st := w.screen.last(a.View); st.State != stepup.Interrupted {
			t.Errorf("the modal shows %+v", st)
		}
		w.begin(a)
		later(10 * time.Minute)
		w.wants(r.ID, reset.Pending, 0)
		if n := w.okta.sent(); n != 1 {
			t.Errorf("%d pushes", n)
		}
		w.press(first, r)
		later(time.Minute)
		w.wants(r.ID, reset.Approved, 1)
	})
}

// TestVerifier_fiveAnHour sends a person five pushes an hour, after a restart too, whether
// they press the request's button or Try again in the same modal.
func TestVerifier_fiveAnHour(t *testing.T) {
	bubble(t, func(w *world) {
		r := w.pending()
		again := func(viewID string) string {
			a := w.ask(stepup.Approve, first, r)
			a.View = viewID
			return w.begin(a)
		}
		shown := w.press(first, r)
		for range 4 {
			later(6 * time.Minute)
			again(shown)
		}
		later(6 * time.Minute)
		w.refusedFor(again(shown), "too_many_challenges")
		w.stop()
		w.start()
		w.refusedFor(w.press(first, r), "too_many_challenges")
		if n := w.okta.sent(); n != 5 {
			t.Errorf("%d pushes", n)
		}
	})
}

// TestVerifier_again presses once more after nobody has answered: that is another push, one
// of the five, and an answer to the first one that comes late counts nothing.
func TestVerifier_again(t *testing.T) {
	bubble(t, func(w *world) {
		r := w.pending()
		shown := w.press(first, r)
		later(6 * time.Minute)
		if st := w.screen.last(shown); st.State != stepup.TimedOut {
			t.Fatalf("the modal shows %+v", st)
		}
		again := w.ask(stepup.Approve, first, r)
		again.View = shown // the same modal
		w.begin(again)
		if st := w.screen.last(shown); st.State != stepup.Waiting || w.okta.sent() != 2 {
			t.Errorf("the modal shows %+v after %d pushes", st, w.okta.sent())
		}
		w.okta.set(func(o *fakeOkta) { o.pushes["v2mst.1"].result = okta.PushSuccess })
		later(time.Minute)
		w.wants(r.ID, reset.Pending, 0)
		w.okta.set(func(o *fakeOkta) { o.pushes["v2mst.2"].result = okta.PushSuccess })
		later(time.Minute)
		if got := w.wants(r.ID, reset.Approved, 1); got.State == reset.Approved && got.Approved[0].StepUp.Transaction != "v2mst.2" {
			t.Errorf("confirmed by %+v", got.Approved[0].StepUp)
		}
	})
}

// TestVerifier_againAtOnce leaves to the second push what the modal shows, though the first
// has failed so lately that it would say so once more.
func TestVerifier_againAtOnce(t *testing.T) {
	bubble(t, func(w *world) {
		r := w.pending()
		w.okta.err = &okta.Error{Kind: okta.KindRateLimited}
		shown := w.press(first, r)
		w.refusedFor(shown, "challenge_limited")
		w.okta.set(func(o *fakeOkta) { o.err = nil })
		again := w.ask(stepup.Approve, first, r)
		again.View = shown
		w.begin(again)
		later(2500 * time.Millisecond) // before the answer is read for the first time
		if st := w.screen.last(shown); st.State != stepup.Waiting {
			t.Errorf("the modal shows %+v", st)
		}
	})
}

// TestVerifier_youngest counts an enrolment from 24 hours on, and where a person has an
// older phone besides, that one is asked.
func TestVerifier_youngest(t *testing.T) {
	bubble(t, func(w *world) {
		user := string(oktaUser(first).ID)
		w.okta.next = success
		r := w.pending()
		young := okta.Device{FactorID: "opf9", Name: "just enrolled", Created: time.Now().Add(-24*time.Hour + 2*time.Minute)}
		old := w.okta.devices[user][0]
		w.okta.set(func(o *fakeOkta) { o.devices[user] = []okta.Device{young} })
		w.refusedFor(w.press(first, r), "enrolled_lately")
		later(time.Minute)
		w.okta.set(func(o *fakeOkta) { o.devices[user] = []okta.Device{young, old} })
		if st := w.screen.last(w.press(first, r)); st.State != stepup.Waiting || st.Device != "a phone" {
			t.Errorf("the modal shows %+v", st)
		}
		later(2 * time.Minute)
		w.wants(r.ID, reset.Approved, 1)
		other := w.pending()
		w.okta.set(func(o *fakeOkta) { o.devices[user] = []okta.Device{young} })
		w.press(first, other)
		later(time.Minute)
		w.wants(other.ID, reset.Approved, 1)
	})
}

// TestVerifier_replayed takes no transaction twice.
func TestVerifier_replayed(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.unnamed = true
		r := w.pending()
		w.press(first, r)
		later(10 * time.Minute)
		w.okta.set(func(o *fakeOkta) { o.next = phone{result: okta.PushSuccess} })
		w.refusedFor(w.press(first, r), "served_before")
		later(10 * time.Minute)
		w.wants(r.ID, reset.Pending, 0)
	})
}

// TestVerifier_rejected takes away what the account has decided, for an hour, and tells.
func TestVerifier_rejected(t *testing.T) {
	bubble(t, func(w *world) {
		w.rules.Approvals = 2
		w.okta.next = success
		waits, runs := w.pending(), w.pending()
		w.press(first, waits)
		later(time.Minute)
		for _, p := range []reset.Person{first, second} {
			w.press(p, runs)
			later(time.Minute)
		}
		w.change(runs.ID, func(r *reset.Request) ([]reset.Fact, error) {
			f, err := r.Start(time.Now())
			return []reset.Fact{f}, err
		})
		w.wants(waits.ID, reset.Pending, 1)
		third := w.pending()
		w.okta.set(func(o *fakeOkta) { o.next = phone{result: okta.PushRejected} })
		w.press(first, third)
		later(time.Minute)
		if got := w.wants(waits.ID, reset.Pending, 0); len(got.Revoked) != 1 || !strings.Contains(got.Revoked[0].Why, "refused in Okta Verify") {
			t.Errorf("fallen: %+v", got.Revoked)
		}
		if got := w.wants(runs.ID, reset.Paused, 2); got.Pause.Cause != reset.CauseReported {
			t.Errorf("paused for %s", got.Pause.Cause)
		}
		if len(w.told) != 1 || len(w.facts(reset.FactPushRefused)) != 1 {
			t.Errorf("told %v, facts %v", w.told, w.facts(reset.FactPushRefused))
		}
		w.okta.set(func(o *fakeOkta) { o.next = success })
		w.refusedFor(w.press(first, third), policy.CodePushRefused)
		if _, err := w.desk.Deny(w.Context(), desk.Intent{By: first, Team: "T", Asked: time.Now(), Request: waits.ID, Digest: waits.Plan.Digest, Why: "no"}); err != nil {
			t.Errorf("a brake was refused: %v", err)
		}
		later(time.Hour)
		w.freezePlanAgain(third)
		w.press(first, third)
		later(time.Minute)
		w.wants(third.ID, reset.Pending, 1)
	})
}

// freezePlanAgain lets a request wait on, whose time would be over.
func (w *world) freezePlanAgain(r *reset.Request) {
	w.Helper()
	w.change(r.ID, func(r *reset.Request) ([]reset.Fact, error) { r.ExpiresAt = time.Now().Add(time.Hour); return nil, nil })
}

// TestVerifier_resumeReported resumes what users have reported only with a confirmation of
// that very pause.
func TestVerifier_resumeReported(t *testing.T) {
	bubble(t, func(w *world) {
		w.rules.StepUp = policy.StepUpBreakGlass // approvals here take none
		r := w.pending()
		in := desk.Intent{By: first, Team: "T", Asked: time.Now(), Request: r.ID, Digest: r.Plan.Digest}
		if _, err := w.desk.Approve(w.Context(), in); err != nil {
			t.Fatal(err)
		}
		halt := func(r *reset.Request) ([]reset.Fact, error) {
			f, err := r.PauseFor(reset.CauseReported, "", "", time.Now())
			return []reset.Fact{f}, err
		}
		w.change(r.ID, func(r *reset.Request) ([]reset.Fact, error) {
			f, err := r.Start(time.Now())
			return []reset.Fact{f}, err
		})
		w.change(r.ID, halt)
		in.Op = "resume"
		var missing *reset.StepUpError
		if _, err := w.desk.Resume(w.Context(), in); !errors.As(err, &missing) {
			t.Fatalf("resumed without a confirmation: %v", err)
		}
		if !w.v.Takes(w.Context(), stepup.Resume, r.ID) || w.v.Takes(w.Context(), stepup.Approve, r.ID) {
			t.Error("what takes a confirmation is not known")
		}
		w.okta.next = success
		w.begin(w.ask(stepup.Resume, first, w.get(r.ID)))
		later(time.Second)
		w.change(r.ID, halt) // reported again while the push waits
		later(time.Minute)
		w.wants(r.ID, reset.Paused, 1)
		w.begin(w.ask(stepup.Resume, first, w.get(r.ID)))
		w.v.Stopped(r.ID)
		later(time.Minute)
		w.wants(r.ID, reset.Paused, 1)
		w.begin(w.ask(stepup.Resume, first, w.get(r.ID)))
		later(time.Minute)
		w.wants(r.ID, reset.Running, 1)
	})
}

// TestVerifier_thaw lifts a freeze by two confirmed wishes.
func TestVerifier_thaw(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = success
		if _, err := w.desk.Freeze(w.Context(), desk.Intent{By: first, Team: "T", Asked: time.Now()}); err != nil {
			t.Fatal(err)
		}
		var missing *reset.StepUpError
		if _, _, err := w.desk.Thaw(w.Context(), desk.Intent{Op: "x", By: first, Team: "T", Asked: time.Now()}); !errors.As(err, &missing) {
			t.Fatalf("a wish counts without a confirmation: %v", err)
		}
		for i, p := range []reset.Person{first, second} {
			shown := w.begin(w.ask(stepup.Thaw, p, nil))
			later(time.Minute)
			if st := w.screen.last(shown); st.State != stepup.Done || st.Lifted != (i == 1) {
				t.Errorf("the modal of %s shows %+v", p, st)
			}
		}
		if f, err := w.rec.Frozen(w.Context()); f != nil || err != nil {
			t.Errorf("still frozen: %+v, %v", f, err)
		}
		if all := w.facts("thawed"); len(all) != 1 || all[0].Detail["transaction"] == "" {
			t.Errorf("the facts of the thaw: %+v", all)
		}
	})
}

// TestVerifier_onlySlack is an attacker who has an approver's Slack session and nothing
// else: no click, no forged proof and no old answer approves anything.
func TestVerifier_onlySlack(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next = success
		old := w.pending()
		w.press(first, old) // the owner approves something
		later(time.Minute)
		proof := *w.get(old.ID).Approved[0].StepUp

		w.okta.set(func(o *fakeOkta) { o.next = phone{} }) // from here on the owner answers nothing
		r := w.pending()
		in := desk.Intent{By: first, Team: "T", Asked: time.Now(), Request: r.ID, Digest: r.Plan.Digest}
		for name, p := range map[string]*reset.StepUp{
			"none": nil, "another request's": &proof,
			"another person's": {User: oktaUser(second).ID, Factor: "push", Transaction: "v2mst.9", At: time.Now(), For: r.ApprovalSubject()},
			"no transaction":   {User: oktaUser(first).ID, Factor: "push", At: time.Now(), For: r.ApprovalSubject()},
			"an old answer":    {User: oktaUser(first).ID, Factor: "push", Transaction: "v2mst.9", At: time.Now().Add(-3 * time.Minute), For: r.ApprovalSubject()},
		} {
			in.Op, in.Proof = "forged:"+name, p
			if _, err := w.desk.Approve(w.Context(), in); err == nil {
				t.Errorf("%s approves", name)
			}
		}
		w.press(first, r)
		later(10 * time.Minute)
		w.wants(r.ID, reset.Pending, 0)

		// The e-mail in Slack is changed to that of the attacker's own Okta user, who has a phone.
		w.people.mu.Lock()
		w.people.okta[first] = &policy.OktaAccount{ID: "00uattackerattacker1", Login: "attacker@example.com", Status: "ACTIVE"}
		w.people.mu.Unlock()
		w.okta.set(func(o *fakeOkta) {
			o.devices["00uattackerattacker1"] = []okta.Device{{FactorID: "opf9", Created: time.Now().Add(-100 * time.Hour)}}
			o.next = success
		})
		w.refusedFor(w.press(first, r), policy.CodeOktaMoved)
		w.refusedFor(w.press(first, r), policy.CodeOktaMoved)
		later(10 * time.Minute)
		w.wants(r.ID, reset.Pending, 0)
		if moved := w.facts(reset.FactApproverMoved); len(moved) != 1 || moved[0].Detail["login"] != "attacker@example.com" {
			t.Errorf("facts: %+v", moved)
		}

		// An operator who has made sure who it is lets the account be bound again.
		if _, err := w.registry.Rebind(w.Context(), first); err != nil {
			t.Fatal(err)
		}
		w.press(first, r)
		later(time.Minute)
		w.wants(r.ID, reset.Approved, 1)
		if n := len(w.facts(reset.FactApproverRebound)); n != 1 {
			t.Errorf("%d facts of the rebinding", n)
		}
	})
}

// TestVerifier_terms lets approvals fall that nobody confirmed, once a request takes it.
func TestVerifier_terms(t *testing.T) {
	bubble(t, func(w *world) {
		w.rules.Approvals, w.rules.StepUp = 2, policy.StepUpOff
		r := w.pending()
		in := desk.Intent{Op: "1", By: first, Team: "T", Asked: time.Now(), Request: r.ID, Digest: r.Plan.Digest}
		if _, err := w.desk.Approve(w.Context(), in); err != nil {
			t.Fatal(err)
		}
		w.rules.StepUp = policy.StepUpAlways
		w.okta.next = success
		w.press(second, r)
		later(time.Minute)
		if got := w.wants(r.ID, reset.Pending, 1); len(got.Revoked) != 1 || got.Approved[0].By != second {
			t.Errorf("fallen %+v", got.Revoked)
		}
	})
}

// TestVerifier_hanging gives up when Okta does not answer at all.
func TestVerifier_hanging(t *testing.T) {
	bubble(t, func(w *world) {
		w.okta.next, w.okta.hang = success, make(chan struct{})
		r := w.pending()
		shown := w.press(first, r)
		later(20 * time.Minute)
		synctest.Wait()
		if st := w.screen.last(shown); st.State != stepup.TimedOut {
			t.Errorf("the modal shows %+v", st)
		}
		w.wants(r.ID, reset.Pending, 0)
	})
}

// TestVerifier_rejectedThenRestart takes the account's approvals away though the process
// ended before it could.
func TestVerifier_rejectedThenRestart(t *testing.T) {
	bubble(t, func(w *world) {
		w.rules.Approvals = 2
		w.okta.next = success
		waits, other := w.pending(), w.pending()
		w.press(first, waits)
		later(time.Minute)
		w.wants(waits.ID, reset.Pending, 1)
		w.okta.set(func(o *fakeOkta) { o.next = phone{result: okta.PushRejected} })
		w.broken.lose(true)
		a := w.ask(stepup.Approve, first, other)
		w.begin(a)
		later(10 * time.Second)
		w.wants(waits.ID, reset.Pending, 1)
		w.stop()
		w.broken.lose(false)
		w.start()
		w.wants(waits.ID, reset.Pending, 0)
		if st := w.screen.last(a.View); st.State != stepup.Refused {
			t.Errorf("the modal shows %+v", st)
		}
	})
}
