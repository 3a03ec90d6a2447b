package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// group returns the ID of a group of the org.
func (b *bench) group(name string) string {
	b.t.Helper()
	groups, err := b.client.GroupsByName(context.Background(), name)
	if err != nil || len(groups) != 1 {
		b.t.Fatalf("group %s: %v %v", name, groups, err)
	}
	return groups[0].ID
}

// plan returns the targets of the plan that is shown now, by row.
func (b *bench) plan(id reset.ID) map[int]reset.Target {
	b.t.Helper()
	r, err := b.rec.Get(context.Background(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	rows := map[int]reset.Target{}
	for t, err := range b.rec.Targets(context.Background(), id, r.Plan.Revision, 1) {
		if err != nil {
			b.t.Fatal(err)
		}
		rows[t.Row] = t
	}
	return rows
}

const (
	seeRoles   = "GET /api/v1/users/{id}/roles"
	seeGroups  = "GET /api/v1/users/{id}/groups"
	seeMembers = "GET /api/v1/groups/{id}/users"
	seeAdmins  = "GET /api/v1/iam/assignees/users"
)

// A protected group holds in the plan, and for who joins it later; where its
// members cannot be read, each user's groups are asked.
func TestRunner_protected_group(t *testing.T) {
	for _, forbidden := range [][]string{nil, {seeMembers}} {
		for _, n := range []int{3, 30} {
			t.Run(fmt.Sprintf("%v/%d", forbidden, n), func(t *testing.T) {
				users, ids := people(n)
				users[1].Groups = []string{"Executives"}
				onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
					group := b.group("Executives")
					b.change(func(r *policy.Rules) { r.Protect.OktaGroups = []string{group} })
					b.set("forbidden", forbidden)
					id := b.open(ids...)
					r := b.await(id, reset.Pending)
					if r.Plan.Skips[reset.ProtectedGroup] != 1 || b.plan(id)[2].Reason != reset.ProtectedGroup {
						t.Fatalf("%+v", r.Plan)
					}
					if told := strings.Contains(strings.Join(r.Plan.Costs, " "), "protected group can't be read"); told != (forbidden != nil) {
						t.Errorf("costs %q", r.Plan.Costs)
					}
					b.approve(id)
					b.await(id, reset.Done)
					if n := len(b.org.Resets(ids[1])); n != 0 {
						t.Errorf("a protected user was reset %d times", n)
					}
					for i, id := range ids {
						if i != 1 && len(b.org.Resets(id)) != 1 {
							t.Errorf("%s was reset %d times", id, len(b.org.Resets(id)))
						}
					}
				})
			})
		}
	}
}

// A group that the policy names in the middle of a run protects at once, not only
// when the lists are read again.
func TestRunner_group_protected_from_the_middle(t *testing.T) {
	users, ids := people(100)
	users[0].Groups, users[70].Groups = []string{"Executives"}, []string{"Board"}
	onBench(t, oktasim.Options{Given: users, Latency: 2 * time.Second}, nil, func(b *bench) {
		executives, board := b.group("Executives"), b.group("Board")
		b.change(func(r *policy.Rules) { r.Protect.OktaGroups = []string{executives} })
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), 15*time.Second)
		if len(b.org.Resets(ids[70])) > 0 {
			t.Fatal("the user was reset already")
		}
		b.change(func(r *policy.Rules) { r.Protect.OktaGroups = []string{executives, board} })
		r := b.await(id, reset.Done)
		if n := len(b.org.Resets(ids[70])); n != 0 || r.Totals.ByReason[reset.ProtectedGroup] != 2 {
			t.Errorf("a protected user was reset %d times, %+v", n, r.Totals)
		}
	})
}

