package people

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/slacksim"
)

// direct brings calls to a workspace without a network, so that they take no
// time of a synctest bubble, and notes when each method was called.
type direct struct {
	*slacksim.Workspace
	mu     sync.Mutex
	calls  map[string][]time.Time
	refuse map[string]string // error codes of the next answers, by method
}

func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	method := path.Base(r.URL.Path)
	d.calls[method] = append(d.calls[method], time.Now())
	code := d.refuse[method]
	delete(d.refuse, method)
	d.mu.Unlock()
	rec := httptest.NewRecorder()
	if code != "" {
		_, _ = io.WriteString(rec, `{"ok":false,"error":"`+code+`"}`)
	} else {
		d.ServeHTTP(rec, r)
	}
	answer := rec.Result()
	answer.Request = r
	return answer, nil
}

func (d *direct) mustSet(tb testing.TB, settings string) {
	tb.Helper()
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(settings), &values); err != nil {
		tb.Fatal(err)
	}
	if err := d.Set(values); err != nil {
		tb.Fatal(err)
	}
}

// mustPeople returns the people of a workspace of its own.
func mustPeople(tb testing.TB) (*Directory, *direct) {
	tb.Helper()
	w, err := slacksim.New(slacksim.Options{URL: "http://slack.test"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Close)
	d := &direct{Workspace: w, calls: map[string][]time.Time{}}
	return &Directory{Slack: slack.New("xoxb-sandbox",
		slack.OptionAPIURL("http://slack.test/api/"), slack.OptionHTTPClient(&http.Client{Transport: d}))}, d
}

func TestPeople_Account(t *testing.T) {
	const ultra = `{"slack_people": {"U_ANA": {"is_ultra_restricted": true}}}`
	tests := []struct {
		name     string
		settings string
		want     policy.Person
	}{
		{"a member", `{}`, policy.Person{ID: "U_REQUESTER", Name: "Rosa Quint", Team: slacksim.Team, Email: "requester@example.com"}},
		{"an administrator of the workspace", `{}`, policy.Person{ID: "U_APPROVER1", Name: "Avery Stone", Team: slacksim.Team, Email: "approver1@example.com"}},
		{"a guest", `{}`, policy.Person{ID: "U_GUEST", Name: "Gil Ferris", Team: slacksim.Team, Email: "guest@example.com", Guest: true}},
		{"a guest of one channel", ultra, policy.Person{ID: "U_ANA", Name: "Ana Lima", Team: slacksim.Team, Email: "ana@example.com", Guest: true}},
		// Slack says is_stranger: false of them.
		{"a stranger", `{}`, policy.Person{ID: "U_STRANGER", Name: "Sam Weld", Team: slacksim.PartnerTeam, Email: "stranger@partner.example", Stranger: true}},
		{"deactivated", `{}`, policy.Person{ID: "U_GONE", Team: slacksim.Team, Email: "gone@example.com", Deleted: true}},
		{"a bot", `{}`, policy.Person{ID: slacksim.BotUser, Name: "factorbot", Team: slacksim.Team, Bot: true}},
		{"no scope for e-mails", `{"slack_scopes": ["users:read"]}`, policy.Person{ID: "U_ANA", Name: "Ana Lima", Team: slacksim.Team}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, d := mustPeople(t)
			d.mustSet(t, tt.settings)
			got, err := p.Account(t.Context(), tt.want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.At.IsZero() {
				t.Error("it does not say when this was known")
			}
			got.At = time.Time{}
			if len(got.Usergroups) > 0 || got.Okta != nil || !equalPerson(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// equalPerson compares what Slack says of a person's account.
func equalPerson(a, b policy.Person) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Team == b.Team && a.Email == b.Email &&
		a.Deleted == b.Deleted && a.Bot == b.Bot && a.Guest == b.Guest && a.Stranger == b.Stranger
}

func TestPeople_Account_nobody(t *testing.T) {
	p, d := mustPeople(t)
	for _, id := range []reset.Person{"U_NONE", ""} {
		if got, err := p.Account(t.Context(), id); !errors.Is(err, reset.ErrNoPerson) || got.ID != "" {
			t.Errorf("%q: got %+v, %v", id, got, err)
		}
	}
	if n := len(d.calls["users.info"]); n != 2 {
		t.Errorf("asked %d times about 2 who are not there", n)
	}
}

// What is known of a person who decides is of this moment; what the workspace is called does not change.
func TestPeople_Person_is_asked_anew(t *testing.T) {
	p, d := mustPeople(t)
	p.Okta, p.Rules = &oneOrg{}, func() policy.Rules { return policy.Rules{} }
	for _, deleted := range []bool{false, true, false} {
		d.mustSet(t, `{"slack_people": {"U_APPROVER1": {"deleted": `+strconv.FormatBool(deleted)+`}}}`)
		if got, err := p.Person(t.Context(), "U_APPROVER1"); err != nil || got.Deleted != deleted {
			t.Errorf("got %+v, %v, want deleted %v", got, err, deleted)
		}
	}
	if n := len(d.calls["auth.test"]); n != 1 {
		t.Errorf("asked %d times who we are", n)
	}
}

func TestPeople_Account_persists(t *testing.T) {
	for _, kind := range []string{"5xx", "lost", "rate_limited"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, d := mustPeople(t)
				d.mustSet(t, `{"slack_fail_next": [
					{"method": "auth.test", "kind": "`+kind+`", "times": 3},
					{"method": "users.info", "kind": "`+kind+`", "times": 2}]}`)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				got, err := p.Account(ctx, "U_GUEST")
				if err != nil || !got.Guest {
					t.Fatalf("got %+v, %v", got, err)
				}
				if who, about := len(d.calls["auth.test"]), len(d.calls["users.info"]); who != 4 || about != 3 {
					t.Errorf("asked %d and %d times, want 4 and 3", who, about)
				}
				for method, calls := range d.calls {
					if !increasing(calls) {
						t.Errorf("%s was asked again at once: %v", method, calls)
					}
				}
			})
		})
	}
}

// A user group about which Slack says nothing is asked about again: its members stay
// members. One that Slack refuses to tell of holds nobody.
func TestPeople_Member_groups(t *testing.T) {
	for kind, code := range map[string]string{"5xx": "", "lost": "", "rate_limited": "", "internal error": "internal_error", "refused": "no_such_subteam"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, d := mustPeople(t)
				p.Rules = func() policy.Rules { return policy.Rules{Approvers: policy.Group{Usergroups: []string{"S_SECURITY"}}} }
				p.Log = slog.New(slog.DiscardHandler)
				if code == "" {
					d.mustSet(t, `{"slack_fail_next": [{"method": "usergroups.users.list", "kind": "`+kind+`", "times": 2}]}`)
				} else {
					d.refuse = map[string]string{"usergroups.users.list": code}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				got, err := p.Member(ctx, "U_APPROVER1")
				calls := len(d.calls["usergroups.users.list"])
				switch {
				case err != nil:
					t.Fatal(err)
				case kind == "refused" && (len(got.Usergroups) != 0 || calls != 1):
					t.Errorf("in %v after %d calls, want nobody in it after one", got.Usergroups, calls)
				case kind != "refused" && (len(got.Usergroups) != 1 || calls < 2):
					t.Errorf("in %v after %d calls, want a member of the group", got.Usergroups, calls)
				}
			})
		})
	}
}

