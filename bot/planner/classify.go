package planner

import (
	"fmt"
	"strings"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// classifier turns rows into targets. It remembers who was named before.
type classifier struct {
	rules      policy.Rules
	known      protection.Snapshot
	breakGlass bool           // a break-glass request: the protected are included
	roles      bool           // who has roles is asked for each: the lists could not be read, or are not to be
	groups     bool           // who is in a protected group is asked for each
	seen       map[string]int // user ID -> row
	later      int            // targets to reset that were found only by a later column of their file
	out        taken
	before     map[reset.UserID]reset.ID // of a result file: who was reset by which request
	anyway     bool                      // they are reset again
	twice      int                       // how many of them are
}

// target decides what a plan does with one row.
func (c *classifier) target(row reset.Row, m okta.Match) reset.Target {
	t := reset.Target{Row: row.Row, Input: row.Input, Action: reset.ActionReset}
	out := c.out.rows[row.Row]
	reason, why := unresolved(row, m)
	if out {
		reason, why = reset.TakenOut, tookOut
	}
	if reason != "" {
		skip(&t, reason, at(row, why))
	}
	if reason == "" || out && len(m.Users) == 1 {
		c.user(&t, row, m.Users[0])
	}
	return t
}

// unresolved says why a row names no single user, "" if it does.
func unresolved(row reset.Row, m okta.Match) (reason reset.Reason, why string) {
	switch n := len(m.Users); {
	case row.Problem != "":
		return reset.InvalidRow, row.Problem
	case n == 1:
		return "", ""
	case n > 1:
		return reset.Ambiguous, ambiguous(m.Users)
	case m.Err != nil:
		return reset.InvalidRow, "Okta can't look this up"
	case row.Odd != "":
		return reset.InvalidRow, row.Odd
	}
	return reset.NotFound, "no Okta user has this " + kindWord(row.Kind)
}

// ambiguous names the users that one row leads to.
func ambiguous(users []okta.User) string {
	var names []string
	for _, u := range users[:min(len(users), 3)] {
		names = append(names, u.Login+" ("+u.ID+")")
	}
	return fmt.Sprintf("this leads to %s, %s: use the ID of the one you mean", reset.Plural(len(users), "user"), strings.Join(names, " and "))
}

func (c *classifier) user(t *reset.Target, row reset.Row, u okta.User) {
	t.User, t.Login, t.Status, t.Department = reset.UserID(u.ID), u.Login, u.Status, u.Department
	t.Name = strings.TrimSpace(u.FirstName + " " + u.LastName)
	if !u.Created.IsZero() {
		created := u.Created.UTC()
		t.Created = &created
	}
	if c.out.users[t.User] {
		skip(t, reset.TakenOut, at(row, tookOut))
		return
	}
	if first, ok := c.seen[u.ID]; ok {
		skip(t, reset.Duplicate, at(row, fmt.Sprintf("same user as row %d", first)))
		return
	}
	c.seen[u.ID] = row.Row
	c.status(t, row)
	c.again(t, row)
	if row.Column != "" {
		note(t, at(row, fmt.Sprintf("found only by the column %q", row.Column)))
		if t.Action == reset.ActionReset {
			c.later++
		}
	}
	if t.Action == reset.ActionReset {
		c.protect(t, c.known.Match(c.rules, t.User, t.Login), row)
	}
}

// again passes over who was reset by the request whose result file was dropped back.
func (c *classifier) again(t *reset.Target, row reset.Row) {
	by, ok := c.before[t.User]
	switch {
	case !ok || t.Action != reset.ActionReset:
	case c.anyway:
		c.twice++
	default:
		skip(t, reset.ResetBefore, at(row, "already reset by "+string(by)))
	}
}

// protect passes a protected target over, or marks it as included by a
// break-glass request: it keeps its reason, so that the run knows what was approved.
func (c *classifier) protect(t *reset.Target, m protection.Match, row reset.Row) {
	switch {
	case m.Reason == "":
	case c.breakGlass && !m.Always:
		if t.Reason == "" {
			t.Reason = m.Reason
			note(t, at(row, "protected, included by break-glass: "+m.Words))
		}
	default:
		skip(t, m.Reason, at(row, m.Words))
	}
}

// keepLastSuperAdmin passes one target over where a plan would reset every active super
// administrator: the last of them, by row, is left alone.
func (c *classifier) keepLastSuperAdmin(targets []reset.Target) {
	last, meant := -1, 0
	for i, t := range targets {
		if t.Action == reset.ActionReset && c.known.Supers.Has(t.User) {
			last, meant = i, meant+1
		}
	}
	if meant > 0 && meant >= c.known.Supers.Len() {
		w := protection.LastSuper()
		skip(&targets[last], w.Reason, w.Words)
	}
}

// status judges Okta's user status.
func (c *classifier) status(t *reset.Target, row reset.Row) {
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

func kindWord(k reset.RefKind) string {
	switch k {
	case reset.RefID:
		return "ID"
	case reset.RefEmail:
		return "e-mail or login"
	}
	return "login or e-mail"
}
