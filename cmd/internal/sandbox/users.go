package sandbox

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slacksim"
	"factorbot/okta/oktasim"
)

const (
	// Token is the SSWS token of the simulated org.
	Token = "sandbox-token"
	// Department is that of the people of the simulated workspace.
	Department = "Cast"
)

// Cast gives each person of the simulated workspace an Okta account.
func Cast() []oktasim.User {
	var users []oktasim.User
	for i, p := range slacksim.Cast() {
		first, last, _ := strings.Cut(p.RealName, " ")
		u := oktasim.User{
			Login: p.Email, Email: p.Email, FirstName: first, LastName: last, Department: Department,
			Factors: []oktasim.Factor{{Type: "push"}, {Type: "sms"}},
		}
		if p.Deleted {
			u.Status, u.Factors = "DEPROVISIONED", nil
		}
		u.Groups = castGroups(p.ID)
		u.ID = fmt.Sprintf("00ucast%013d", i+1)
		users = append(users, u)
	}
	return users
}

// castGroups are the Okta groups of a person of the simulated workspace.
func castGroups(slackID string) []string {
	switch slackID {
	case "U_APPROVER1", "U_APPROVER2":
		return []string{"Security leads"}
	case "U_REQUESTER":
		return []string{"Service desk"}
	case "U_ANA":
		return []string{"Sales"}
	}
	return nil
}

// usersFrom reads the users of a CSV as exports have them. What the file does not tell is made up.
func usersFrom(path string) ([]oktasim.User, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--users-from: %w", err)
	}
	defer f.Close()
	people, err := roster.ReadExport(f)
	if err != nil {
		return nil, fmt.Errorf("--users-from %s: %w", path, err)
	}
	var users []oktasim.User
	for i, p := range people {
		u := oktasim.User{ID: p.ID, Login: p.Login, Email: p.Email, FirstName: p.First, LastName: p.Last, Status: p.Status, Department: p.Department}
		if u.Login == "" {
			u.Login = u.Email
		}
		if u.Login == "" {
			u.Login = fmt.Sprintf("user%d@example.com", i+1)
		}
		u.Factors = []oktasim.Factor{{Type: "push"}, {Type: []string{"sms", "webauthn", "token:software:totp"}[i%3]}}
		users = append(users, u)
	}
	return users, nil
}

// withoutTwins leaves out users whose ID or login stands before.
func withoutTwins(users []oktasim.User) []oktasim.User {
	seen := map[string]bool{}
	var kept []oktasim.User
	for _, u := range users {
		login := strings.ToLower(u.Login)
		if seen[login] || u.ID != "" && seen[u.ID] {
			continue
		}
		seen[login], seen[u.ID] = true, true
		kept = append(kept, u)
	}
	return kept
}

// sandboxApprovers are the Slack users who approve in the sandbox.
func sandboxApprovers() []reset.Person { return []reset.Person{"U_APPROVER1", "U_APPROVER2"} }

// SampleRoster is an export of the org, as Rockstar writes it, without those who
// approve in the sandbox: nobody may approve a plan that they are in.
func SampleRoster(org *oktasim.Org) []byte {
	approve := map[string]bool{}
	for _, p := range slacksim.Cast() {
		approve[strings.ToLower(p.Email)] = slices.Contains(sandboxApprovers(), reset.Person(p.ID))
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"User Id", "Status", "Username", "Primary email"})
	for _, u := range org.Users() {
		if approve[strings.ToLower(u.Email)] {
			continue
		}
		_ = w.Write([]string{u.ID, u.Status, u.Login, u.Email})
	}
	w.Flush()
	return b.Bytes()
}
