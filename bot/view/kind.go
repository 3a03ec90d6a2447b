package view

import (
	"cmp"
	"fmt"
	"strings"

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
func title(r *reset.Request) string {
	if r.Asked.Options.BreakGlass && !phrase.IsExport(r) {
		return string(r.ID) + ": BREAK GLASS, " + summary(r)
	}
	return string(r.ID) + ": " + summary(r)
}

// summary says what a request does: "reset MFA for Diego Larsen"; plain text.
func summary(r *reset.Request) string {
	o := r.Asked.Options
	if phrase.IsExport(r) {
		return "export a list of users"
	}
	what := whatPlain(o)
	switch {
	case o.DryRun && len(o.Factors) > 0:
		what = "dry run of " + phrase.Shorten(phrase.And(phrase.Factors(o.Factors)), 60)
	case o.DryRun:
		what = "dry run"
	}
	return what + " for " + whoPlain(r, nil)
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
		return namesPlain(phrase.Each(l.first(listedPage), displayName))
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
	return phrase.And(phrase.Each(all, func(n string) string { return phrase.Shorten(phrase.Line(n), 40) }))
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

// whoAsked names the users as they were asked for: by name or number, or by
// the group or the search; mrkdwn.
func whoAsked(r *reset.Request) string {
	src := r.Asked.Source
	switch {
	case !src.Asks(), !phrase.IsExport(r) && (len(r.Plan.Names) > 0 || r.Rows > 0): // an export's rows are no users
		return phrase.Escape(whoPlain(r, nil))
	case src.Group != "":
		return "the members of " + phrase.Code(src.Group)
	case src.Query != "":
		return "users whose name or e-mail begins with " + phrase.Code(src.Query)
	case src.Filter != "":
		return "users found by the filter " + phrase.Code(src.Filter)
	}
	return "users found by the search " + phrase.Code(src.Search)
}

// source says where the users come from: the file and how it was read, the
// group, or the search.
func source(r *reset.Request) string {
	src := r.Asked.Source
	s := "Asked " + phrase.Date(r.Asked.At)
	switch {
	case src.Group != "":
		s += ": members of the Okta group " + phrase.Code(src.Group)
	case src.Asks():
		s += ": " + setWords(src)
	case src.File != "":
		s += ": " + phrase.Code(src.File)
		if src.Format != "" {
			s += " (" + phrase.Told(src.Format) + ")"
		}
		s += ", " + reset.Plural(r.Rows, "row")
		if src.Column != "" {
			s += ", matched by " + phrase.Code(src.Column)
		}
	default:
		s += " by command"
	}
	if len(r.Asked.Columns) > 0 {
		s += "\nColumns: " + phrase.Told(strings.Join(r.Asked.Columns, ", "))
	}
	if r.Asked.Again != "" {
		s += "\nThese are the users that " + phrase.Told(string(r.Asked.Again)) + " left undone."
	}
	return s
}

// setWords names a search, a filter or the start of a name, whole.
func setWords(src reset.Source) string {
	label, text := "search", src.Search
	switch {
	case src.Filter != "":
		label, text = "filter", src.Filter
	case src.Query != "":
		label, text = "name or e-mail begins with", src.Query
	}
	return label + " `" + phrase.Escape(strings.ReplaceAll(phrase.Line(text), "`", "'")) + "`"
}

// whole says on the first screen which users an export lists: nothing else tells.
func whole(r *reset.Request) string {
	if !phrase.IsExport(r) {
		return ""
	}
	_, users, _ := strings.Cut(source(r), ": ")
	return "Users: " + users
}

// optionWords says in a line what is not as usual; "" if everything is. What it
// names is named in the fallback text, too; mrkdwn.
func optionWords(r *reset.Request) string {
	o := r.Asked.Options
	var all []string
	add := func(asked bool, words string) {
		if asked {
			all = append(all, words)
		}
	}
	add(len(o.Factors) > 0, "only "+factors(o))
	add(o.RevokeSessions, "ends their Okta sessions")
	add(o.ForgetPhones, "Okta forgets their phone numbers")
	add(o.TellUsers, "users are told by DM")
	add(!r.Asked.NotTill.IsZero(), "not before "+phrase.Date(r.Asked.NotTill))
	add(o.BreakGlass && r.State != reset.Planning, "protected users are included") // which its mark says before there is a plan
	s := strings.Join(all, " · ")
	return strings.ToUpper(s[:min(len(s), 1)]) + s[min(len(s), 1):]
}

// factors names the factors that are reset, where not all are; mrkdwn.
func factors(o reset.Options) string {
	return phrase.Escape(phrase.Cut(phrase.And(phrase.Factors(o.Factors)), 300))
}