// Neither the group's members nor the users' own groups can be read: nobody is
// planned, and what was planned before pauses.
func TestRunner_groups_nobody_can_read(t *testing.T) {
	users, ids := people(3)
	users[1].Groups = []string{"Executives"}
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		group := b.group("Executives")
		b.change(func(r *policy.Rules) { r.Protect.OktaGroups = []string{group} })
		running := b.open(ids...)
		b.await(running, reset.Pending)
		b.set("forbidden", []string{seeMembers, seeGroups})
		r := b.await(b.open(ids...), reset.Rejected)
		if r.Code != "nothing_to_reset" || !strings.Contains(r.Refusal, "protected group") {
			t.Errorf("%s: %s", r.Code, r.Refusal)
		}
		pauseFor(context.Background(), 3*time.Minute)
		b.approve(running)
		p := b.await(running, reset.Paused)
		if p.Pause.Cause != reset.CauseProtection || !strings.Contains(p.Pause.Detail, "protected") {
			t.Errorf("%+v", p.Pause)
		}
		for user, n := range b.resets(ids) {
			if n != 0 {
				t.Errorf("%s was reset %d times", user, n)
			}
		}
	})
}

func TestRunner_own_service_user(t *testing.T) {
	onBench(t, oktasim.Options{}, nil, func(b *bench) {
		b.change(func(r *policy.Rules) { r.Protect.Admins = policy.AdminsOff })
		me, ok, err := b.client.Self(context.Background())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		r := b.await(b.open(me.ID), reset.Rejected)
		if r.Code != "nothing_to_reset" || !strings.Contains(r.Refusal, "super administrator") && !strings.Contains(r.Refusal, "service user") {
			t.Fatalf("%s: %s", r.Code, r.Refusal)
		}
		if n := len(b.org.Resets(me.ID)); n != 0 {
			t.Fatalf("reset %d times", n)
		}
	})
}

// A break-glass request resets the users it was approved for, and never the last of
// the active super administrators: not in the plan, and not who became the last since.
func TestRunner_break_glass(t *testing.T) {
	const n = 6
	users, ids := people(n)
	users[1].Roles = []string{"SUPER_ADMIN"}
	users[2].Roles = []string{"SUPER_ADMIN"}
	users[3].Roles = []string{"HELP_DESK_ADMIN"}
	for _, how := range []string{"lists", "each", "no list of super administrators"} {
		t.Run(how, func(t *testing.T) {
			onBench(t, oktasim.Options{Given: users, TokenRole: "ORG_ADMIN"}, func(r *policy.Rules) {
				if how == "each" {
					r.Protect.Admins = policy.AdminsEach
				}
				r.Protect.Users = []string{"user4@example.com"}
				breaksGlass(r)
			}, func(b *bench) {
				if how == "no list of super administrators" {
					b.set("forbidden", []string{seeAdmins})
				}
				id := b.ask(reset.Options{BreakGlass: true}, reset.Source{}, ids...)
				r := b.await(id, reset.Pending)
				want, spared := 4-1, 2 // 1, 3, 4 are included; the second super administrator is the last
				plan := b.plan(id)
				if how == "no list of super administrators" {
					want, spared = 2, 2
					if plan[2].Action == reset.ActionReset {
						t.Errorf("row 2: %+v", plan[2])
					}
				}
				if r.Plan.BreakGlassUsers != want || plan[spared+1].Action != reset.ActionSkip || !strings.Contains(plan[spared+1].Detail, "last active super administrator") {
					t.Errorf("%d broken, want %d; row %d: %+v", r.Plan.BreakGlassUsers, want, spared+1, plan[spared+1])
				}
				if told := risksOf(r); !strings.Contains(told, fmt.Sprintf("protected %d", want)) {
					t.Errorf("risks %s", told)
				}
				b.breakGlass(id)
				b.await(id, reset.Done)
				if n := len(b.org.Resets(ids[spared])); n != 0 {
					t.Errorf("the last super administrator was reset %d times", n)
				}
				for _, i := range []int{0, 3, 4, 5} {
					if n := len(b.org.Resets(ids[i])); n != 1 {
						t.Errorf("row %d was reset %d times", i+1, n)
					}
				}
			})
		})
	}
}

