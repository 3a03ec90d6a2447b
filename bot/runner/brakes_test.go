package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// A plan over the bound of a day is rejected and says when there is room; two
// that are frozen together never both slip under.
func TestRunner_velocity_at_freezing(t *testing.T) {
	users, ids := people(40)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.Velocity.PerRequesterPerDay = 30 }, func(b *bench) {
		one, two := b.open(ids[:20]...), b.open(ids[20:]...)
		settled := map[reset.State]int{}
		for _, id := range []reset.ID{one, two} {
			for b.get(id).State == reset.Planning {
				pauseFor(context.Background(), time.Second)
			}
			r := b.get(id)
			settled[r.State]++
			if r.State == reset.Rejected && (r.Code != policy.CodeVelocity || !strings.Contains(r.Refusal, "room for them from 2000-")) {
				t.Errorf("%s: %s", r.Code, r.Refusal)
			}
		}
		if settled[reset.Pending] != 1 || settled[reset.Rejected] != 1 {
			t.Fatalf("%v", settled)
		}
		if r := b.await(b.open(ids...), reset.Rejected); r.Code != policy.CodeVelocity || !strings.Contains(r.Refusal, "Name fewer") {
			t.Errorf("%s: %s", r.Code, r.Refusal)
		}
		if r := b.await(b.open(ids[20:30]...), reset.Pending); r.Plan.Resets != 10 {
			t.Errorf("%+v", r.Plan)
		}
	})
}

// Both were frozen while there was room: the second waits for the hour, says until when, and then runs.
func TestRunner_velocity_at_the_start(t *testing.T) {
	users, ids := people(40)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		one, two := b.open(ids[:20]...), b.open(ids[20:]...)
		b.await(one, reset.Pending)
		b.await(two, reset.Pending)
		b.change(func(r *policy.Rules) { r.Velocity.OrgPerHour = 30 })
		b.approve(one)
		done := b.await(one, reset.Done) // it had the room
		b.approve(two)
		r := b.get(two)
		for r.Wait == nil || r.Wait.Until.IsZero() {
			pauseFor(context.Background(), 10*time.Second)
			r = b.get(two)
		}
		if r.State != reset.Approved || !r.Wait.Until.Equal(done.SettledAt.Add(time.Hour)) {
			t.Fatalf("%s, waits %+v, the other ended at %s", r.State, r.Wait, done.SettledAt)
		}
		pauseFor(context.Background(), time.Until(r.Wait.Until)+time.Second)
		synctest.Wait()
		r = b.await(two, reset.Done)
		if r.Wait != nil || r.StartedAt.Before(done.SettledAt.Add(time.Hour)) {
			t.Errorf("started %s, waits %+v", r.StartedAt, r.Wait)
		}
		facts := 0
		for e, err := range b.rec.Log(context.Background(), two, 1) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Fact != nil && e.Fact.Name == "waits" {
				facts++
			}
		}
		if facts < 1 || facts > 2 {
			t.Errorf("%d facts tell that it waits", facts)
		}
	})
}

// Who waits for room that never comes lapses.
func TestRunner_velocity_lapses(t *testing.T) {
	users, ids := people(20)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.ExecuteWithin = 10 * time.Minute }, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.change(func(r *policy.Rules) { r.Velocity.OrgPerHour = 5 })
		b.approve(id)
		b.await(id, reset.Lapsed)
	})
}

