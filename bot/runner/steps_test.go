package runner_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// ask records a request with options and a source of its own.
func (b *bench) ask(o reset.Options, src reset.Source, users ...string) reset.ID {
	b.t.Helper()
	var rows []reset.Row
	for i, u := range users {
		rows = append(rows, reset.Row{Row: i + 1, Input: u, Kind: reset.RefID, Value: u})
	}
	r, f := reset.Open(orgURL, reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "lost phone", Options: o, Source: src}, len(rows))
	made, err := b.rec.Create(context.Background(), "", r, slices.Values(rows), f)
	if err != nil {
		b.t.Fatal(err)
	}
	return made.ID
}

// factors lists the types that a user has now.
func (b *bench) factors(id string) []string {
	b.t.Helper()
	u, ok := b.org.User(id)
	if !ok {
		b.t.Fatalf("no user %s", id)
	}
	var types []string
	for _, f := range u.Factors {
		types = append(types, f.Type)
	}
	slices.Sort(types)
	return types
}

func TestRunner_some_factors(t *testing.T) {
	all := []oktasim.Factor{{Type: "sms"}, {Type: "call"}, {Type: "push"}, {Type: "signed_nonce"}, {Type: "token:software:totp", Provider: "OKTA"}, {Type: "token:software:totp", Provider: "GOOGLE"}, {Type: "webauthn"}}
	cases := []struct {
		name  string
		words []string
		left  []string
	}{
		{"SMS and voice call", []string{"call", "sms"}, []string{"push", "signed_nonce", "token:software:totp", "token:software:totp", "webauthn"}},
		{"Okta Verify goes together", []string{"push", "signed_nonce", "token:software:totp@OKTA"}, []string{"call", "sms", "token:software:totp", "webauthn"}},
		{"Google Authenticator alone", []string{"token:software:totp@GOOGLE"}, []string{"call", "push", "signed_nonce", "sms", "token:software:totp", "webauthn"}},
		{"none of them enrolled", []string{"u2f"}, []string{"call", "push", "signed_nonce", "sms", "token:software:totp", "token:software:totp", "webauthn"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			users, ids := people(3)
			for i := range users {
				users[i].Factors = slices.Clone(all)
			}
			onBench(t, oktasim.Options{Given: users, Engine: oktasim.Identity}, nil, func(b *bench) {
				id := b.ask(reset.Options{Factors: c.words, ForgetPhones: true}, reset.Source{}, ids...)
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if p.Outcome != reset.OutcomeReset || c.words[0] != "u2f" && p.Proof != reset.ProofFactors {
						t.Errorf("row %d: %+v", row, p)
					}
					if left := b.factors(ids[row-1]); !slices.Equal(left, c.left) {
						t.Errorf("row %d has %v left, want %v", row, left, c.left)
					}
				}
				if n := b.org.Books().Forgotten; c.words[0] == "call" && n != 6 {
					t.Errorf("%d phone numbers were forgotten, want 6", n)
				}
			})
		})
	}
}

// What a user enrols again after our first call is not deleted, whatever goes wrong.
func TestRunner_some_factors_under_faults(t *testing.T) {
	for _, fault := range []oktasim.Fault{oktasim.ErrorBefore, oktasim.ErrorAfter, oktasim.DropBefore, oktasim.DropAfter, oktasim.Nothing, oktasim.Late} {
		t.Run(string(fault), func(t *testing.T) {
			users, ids := people(30)
			opt := oktasim.Options{Given: users, LogLag: 5 * time.Second, EnrolAgain: 1, EnrolAfter: 2 * time.Second}
			onBench(t, opt, nil, func(b *bench) {
				id := b.ask(reset.Options{Factors: []string{"push", "sms"}}, reset.Source{}, ids...)
				b.await(id, reset.Pending)
				b.org.FailNext("DELETE", "", fault, 6)
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if p.Outcome != reset.OutcomeReset {
						t.Errorf("row %d: %+v", row, p)
					}
				}
				if books := b.org.Books(); books.NewRemoved != 0 {
					t.Errorf("%d new factors removed", books.NewRemoved)
				}
			})
		})
	}
}