func TestRunner_becomes_the_last_super_administrator(t *testing.T) {
	users, ids := people(3)
	users[0].Roles, users[1].Roles = []string{"SUPER_ADMIN"}, []string{"SUPER_ADMIN"}
	onBench(t, oktasim.Options{Given: users, TokenRole: "ORG_ADMIN"}, breaksGlass, func(b *bench) {
		id := b.ask(reset.Options{BreakGlass: true}, reset.Source{}, ids[0], ids[2])
		if r := b.await(id, reset.Pending); r.Plan.BreakGlassUsers != 1 {
			t.Fatalf("%+v", r.Plan)
		}
		if err := b.org.SetRoles(ids[1]); err != nil {
			t.Fatal(err)
		}
		if err := b.org.SetRoles(ids[2], "ORG_ADMIN"); err != nil { // protected since: was not approved for that
			t.Fatal(err)
		}
		b.breakGlass(id)
		b.await(id, reset.Done)
		for row, p := range b.results(id) {
			if p.Reason != reset.ProtectedAdmin || p.Outcome != reset.OutcomeSkipped {
				t.Errorf("row %d: %+v", row, p)
			}
		}
	})
}

// Without break-glass, and with administrators not protected as such, the last
// super administrator is passed over anyway.
func TestRunner_last_super_administrator_always(t *testing.T) {
	users, ids := people(2)
	users[0].Roles = []string{"SUPER_ADMIN"}
	onBench(t, oktasim.Options{Given: users, TokenRole: "ORG_ADMIN"}, func(r *policy.Rules) { r.Protect.Admins = policy.AdminsOff }, func(b *bench) {
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Done)
		if got := b.resets(ids); got[ids[0]] != 0 || got[ids[1]] != 1 {
			t.Fatalf("%v", got)
		}
	})
}

// A dry run does everything but the calls: the org's own books show none.
func TestRunner_dry_run(t *testing.T) {
	for _, byPolicy := range []bool{false, true} {
		for _, n := range []int{3, 60} {
			users, ids := people(n)
			users[2].Roles = []string{"ORG_ADMIN"}
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				id := b.ask(reset.Options{DryRun: !byPolicy, RevokeSessions: true, Factors: []string{"sms"}}, reset.Source{}, ids...)
				b.await(id, reset.Pending)
				if byPolicy { // switched on after the plan was made: nothing may be sent from then on
					b.change(func(r *policy.Rules) { r.DryRun = true })
				}
				if err := b.org.SetRoles(ids[1], "ORG_ADMIN"); err != nil {
					t.Fatal(err)
				}
				b.approve(id)
				r := b.await(id, reset.Done)
				if r.Totals.ByReason[reset.DryRun] != n-2 || r.Totals.ByReason[reset.ProtectedAdmin] != 2 || r.Totals.Rows() != n {
					t.Errorf("%+v", r.Totals)
				}
				for _, call := range b.org.Calls() {
					if call.Method != "GET" {
						t.Errorf("%s %s was sent", call.Method, call.Path)
					}
				}
				for u, err := range b.rec.Users(context.Background(), reset.UserID(ids[0])) {
					if err != nil || u.Claim != nil || len(u.Notes) > 0 {
						t.Errorf("%+v %v", u, err)
					}
				}
			})
		}
	}
}

// Rows that an approver took out stay out, under whatever name, and a group's rows keep their numbers.
func TestRunner_taken_out(t *testing.T) {
	t.Run("of a roster", func(t *testing.T) {
		users, ids := people(4)
		onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
			id := b.open(ids[0], ids[1], "user1@example.com", ids[2], ids[3])
			b.takeOut(id, 2)
			r := b.await(id, reset.Pending)
			if r.Plan.Revision != 2 || r.Plan.Resets != 3 || r.Plan.Skips[reset.TakenOut] != 2 {
				t.Fatalf("%+v", r.Plan)
			}
			b.takeOut(id, 5)
			b.approve(id)
			r = b.await(id, reset.Done)
			if r.Totals.ByOutcome[reset.OutcomeReset] != 2 || r.Totals.ByReason[reset.TakenOut] != 3 || len(b.org.Resets(ids[1]))+len(b.org.Resets(ids[3])) != 0 {
				t.Fatalf("%+v", r.Totals)
			}
		})
	})
	t.Run("of a group", func(t *testing.T) {
		users, ids := people(4)
		for i := range 3 {
			users[i].Groups = []string{"Contractors"}
		}
		onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
			id := b.ask(reset.Options{}, reset.Source{Group: "Contractors"})
			b.await(id, reset.Pending)
			out := b.plan(id)[2].User
			if _, err := b.org.Add(oktasim.User{Login: "new@example.com", Groups: []string{"Contractors"}}); err != nil {
				t.Fatal(err)
			}
			b.takeOut(id, 2)
			r := b.await(id, reset.Pending)
			if plan := b.plan(id); r.Rows != 3 || r.Plan.Resets != 2 || plan[2].User != out || plan[2].Reason != reset.TakenOut {
				t.Fatalf("%+v, row 2 %+v", r.Plan, b.plan(id)[2])
			}
			b.approve(id)
			b.await(id, reset.Done)
			if n := len(b.org.Resets(string(out))); n != 0 {
				t.Errorf("who was taken out was reset %d times", n)
			}
			_ = ids
		})
	})
}

