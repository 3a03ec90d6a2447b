package runner

import (
	"fmt"
	"strings"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// judge turns rows into targets. It remembers who was named before.
type judge struct {
	rules  policy.Rules
	admins map[string]bool // by Okta user ID
	each   bool            // the lists of administrators could not be read
	seen   map[string]int  // user ID -> row
}

// target decides what a plan does with one row.
func (j *judge) target(row reset.Row, m okta.Match) reset.Target {
	t := reset.Target{Row: row.Row, Input: row.Input, Action: reset.ActionReset}
	switch {
	case row.Problem != "":
		skip(&t, reset.InvalidRow, at(row, row.Problem))
		return t
	case len(m.Users) == 0 && m.Err != nil:
		skip(&t, reset.InvalidRow, at(row, "Okta cannot look this up"))
		return t
	case len(m.Users) == 0:
		skip(&t, reset.NotFound, at(row, "no user of Okta has this "+word(row.Kind)))
		return t
	case len(m.Users) > 1:
		skip(&t, reset.Ambiguous, at(row, fmt.Sprintf("%d users have this e-mail: name them by login or ID", len(m.Users))))
		return t
	}
	j.user(&t, row, m.Users[0])
	return t
}

func (j *judge) user(t *reset.Target, row reset.Row, u okta.User) {
	t.User, t.Login, t.Status, t.Department = reset.UserID(u.ID), u.Login, u.Status, u.Department
	if !u.Created.IsZero() {
		created := u.Created.UTC()
		t.Created = &created
	}
	if first, ok := j.seen[u.ID]; ok {
		skip(t, reset.Duplicate, at(row, fmt.Sprintf("the same user as row %d", first)))
		return
	}
	j.seen[u.ID] = row.Row
	if reason, ok := j.rules.Protected(t.User, u.Login, nil, j.admins); ok {
		skip(t, reason, at(row, protection(reason)))
		return
	}
	j.status(t, row)
}

// status judges Okta's user status.
func (j *judge) status(t *reset.Target, row reset.Row) {
	switch t.Status {
	case "DEPROVISIONED":
		skip(t, reset.Deprovisioned, at(row, "the user is deactivated"))
	case "STAGED":
		skip(t, reset.Staged, at(row, "the user was never activated"))
	case "SUSPENDED", "PROVISIONED":
		t.Detail = "is " + strings.ToLower(t.Status)
	}
}

func skip(t *reset.Target, reason reset.Reason, detail string) {
	t.Action, t.Reason, t.Detail = reset.ActionSkip, reason, detail
}

// at puts the line of the file before a detail.
func at(row reset.Row, detail string) string {
	if row.Line == 0 {
		return detail
	}
	return fmt.Sprintf("line %d: %s", row.Line, detail)
}

func word(k reset.RefKind) string {
	switch k {
	case reset.RefID:
		return "ID"
	case reset.RefEmail:
		return "e-mail or login"
	}
	return "login or e-mail"
}

func protection(r reset.Reason) string {
	switch r {
	case reset.ProtectedAdmin:
		return "administrator in Okta"
	case reset.ProtectedGroup:
		return "in a protected group"
	}
	return "protected by the configuration"
}