// Okta promises no length for the ID of a factor: whatever stays in its path segment is
// deleted. One that does not is that user's failure, at once, and holds nobody up.
func TestRunner_factor_ids_of_any_length(t *testing.T) {
	users, ids := people(3)
	users[0].Factors = []oktasim.Factor{{Type: "sms", ID: "smsLongerThanTwentyCharacters"}}
	users[1].Factors = []oktasim.Factor{{Type: "sms", ID: "sms/../../lifecycle/deactivate"}}
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.ask(reset.Options{Factors: []string{"sms"}}, reset.Source{}, ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Done)
		results := b.results(id)
		for row, want := range map[int]reset.Outcome{1: reset.OutcomeReset, 2: reset.OutcomeFailed, 3: reset.OutcomeReset} {
			if p := results[row]; p.Outcome != want || p.Attempts != 1 {
				t.Errorf("row %d: %+v, want %s after one attempt", row, p, want)
			}
		}
	})
}

func TestRunner_sessions(t *testing.T) {
	for _, n := range []int{3, 40} {
		users, ids := people(n)
		onBench(t, oktasim.Options{Given: users, LogLag: 5 * time.Second}, nil, func(b *bench) {
			id := b.ask(reset.Options{RevokeSessions: true}, reset.Source{}, ids...)
			r := b.await(id, reset.Pending)
			if !strings.Contains(strings.Join(r.Plan.Costs, " "), "doubles the time") {
				t.Errorf("the plan does not tell the cost: %v", r.Plan.Costs)
			}
			b.org.FailNext("DELETE", "/sessions", oktasim.ErrorBefore, 2)
			b.approve(id)
			b.await(id, reset.Done)
			for row, p := range b.results(id) {
				if p.Outcome != reset.OutcomeReset || p.Reason != "" || p.Proof == "" || p.Proof == reset.ProofNone || len(b.org.Resets(ids[row-1])) != 1 {
					t.Errorf("row %d: %+v", row, p)
				}
			}
			if got := b.org.Books().Sessions; got < n {
				t.Errorf("sessions were ended %d times for %d users", got, n)
			}
		})
	}
}

func TestRunner_sessions_that_stay(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.ask(reset.Options{RevokeSessions: true}, reset.Source{}, ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("DELETE", "/sessions", oktasim.DropBefore, 100)
		b.approve(id)
		b.await(id, reset.Done)
		for row, p := range b.results(id) {
			if p.Outcome != reset.OutcomeReset || p.Reason != reset.SessionsNotRevoked || len(b.org.Resets(ids[row-1])) != 1 {
				t.Errorf("row %d: %+v", row, p)
			}
		}
	})
}

func TestRunner_group_and_search(t *testing.T) {
	users, ids := people(30)
	for i := range users {
		users[i].Groups = []string{"Contractors"}
		users[i].Department = "Sales"
	}
	cases := []struct {
		name string
		src  reset.Source
		want reset.State
		code string
	}{
		{"a group", reset.Source{Group: "Contractors"}, reset.Pending, ""},
		{"no such group", reset.Source{Group: "Nobody"}, reset.Rejected, "no_group"},
		{"a search", reset.Source{Search: `profile.department eq "Sales"`}, reset.Pending, ""},
		{"nobody fits", reset.Source{Search: `profile.department eq "Moon"`}, reset.Rejected, "nobody_found"},
		{"a search that is none", reset.Source{Search: `profile.department is "Sales"`}, reset.Rejected, "bad_search"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				id := b.ask(reset.Options{}, c.src)
				r := b.await(id, c.want)
				if r.Code != c.code {
					t.Fatalf("%s: %s", r.Code, r.Refusal)
				}
				if c.want == reset.Rejected {
					return
				}
				b.approve(id)
				r = b.await(id, reset.Done)
				if r.Rows != 30 || r.Totals.ByOutcome[reset.OutcomeReset] != 30 {
					t.Errorf("%d rows, %+v", r.Rows, r.Totals)
				}
				for user, n := range b.resets(ids) {
					if n != 1 {
						t.Errorf("%s was reset %d times", user, n)
					}
				}
			})
		})
	}
	t.Run("more than a request may have", func(t *testing.T) {
		onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.MaxTargets = 10 }, func(b *bench) {
			b.await(b.ask(reset.Options{}, reset.Source{Group: "Contractors"}), reset.Rejected)
		})
	})
}

