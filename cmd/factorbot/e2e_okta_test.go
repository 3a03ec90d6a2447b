package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"factorbot/cmd/internal/sandbox"
)

// person is what the sandbox shows of an Okta user to these tests.
type person struct {
	Login      string   `json:"login"`
	Status     string   `json:"status"`
	Department string   `json:"department"`
	Groups     []string `json:"groups"`
	Factors    []struct {
		Type string `json:"type"`
	} `json:"factors"`
}

func (s *sandboxRun) people() []person {
	s.tb.Helper()
	var st struct {
		Okta struct {
			Users []person `json:"users"`
		} `json:"okta"`
	}
	if err := json.Unmarshal(s.get("/sandbox/state"), &st); err != nil {
		s.tb.Fatal(err)
	}
	return st.Okta.Users
}

// someone returns one person as the org shows them now.
func (s *sandboxRun) someone(login string) person {
	s.tb.Helper()
	all := s.people()
	i := slices.IndexFunc(all, func(p person) bool { return p.Login == login })
	if i < 0 {
		s.tb.Fatalf("the org has no %s", login)
	}
	return all[i]
}

// types are the factors of a person: "push sms".
func (p person) types() string {
	var types []string
	for _, f := range p.Factors {
		types = append(types, f.Type)
	}
	slices.Sort(types)
	return strings.Join(types, " ")
}

// logins are those of the people who fit, sorted.
func logins(all []person, fits func(person) bool) []string {
	var list []string
	for _, p := range all {
		if fits(p) {
			list = append(list, p.Login)
		}
	}
	slices.Sort(list)
	return list
}

// ask sends a command and returns the private answer.
func (s *sandboxRun) ask(text string) string {
	s.tb.Helper()
	return fmt.Sprint(s.command("U_REQUESTER", "/factor-reset "+text)["ephemeral"])
}

// mustFinish approves the n-th request and returns the approval message as it was, and the rows of the result.
func (s *sandboxRun) mustFinish(n int) (pending message, rows [][]string) {
	s.tb.Helper()
	pending = s.awaitPending(n)
	s.click("U_APPROVER1", pending, "approve")
	_, _, rows = outcomes(s.tb, s.awaitResults(n))
	return pending, rows
}

// callOkta calls the simulated org as an administrator does and returns the body of the answer.
func (s *sandboxRun) callOkta(method, path string) []byte {
	s.tb.Helper()
	req, err := http.NewRequestWithContext(s.tb.Context(), method, s.url+"/api/v1"+path, nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+sandbox.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.tb.Fatalf("%s %s: %s %v %s", method, path, resp.Status, err, body)
	}
	return body
}

// logged returns the logins that the org's System Log has as targets of this type of event.
func (s *sandboxRun) logged(eventType string) []string {
	s.tb.Helper()
	query := url.Values{"filter": {fmt.Sprintf("eventType eq %q", eventType)}, "limit": {"1000"}}
	var events []struct {
		Target []struct {
			Type        string `json:"type"`
			AlternateID string `json:"alternateId"`
		} `json:"target"`
	}
	if body := s.callOkta(http.MethodGet, "/logs?"+query.Encode()); json.Unmarshal(body, &events) != nil {
		s.tb.Fatalf("logs: %s", body)
	}
	var all []string
	for _, e := range events {
		for _, t := range e.Target {
			if t.Type == "User" {
				all = append(all, t.AlternateID)
			}
		}
	}
	return all
}

func wantWords(tb testing.TB, m message, words ...string) {
	tb.Helper()
	for _, w := range words {
		if !strings.Contains(m.all(), w) {
			tb.Errorf("the approval message lacks %q: %s", w, m.all())
		}
	}
}

func TestSandbox_group(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "120", "--rate-limit", "6000")
	members := logins(s.people(), func(p person) bool { return slices.Contains(p.Groups, "Legal") })
	if len(members) < 3 || len(members) > 25 {
		t.Fatalf("%d members of the group: choose another", len(members))
	}
	if private := s.ask(`group:“Legal” because phishing`); !strings.Contains(private, "FR-1: planning the members of `Legal`") {
		t.Errorf("private answer %s", private)
	}
	pending, rows := s.mustFinish(1)
	wantWords(t, pending, "members of the Okta group `Legal`", fmt.Sprintf("%d users", len(members)))
	var got []string
	for _, r := range rows {
		got = append(got, r[3])
	}
	slices.Sort(got)
	if !slices.Equal(got, members) {
		t.Errorf("rows for %v, the group has %v", got, members)
	}
	checkResets(t, s, rows)
	if n := s.okta().Okta.Throttled; n != 0 {
		t.Errorf("%d calls were throttled", n)
	}
}

func TestSandbox_search(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "120", "--rate-limit", "6000")
	found := logins(s.people(), func(p person) bool { return p.Department == "Legal" && p.Status == "ACTIVE" })
	if private := s.ask(`search:profile.department eq "Legal" and status eq "ACTIVE" because phishing`); !strings.Contains(private, "FR-1: planning users found by the search") {
		t.Errorf("private answer %s", private)
	}
	pending, rows := s.mustFinish(1)
	wantWords(t, pending, `profile.department eq \"Legal\" and status eq \"ACTIVE\"`)
	var got []string
	for _, r := range rows {
		got = append(got, r[3])
	}
	slices.Sort(got)
	if len(found) == 0 || !slices.Equal(got, found) {
		t.Errorf("rows for %v, the search finds %v", got, found)
	}
	checkResets(t, s, rows)
}

