package view

import (
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// isSet reports whether the users are those of a group or a search, who are not known before they are listed.
func isSet(r *reset.Request) bool { return r.Asked.Source.Asks() }

// whoAsked names the users as they were asked for: by name or number, or by
// the group or the search; mrkdwn.
func whoAsked(r *reset.Request) string {
	src := r.Asked.Source
	switch {
	case !isSet(r), !phrase.IsExport(r) && (len(r.Plan.Names) > 0 || r.Rows > 0): // an export's rows are no users
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
	case isSet(r):
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

// whole shows on the first screen which users an export lists: nothing else tells.
func whole(r *reset.Request) []slack.Block {
	if !phrase.IsExport(r) {
		return nil
	}
	s := source(r)
	if _, rest, ok := strings.Cut(s, ": "); ok {
		s = rest
	}
	return []slack.Block{section("Users: " + s)}
}

// optionWords says in a line what is not as usual; "" if everything is. What it
// names is named in the fallback text, too; mrkdwn.
func optionWords(r *reset.Request) string {
	o := r.Asked.Options
	var all []string
	if len(o.Factors) > 0 {
		all = append(all, "Only "+factors(o))
	}
	if o.RevokeSessions {
		all = append(all, "ends their Okta sessions")
	}
	if o.ForgetPhones {
		all = append(all, "Okta forgets their phone numbers")
	}
	if o.TellUsers {
		all = append(all, "users are told by DM")
	}
	if !r.Asked.NotTill.IsZero() {
		all = append(all, "not before "+phrase.Date(r.Asked.NotTill))
	}
	if o.BreakGlass {
		all = append(all, "protected users are included")
	}
	if len(all) == 0 {
		return ""
	}
	s := strings.Join(all, " · ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// factors names the factors that are reset, where not all are; mrkdwn.
func factors(o reset.Options) string {
	return phrase.Escape(phrase.Cut(phrase.And(phrase.Factors(o.Factors)), 300))
}