func (b *bench) get(id reset.ID) *reset.Request {
	b.t.Helper()
	r, err := b.rec.Get(context.Background(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// later opens a request that starts an hour from now.
func (b *bench) later(users ...string) reset.ID {
	b.t.Helper()
	id := b.open(users...)
	b.update(id, func(r *reset.Request) (reset.Fact, error) {
		r.Asked.NotTill = time.Now().Add(time.Hour)
		return reset.Fact{Name: "test", At: time.Now()}, nil
	})
	return id
}

// What holds when a request is approved need not hold when it starts.
func TestRunner_review_at_the_start(t *testing.T) {
	users, ids := people(3)
	cases := []struct {
		name string
		then policy.Person
		want reset.State
		why  string
	}{
		{"all hold", policy.Person{ID: "U_APPROVER1"}, reset.Done, ""},
		{"the approver is deactivated", policy.Person{ID: "U_APPROVER1", Deleted: true}, reset.Pending, "deactivated"},
		{"the approver became a guest", policy.Person{ID: "U_APPROVER1", Guest: true}, reset.Pending, "full member"},
		{"the approver is a target", policy.Person{ID: "U_APPROVER1", OktaIDs: []reset.UserID{reset.UserID(ids[1])}}, reset.Pending, "one of its users"},
		{"the approver is the requester", policy.Person{ID: "U_APPROVER1", Email: "a@example.com"}, reset.Pending, "requester"},
		{"the requester left", policy.Person{ID: "U_REQUESTER", Deleted: true}, reset.Cancelled, "can't ask"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				id := b.later(ids...)
				b.approve(id)
				b.staff.set(c.then)
				if c.then.Email != "" {
					b.staff.set(policy.Person{ID: "U_REQUESTER", Email: "A@example.com"})
				}
				pauseFor(context.Background(), time.Hour)
				r := b.await(id, c.want)
				told := r.Refusal
				for _, v := range r.Revoked {
					told += v.Why
				}
				if !strings.Contains(told, c.why) || c.want == reset.Pending && len(r.Approved) != 0 {
					t.Errorf("%q, approved by %v", told, r.Approved)
				}
				want := 0
				if c.want == reset.Done {
					want = 1
				}
				for user, n := range b.resets(ids) {
					if n != want {
						t.Errorf("%s was reset %d times", user, n)
					}
				}
			})
		})
	}
	t.Run("not an approver any more", func(t *testing.T) {
		onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
			id := b.later(ids...)
			b.approve(id)
			b.change(func(r *policy.Rules) { r.Approvers.Users = []reset.Person{"U_APPROVER2"} })
			pauseFor(context.Background(), time.Hour)
			b.await(id, reset.Pending)
		})
	})
	t.Run("not of the quorum any more", func(t *testing.T) {
		onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.ApprovalsFrom = [][]string{{"S_SECURITY"}} }, func(b *bench) {
			b.staff.set(policy.Person{ID: "U_APPROVER1", Usergroups: []string{"S_SECURITY"}})
			id := b.later(ids...)
			r := b.await(id, reset.Pending)
			if len(r.Terms.From) != 1 || r.Terms.From[0].Name != "@security" || r.Terms.Able != 1 {
				t.Errorf("%+v", r.Terms)
			}
			b.update(id, func(r *reset.Request) (reset.Fact, error) {
				return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest, From: []int{0}}, 0, time.Now())
			})
			b.staff.set(policy.Person{ID: "U_APPROVER1"})
			pauseFor(context.Background(), time.Hour)
			if r := b.await(id, reset.Pending); len(r.Revoked) != 1 {
				t.Errorf("%+v", r.Revoked)
			}
		})
	})
	t.Run("nobody can tell", func(t *testing.T) {
		onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
			id := b.later(ids...)
			b.approve(id)
			b.staff.fail(errors.New("Slack is away"))
			pauseFor(context.Background(), 2*time.Hour)
			if r := b.get(id); r.State != reset.Approved {
				t.Fatalf("it is %s", r.State)
			}
			b.staff.fail(nil)
			b.await(id, reset.Done)
		})
	})
}

// A requester's other requests of a day make a batch large.
func TestRunner_terms_count_the_day(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) {
		r.LargeBatch = policy.LargeBatch{Over: 20, Approvals: 2, Confirm: true}
	}, func(b *bench) {
		for i := range 3 {
			r := b.await(b.open(ids[i*10:i*10+10]...), reset.Pending)
			large := i == 2
			if r.Terms.Large != large || r.Terms.Recent != i*10 || (r.Terms.Approvals == 2) != large || (r.Terms.Confirm == 10) != large {
				t.Errorf("request %d: %+v", i+1, r.Terms)
			}
		}
	})
}