func TestRunner_modes(t *testing.T) {
	cases := []struct {
		name  string
		tweak func(*policy.Rules)
		proof reset.Proof
	}{
		{"verify each", func(r *policy.Rules) { r.Verify = "each" }, reset.ProofFactors},
		{"verify off", func(r *policy.Rules) { r.Verify = "off" }, reset.ProofNone}, // sent, and nobody looks
		{"inspect each", func(r *policy.Rules) { r.Inspect = "each" }, reset.ProofLog},
		{"protect each", func(r *policy.Rules) { r.Protect.Admins = policy.AdminsEach }, reset.ProofLog},
		{"protect off", func(r *policy.Rules) { r.Protect.Admins = policy.AdminsOff }, reset.ProofLog},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			users, ids := people(40)
			users[3].Roles = []string{"ORG_ADMIN"}
			onBench(t, oktasim.Options{Given: users}, c.tweak, func(b *bench) {
				id := b.open(ids...)
				plan := b.await(id, reset.Pending).Plan
				if off := strings.Contains(strings.Join(plan.Costs, " "), "aren't protected"); off != (c.name == "protect off") {
					t.Errorf("the plan says %v", plan.Costs)
				}
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					admin := row == 4 && c.name != "protect off"
					switch {
					case admin && p.Reason != reset.ProtectedAdmin, !admin && (p.Outcome != reset.OutcomeReset || p.Proof != c.proof):
						t.Errorf("row %d: %+v", row, p)
					}
				}
			})
		})
	}
}

// What a large request has removed is told by the log on Identity Engine. On
// Classic it names nothing: then by the plan, if that has read it.
func TestRunner_removed_factors(t *testing.T) {
	all := []oktasim.Factor{{Type: "webauthn"}, {Type: "sms"}, {Type: "push"}, {Type: "token:software:totp"}, {Type: "token:software:totp", Provider: "GOOGLE"}}
	const types = "push sms token:software:totp webauthn"
	tests := []struct {
		name    string
		engine  oktasim.Engine
		inspect string
		faults  int // lost answers
		want    string
	}{
		{"identity", oktasim.Identity, "", 0, types},
		{"identity, answers lost", oktasim.Identity, "", 5, types},
		{"identity, read before", oktasim.Identity, "each", 0, types},
		{"classic", oktasim.Classic, "", 0, ""},
		{"classic, read before", oktasim.Classic, "each", 0, types},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			users, ids := people(30)
			for i := range users {
				users[i].Factors = slices.Clone(all)
			}
			inspect := func(r *policy.Rules) { r.Inspect = tt.inspect }
			onBench(t, oktasim.Options{Given: users, Engine: tt.engine, LogLag: 4 * time.Second}, inspect, func(b *bench) {
				id := b.open(ids...)
				b.await(id, reset.Pending)
				if tt.faults > 0 {
					b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropAfter, tt.faults)
				}
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if got := strings.Join(p.Factors, " "); got != tt.want || p.Proof != reset.ProofLog {
						t.Errorf("row %d: %q, want %q; proof %s", row, got, tt.want, p.Proof)
					}
				}
			})
		})
	}
}

// A deletion that Okta answers and does not do goes again, whichever of a user's factors
// it was meant for, and however many of them.
func TestRunner_some_factors_that_stay(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			users, ids := people(1)
			users[0].Factors = []oktasim.Factor{{Type: "push"}, {Type: "sms"}, {Type: "sms"}}
			opt := oktasim.Options{Given: users, LogLag: 5 * time.Second, EnrolAgain: 1, EnrolAfter: 2 * time.Second}
			onBench(t, opt, nil, func(b *bench) {
				id := b.ask(reset.Options{Factors: []string{"push", "sms"}}, reset.Source{}, ids...)
				b.await(id, reset.Pending)
				b.org.FailNext("DELETE", "", oktasim.Nothing, n)
				b.approve(id)
				b.await(id, reset.Done)
				if p := b.results(id)[1]; p.Outcome != reset.OutcomeReset || p.Retaken != 1 {
					t.Errorf("%+v", p)
				}
				if books := b.org.Books(); books.NewRemoved != 0 {
					t.Errorf("%d new factors removed", books.NewRemoved)
				}
			})
		})
	}
}

// Where a reset did not take, who had the old factor could sign in again: the sessions end
// once more, after the reset that took.
func TestRunner_sessions_after_a_reset_that_did_not_take(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users, LogLag: 5 * time.Second}, nil, func(b *bench) {
		id := b.ask(reset.Options{RevokeSessions: true}, reset.Source{}, ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.Nothing, 1)
		b.approve(id)
		b.await(id, reset.Done)
		if p := b.results(id)[1]; p.Outcome != reset.OutcomeReset || len(b.org.Resets(ids[0])) != 1 || b.org.Books().Sessions != 2 {
			t.Errorf("sessions were ended %d times: %+v", b.org.Books().Sessions, p)
		}
	})
}
