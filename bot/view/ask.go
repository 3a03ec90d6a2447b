package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// isSet reports whether the users are those of a group or a search, who are not known before they are listed.
func isSet(r *reset.Request) bool { return r.Asked.Source.Asks() }

// whom names the users of a request: by their number, or before that is known
// by the group or the search that stands for them; mrkdwn.
func whom(r *reset.Request) string {
	src := r.Asked.Source
	switch {
	case r.Rows > 0 || !isSet(r):
		return users(r.Rows)
	case src.Group != "":
		return "the members of group " + code(src.Group)
	case src.Query != "":
		return "the users whose name or e-mail begins with " + code(src.Query)
	case src.Filter != "":
		return "the users found by the filter " + code(src.Filter)
	}
	return "the users found by the search " + code(src.Search)
}

// asked says who asked for what, and where the users come from.
func asked(r *reset.Request) []slack.Block {
	var b strings.Builder
	fmt.Fprintf(&b, "%s asked %s, ", mention(r.Asked.By), date(r.Asked.At))
	if isSet(r) {
		b.WriteString(askedSet(r))
	} else {
		b.WriteString(askedRows(r))
	}
	b.WriteString(optionWords(r))
	if len(r.Asked.Columns) > 0 {
		fmt.Fprintf(&b, "\n*Columns:* %s.", told(strings.Join(r.Asked.Columns, ", ")))
	}
	if r.Asked.Again != "" {
		fmt.Fprintf(&b, "\nThese are the users whom %s left undone.", told(string(r.Asked.Again)))
	}
	blocks := []slack.Block{section(b.String())}
	for _, x := range []struct{ label, text string }{
		{"Search", r.Asked.Source.Search}, {"Filter", r.Asked.Source.Filter}, {"Name or e-mail begins with", r.Asked.Source.Query},
	} {
		if x.text != "" {
			blocks = append(blocks, quote(x.label, x.text))
		}
	}
	return blocks
}

// askedRows says where the rows come from, and how many there are.
func askedRows(r *reset.Request) string {
	var b strings.Builder
	if r.Asked.Source.File == "" {
		b.WriteString("by command")
	} else {
		fmt.Fprintf(&b, "with the file %s", code(r.Asked.Source.File))
		if r.Asked.Source.Format != "" {
			fmt.Fprintf(&b, " (%s)", told(r.Asked.Source.Format))
		}
	}
	fmt.Fprintf(&b, ": %s.", plural(r.Rows, "row"))
	switch {
	case r.Asked.Source.Column != "":
		fmt.Fprintf(&b, " Users are named by the column %s.", code(r.Asked.Source.Column))
	case r.Asked.Source.File != "":
		b.WriteString(" The file has no header; each row's first cell that names a user was used.")
	}
	return b.String()
}

// askedSet says which group or that a search stands for the users, and how many it has.
func askedSet(r *reset.Request) string {
	s := "by command, for the users whom this search finds in Okta"
	if isExport(r) && r.Asked.Source.Group == "" {
		return "for a list of the users whom Okta finds so."
	} else if isExport(r) {
		return "for a list of the members of the Okta group " + code(r.Asked.Source.Group) + "."
	}
	if r.Asked.Source.Group != "" {
		s = "by command, for the members of the Okta group " + code(r.Asked.Source.Group)
	}
	switch {
	case r.Rows > 0:
		return fmt.Sprintf("%s: %s, as Okta listed them for the plan.", s, users(r.Rows))
	case r.State == reset.Planning:
		return s + ". How many they are is known when Okta has listed them."
	}
	return s + "."
}

func optionWords(r *reset.Request) string {
	var b strings.Builder
	o := r.Asked.Options
	if len(o.Factors) > 0 || o.RevokeSessions || o.ForgetPhones {
		fmt.Fprintf(&b, "\n*What:* %s.", what(o))
	}
	if o.TellUsers {
		b.WriteString("\nThe users are told by direct message.")
	}
	if o.BreakGlass {
		b.WriteString("\n*Break glass:* protected users are included.")
	}
	if !r.Asked.NotTill.IsZero() {
		fmt.Fprintf(&b, "\n*When:* not before %s.", date(r.Asked.NotTill))
	}
	return b.String()
}

// what says which factors are reset and what goes along: "only SMS and voice
// call factors, and their Okta sessions end"; mrkdwn.
func what(o reset.Options) string {
	s := "all MFA factors"
	if len(o.Factors) > 0 {
		s = "only " + factors(o) + " factors"
	}
	if o.RevokeSessions {
		s += ", and their Okta sessions end"
	}
	if o.ForgetPhones {
		s += "; Okta forgets the phone numbers"
	}
	return s
}

// factors names the factors that are reset, where not all are; mrkdwn.
func factors(o reset.Options) string { return escape(cut(join(factorWords(o.Factors)), 300)) }