// breaksGlass names two approvers, of which one may include the protected.
func breaksGlass(r *policy.Rules) {
	r.Approvers.Users = []reset.Person{"U_APPROVER1", "U_APPROVER2"}
	r.Protect.Approvers = []reset.Person{"U_APPROVER1"}
}

// breakGlass approves as two persons, of which one may include the protected.
func (b *bench) breakGlass(id reset.ID) {
	b.t.Helper()
	b.await(id, reset.Pending)
	for _, v := range []reset.Decision{{By: "U_APPROVER1", From: []int{0}}, {By: "U_APPROVER2"}} {
		b.update(id, func(r *reset.Request) (reset.Fact, error) {
			v.Digest = r.Plan.Digest
			return r.Approve(v, 0, time.Now())
		})
	}
}

// takeOut takes a row out of the plan that waits for approval, and waits until it is planned again.
func (b *bench) takeOut(id reset.ID, row int) {
	b.t.Helper()
	was := b.await(id, reset.Pending)
	b.update(id, func(r *reset.Request) (reset.Fact, error) {
		return r.TakeOut("U_APPROVER1", r.Plan.Digest, []int{row}, time.Now())
	})
	for b.await(id, reset.Pending).Plan.Revision == was.Plan.Revision {
		pauseFor(context.Background(), time.Second)
	}
}

// The policy asks for a dry run while steps are in doubt: they are settled by reading, and nothing is sent again.
func TestRunner_dry_run_from_the_middle(t *testing.T) {
	users, ids := people(3)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 3)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), time.Second)
		b.change(func(r *policy.Rules) { r.DryRun = true })
		r := b.await(id, reset.Done)
		if r.Totals.ByOutcome[reset.OutcomeNotRun] != 3 {
			t.Errorf("%+v", r.Totals)
		}
		for user, n := range b.resets(ids) {
			if n != 0 {
				t.Errorf("%s was reset %d times", user, n)
			}
		}
	})
}

// Who waited for a turn when the policy began to ask for a dry run is not reset.
func TestRunner_dry_run_while_calls_wait(t *testing.T) {
	users, ids := people(100)
	opt := oktasim.Options{Given: users, RateLimit: 20, Window: time.Minute}
	onBench(t, opt, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), 2*time.Minute)
		b.change(func(r *policy.Rules) { r.DryRun = true })
		before := b.resets(ids)
		r := b.await(id, reset.Done)
		done := 0
		for user, n := range b.resets(ids) {
			if done += n; n != before[user] {
				t.Errorf("%s was reset after a dry run was asked for", user)
			}
		}
		if done == 0 || done == len(ids) || r.Totals.ByReason[reset.DryRun] != len(ids)-done {
			t.Errorf("%d resets, %+v", done, r.Totals)
		}
	})
}

// Where the pace is so slow that what is known of a target grows too old while its call
// waits, it is asked for again and the call leaves.
func TestRunner_slower_than_knowledge_lasts(t *testing.T) {
	for admins, atLeast := range map[string]int{policy.AdminsList: 30, policy.AdminsEach: 5} {
		t.Run(admins, func(t *testing.T) {
			users, ids := people(60)
			onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.Protect.Admins = admins }, func(b *bench) {
				id := b.open(ids...)
				b.await(id, reset.Pending)
				b.set("window", "1m")
				b.set("rate_limit", 5)
				b.approve(id)
				b.await(id, reset.Running)
				pauseFor(context.Background(), 12*time.Minute)
				done := 0
				for _, n := range b.resets(ids) {
					done += n
				}
				if done < atLeast {
					t.Errorf("%d resets in 12 minutes at 4 calls a minute", done)
				}
			})
		})
	}
}
