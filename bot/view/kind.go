package view

import (
	"cmp"
	"fmt"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// named is a request's name with a mark of what is not an ordinary reset, for
// every message that stands alone: "FR-42", "FR-42 (BREAK GLASS)".
func named(r *reset.Request) string {
	switch o := r.Asked.Options; {
	case phrase.IsExport(r):
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

// title is the header of the approval message, which names who is reset; plain text.
func title(r *reset.Request) string { return string(r.ID) + ": " + deed(r) }

// deed says what a request does: "reset MFA for Diego Larsen"; plain text.
func deed(r *reset.Request) string {
	o := r.Asked.Options
	if phrase.IsExport(r) {
		return "export a list of users"
	}
	s := whatPlain(o) + " for " + whoPlain(r, nil)
	if o.DryRun {
		s = "dry run for " + whoPlain(r, nil)
		if len(o.Factors) > 0 {
			s = "dry run of " + phrase.Shorten(phrase.And(phrase.Factors(o.Factors)), 60) + " for " + whoPlain(r, nil)
		}
	}
	if o.BreakGlass {
		s = "BREAK GLASS, " + s
	}
	return s
}

// whatPlain says what is reset: "reset MFA", "reset only SMS"; plain text.
func whatPlain(o reset.Options) string {
	if len(o.Factors) > 0 {
		return "reset only " + phrase.Shorten(phrase.And(phrase.Factors(o.Factors)), 60)
	}
	return "reset MFA"
}

// whoPlain names who is reset: by name where they are few, else by their
// number; before there is a plan, as they were asked for. With a listing up to
// five are named. Plain text.
func whoPlain(r *reset.Request, l *Listing) string {
	src := r.Asked.Source
	switch {
	case len(r.Plan.Names) > 0:
		return namesPlain(r.Plan.Names)
	case r.Plan.Digest != "" && l != nil && l.total > 0 && l.total <= listedPage:
		return namesPlain(each(l.first(listedPage), displayName))
	case r.Plan.Digest != "":
		return phrase.Users(r.Plan.Resets)
	case src.Asks() && src.Group != "":
		return "the members of an Okta group"
	case src.Asks():
		return "the users that a search finds"
	}
	return phrase.Users(r.Rows)
}

func namesPlain(all []string) string {
	return phrase.And(each(all, func(n string) string { return phrase.Shorten(phrase.Line(n), 40) }))
}

// displayName is a target's name, else its login.
func displayName(t reset.Target) string { return cmp.Or(phrase.Line(t.Name), nameOf(t)) }

// exported says what an export's file holds; mrkdwn.
func exported(e *reset.Export) string {
	s := fmt.Sprintf("The file has %s and %s.", phrase.Users(e.Users), reset.Plural(len(e.Columns), "column"))
	if e.Unread > 0 {
		s += fmt.Sprintf(" The factors of %s couldn't be read.", phrase.Users(e.Unread))
	}
	if e.Note != "" {
		s += " " + phrase.Told(e.Note)
	}
	return s
}