// What cannot be planned is told, with Okta's own complaint where it has one.
func TestSandbox_groups_and_searches_of_nobody(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	for i, c := range []struct{ text, words string }{
		{`group:"Sails" because phishing`, "Okta has no group of this name"},
		{`search:profile.department eqq "Legal" because phishing`, "Okta doesn't accept this search"},
		{`search:profile.department eq "Nowhere" because phishing`, "Nobody in Okta"},
	} {
		t.Run(c.text, func(t *testing.T) {
			id := fmt.Sprintf("FR-%d", i+1)
			if private := s.ask(c.text); !strings.Contains(private, id+": planning") {
				t.Errorf("private answer %s", private)
			}
			m := s.awaitMessage("the refusal", func(m message) bool { return strings.Contains(m.all(), id+":") && strings.Contains(m.all(), c.words) })
			if m.has("approve") {
				t.Errorf("it may be approved: %s", m.all())
			}
		})
	}
	if private := s.ask(`ana@example.com group:"Legal" because phishing`); !strings.Contains(private, "can't be mixed") {
		t.Errorf("private answer %s", private)
	}
}

func TestSandbox_some_factors(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	if before := s.someone("ana@example.com").types(); before != "push sms" {
		t.Fatalf("ana has %s", before)
	}
	if private := s.ask("ana@example.com factors:webautn because new phone"); !strings.Contains(private, "Did you mean") || strings.Contains(private, "FR-") {
		t.Errorf("private answer %s", private)
	}
	s.ask("ana@example.com factors: text message, voice call because new number")
	pending, rows := s.mustFinish(1)
	wantWords(t, pending, "Only SMS and voice call", "keep their other factors", "three times as long")
	if len(rows) != 1 || rows[0][4] != "reset" || rows[0][7] != "sms" {
		t.Errorf("rows %v", rows)
	}
	if ana := s.someone("ana@example.com"); ana.types() != "push" {
		t.Errorf("ana has %q left", ana.types())
	}

	s.ask("ana@example.com factors:sms because once more")
	if _, rows := s.mustFinish(2); len(rows) != 1 || rows[0][4] != "reset" || rows[0][5] != "already_clear" {
		t.Errorf("rows %v", rows)
	}
	s.ask("ana@example.com factors:Okta Verify because new phone")
	pending, rows = s.mustFinish(3)
	wantWords(t, pending, "Only Okta Verify", "Okta Verify's push, FastPass and code are removed together")
	if ana := s.someone("ana@example.com"); len(rows) != 1 || rows[0][4] != "reset" || ana.types() != "" {
		t.Errorf("rows %v, and ana has %s", rows, ana.types())
	}
}

func TestSandbox_sessions(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.ask("ana@example.com sessions:revoke because stolen phone")
	pending, rows := s.mustFinish(1)
	wantWords(t, pending, "Their Okta sessions end", "Ending their Okta sessions doubles the time")
	if len(rows) != 1 || rows[0][4] != "reset" || rows[0][5] != "" {
		t.Errorf("rows %v", rows)
	}
	checkResets(t, s, rows)
	if ended := s.logged("user.session.clear"); !slices.Equal(ended, []string{"ana@example.com"}) {
		t.Errorf("sessions ended of %v", ended)
	}

	s.ask("<@U_APPROVER2> because lost phone")
	s.mustFinish(2)
	if ended := s.logged("user.session.clear"); len(ended) != 1 {
		t.Errorf("sessions ended of %v, though nobody asked", ended)
	}
}

// Over 25 users nothing is asked of each for the plan, and the log proves.
func TestSandbox_some_factors_of_a_group(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "400", "--rate-limit", "6000")
	inGroup := func(p person) bool { return slices.Contains(p.Groups, "Legal") }
	before := map[string]string{}
	for _, p := range s.people() {
		before[p.Login] = p.types()
	}
	if n := len(logins(s.people(), inGroup)); n <= 25 {
		t.Fatalf("%d members of the group: choose another", n)
	}
	s.ask(`group:"Legal" factors:sms sessions:revoke because SMS is switched off`)
	_, rows := s.mustFinish(1)
	left := map[string]string{}
	for _, p := range s.people() {
		left[p.Login] = p.types()
	}
	var reset []string
	for _, r := range rows {
		login, want := r[3], before[r[3]]
		if r[4] == "reset" {
			reset = append(reset, login)
			want = strings.Join(slices.DeleteFunc(strings.Fields(want), func(f string) bool { return f == "sms" }), " ")
		}
		if left[login] != want {
			t.Errorf("%s had %q and has %q: %v", login, before[login], left[login], r)
		}
		if removed := strings.Contains(" "+before[login]+" ", " sms "); r[4] == "reset" && (r[7] == "sms") != removed {
			t.Errorf("%s had %q: %v", login, before[login], r)
		}
	}
	ended := s.logged("user.session.clear")
	slices.Sort(reset)
	slices.Sort(ended)
	if len(reset) < 20 || !slices.Equal(reset, ended) {
		t.Errorf("reset %v, sessions ended of %v", reset, ended)
	}
}
