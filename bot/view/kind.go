package view

import (
	"fmt"

	"factorbot/bot/reset"
)

// isExport reports whether a list of users is asked for, and nobody is touched.
func isExport(r *reset.Request) bool { return r.Asked.Kind == reset.KindExport }

// named is a request's name with a mark of what is not an ordinary reset, for
// every message that stands alone: "FR-42", "FR-42 (BREAK GLASS)".
func named(r *reset.Request) string {
	switch o := r.Asked.Options; {
	case isExport(r):
		return string(r.ID) + " (export)"
	case o.BreakGlass && o.DryRun:
		return string(r.ID) + " (BREAK GLASS, dry run)"
	case o.BreakGlass:
		return string(r.ID) + " (BREAK GLASS)"
	case o.DryRun:
		return string(r.ID) + " (dry run)"
	}
	return string(r.ID)
}

// marked reports whether the request is not an ordinary reset.
func marked(r *reset.Request) bool { return named(r) != string(r.ID) }

// title is the header of the approval message; plain text.
func title(r *reset.Request) string {
	set := r.Plan.Digest == "" && r.Asked.Source.Asks()
	switch {
	case isExport(r):
		return fmt.Sprintf("%s: export a list of users", r.ID)
	case set && r.Asked.Source.Group != "":
		return fmt.Sprintf("%s: reset of the members of an Okta group", named(r))
	case set:
		return fmt.Sprintf("%s: reset of the users whom a search finds", named(r))
	case r.Plan.Digest == "":
		return fmt.Sprintf("%s: reset of %s", named(r), users(r.Rows))
	case r.Asked.Options.DryRun && r.Asked.Options.BreakGlass:
		return fmt.Sprintf("%s: BREAK GLASS, dry run for %s", r.ID, users(r.Plan.Resets))
	case r.Asked.Options.DryRun:
		return fmt.Sprintf("%s: dry run for %s", r.ID, users(r.Plan.Resets))
	case r.Asked.Options.BreakGlass:
		return fmt.Sprintf("%s: BREAK GLASS, reset %s of %s", r.ID, someOrThe(r.Asked.Options), users(r.Plan.Resets))
	}
	return fmt.Sprintf("%s: reset %s of %s", r.ID, someOrThe(r.Asked.Options), users(r.Plan.Resets))
}

// exported says what an export's file holds; mrkdwn.
func exported(e *reset.Export) string {
	s := fmt.Sprintf("The file has %s and %s.", users(e.Users), plural(len(e.Columns), "column"))
	if e.Unread > 0 {
		s += fmt.Sprintf(" The factors of %s could not be read.", users(e.Unread))
	}
	if e.Note != "" {
		s += " " + told(e.Note)
	}
	return s
}
