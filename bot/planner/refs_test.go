package planner

import (
	"context"
	"slices"
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// someUsers is an Okta that has only these users.
type someUsers struct {
	Okta
	users []okta.User
}

func (o someUsers) Resolve(_ context.Context, refs []okta.Ref, _ func(int)) ([]okta.Match, error) {
	matches := make([]okta.Match, len(refs))
	for i, ref := range refs {
		for _, u := range o.users {
			if strings.EqualFold(ref.Value, map[okta.RefKind]string{okta.ByID: u.ID, okta.ByLogin: u.Login, okta.ByEmail: u.Email}[ref.Kind]) {
				matches[i].Users = append(matches[i].Users, u)
			}
		}
	}
	return matches, nil
}

// An address that a DEPROVISIONED user has, too, means the other one. Two who are not
// DEPROVISIONED stay two, and so does a row that names two users by two references.
func TestResolve_deprovisioned_twins(t *testing.T) {
	user := func(id, login, email, status string) okta.User {
		return okta.User{ID: id, Login: login, Email: email, Status: status}
	}
	const address = "ana@example.com"
	old := user(boss, address, address, "DEPROVISIONED")
	now := user(ana, "ana.lima@example.com", address, "ACTIVE")
	row := func(kind reset.RefKind, value string, also ...reset.Ref) reset.Row {
		return reset.Row{Row: 1, Kind: kind, Value: value, Also: also}
	}
	for name, c := range map[string]struct {
		row   reset.Row
		users []okta.User
		want  []string
	}{
		"both by e-mail":                   {row(reset.RefEmail, address), []okta.User{old, now}, []string{ana}},
		"the old one by login":             {row(reset.RefLogin, address), []okta.User{user(boss, address, "x@example.com", "DEPROVISIONED"), now}, []string{ana}},
		"the old one by login, as e-mail":  {row(reset.RefEmail, address), []okta.User{user(boss, address, "x@example.com", "DEPROVISIONED"), now}, []string{ana}},
		"both deprovisioned":               {row(reset.RefEmail, address), []okta.User{old, user(ana, "ana.lima@example.com", address, "DEPROVISIONED")}, []string{ana, boss}},
		"only the old one":                 {row(reset.RefEmail, address), []okta.User{old}, []string{boss}},
		"suspended is no deprovisioned":    {row(reset.RefEmail, address), []okta.User{user(boss, "b@example.com", address, "SUSPENDED"), now}, []string{ana, boss}},
		"the e-mail of one, login of one":  {row(reset.RefLogin, address), []okta.User{user(boss, address, "x@example.com", "ACTIVE"), now}, []string{ana, boss}},
		"the old one by ID, the new by it": {row(reset.RefID, boss, reset.Ref{Kind: reset.RefEmail, Value: "ana.new@example.com"}), []okta.User{old, user(ana, "ana.lima@example.com", "ana.new@example.com", "ACTIVE")}, []string{ana, boss}},
		"the new one by ID":                {row(reset.RefID, ana, reset.Ref{Kind: reset.RefEmail, Value: address}), []okta.User{old, now}, []string{ana}},
	} {
		t.Run(name, func(t *testing.T) {
			pl := &planning{Planner: &Planner{Okta: someUsers{users: c.users}}}
			matches, err := pl.resolve(t.Context(), []reset.Row{c.row})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range matches[0].Users {
				got = append(got, u.ID)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("leads to %q, want %q", got, c.want)
			}
		})
	}
}