func increasing(times []time.Time) bool {
	for i := 1; i < len(times); i++ {
		if !times[i].After(times[i-1]) {
			return false
		}
	}
	return true
}

func TestPeople_Account_gives_up_with_its_context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, d := mustPeople(t)
		d.mustSet(t, `{"slack_down": true}`)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		got, err := p.Account(ctx, "U_REQUESTER")
		if err == nil || errors.Is(err, reset.ErrNoPerson) || got.ID != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		if time.Since(began) != 10*time.Second || len(d.calls["auth.test"]) < 3 {
			t.Errorf("gave up after %v and %d calls", time.Since(began), len(d.calls["auth.test"]))
		}
	})
}

// A token that does not hold is an answer; to ask again would not change it.
func TestPeople_Account_takes_a_refusal_as_an_answer(t *testing.T) {
	p, d := mustPeople(t)
	d.mustSet(t, `{"slack_token_revoked": true}`)
	_, err := p.Account(t.Context(), "U_REQUESTER")
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "token_revoked" || len(d.calls["auth.test"]) != 1 {
		t.Errorf("got %v after %d calls", err, len(d.calls["auth.test"]))
	}
}

// TestPeople_Account_enterprise: on Enterprise Grid a colleague of another
// workspace of the organization is no stranger, whether the app is installed in
// one workspace or in all of them; people of another company stay strangers.
func TestPeople_Account_enterprise(t *testing.T) {
	for name, settings := range map[string]string{
		"installed in one workspace": `{"slack_enterprise": "E_SANDBOX"}`,
		"installed for all":          `{"slack_enterprise": "E_SANDBOX", "slack_org_install": true}`,
	} {
		t.Run(name, func(t *testing.T) {
			p, d := mustPeople(t)
			d.mustSet(t, settings)
			d.mustSet(t, `{"slack_people": {"U_ANA": {"team": "T_OTHER"}}}`)
			for id, stranger := range map[reset.Person]bool{"U_REQUESTER": false, "U_ANA": false, "U_STRANGER": true} {
				who, err := p.Account(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if who.Stranger != stranger || who.Team != "" && !stranger {
					t.Errorf("%s: stranger %v of team %q", id, who.Stranger, who.Team)
				}
			}
		})
	}
	p, d := mustPeople(t)
	d.mustSet(t, `{"slack_people": {"U_ANA": {"team": "T_OTHER"}}}`)
	if who, err := p.Account(t.Context(), "U_ANA"); err != nil || !who.Stranger {
		t.Errorf("outside of Enterprise Grid: %+v, %v", who, err)
	}
}
