package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/view/phrase"
)

// ExportCallback is of the modal in which an export is asked for.
const ExportCallback = "export"

// Attribute is one of a user's profile that an export can have as a column.
type Attribute struct {
	Name   string // "costCenter"
	Title  string // "Cost center", as the org's administrators wrote it
	Custom bool   // the org's own
}

// maxColumnName is how many characters of a column's name an option's value has room for.
const maxColumnName = 150

// maxChoices is how many options a list has; with more attributes they are found by
// typing (docs.slack.dev, select menu element).
const maxChoices = 100

// Columns that are no attribute of the profile.
const (
	columnID      = "id"
	columnStatus  = "status"
	columnFactors = "factors"
)

// ExportModal asks for a list of users as a file. The frame says how they are
// named now; partial says that the org's own attributes are not known yet.
func ExportModal(f Frame, attributes []Attribute, partial bool) slack.ModalViewRequest {
	choices := exportChoices()
	at := max(0, slices.IndexFunc(choices, func(c choice) bool { return c.value == f.NamedBy }))
	f.NamedBy = choices[at].value
	columns := columnChoices(attributes)
	f.Broad = len(columns) > maxChoices
	blocks := []slack.Block{}
	if partial {
		blocks = append(blocks, alert(slack.AlertLevelInfo, "Your org's own attributes are missing: Okta didn't answer in time. Close this and try again."))
	}
	blocks = append(blocks, namedByField(choices, at), namesField(f.NamedBy), columnsField(columns, f.Broad), reasonField(f.NoWhy),
		note("Somebody approves it first. You alone get the file, by DM."))
	return modal(ExportCallback, f, "Export users", "Ask for approval", blocks...)
}

func exportChoices() []choice {
	return []choice{
		{NamedBySearch, "An Okta search", "Everybody it finds"},
		{NamedByGroup, "An Okta group", "All its members"},
		{NamedByFilter, "An Okta filter", "Up to date to the second, with fewer attributes"},
		{NamedByQuery, "A name", "Name or e-mail begins with"},
	}
}

// columnChoices are all columns, those that everybody wants first.
func columnChoices(attributes []Attribute) []choice {
	all := []choice{{columnID, "Okta user ID", columnID}, {columnStatus, "Status", columnStatus}}
	for _, a := range attributes {
		known := slices.ContainsFunc(all, func(c choice) bool { return c.value == a.Name }) // an option's value stands for itself in a list
		if known || a.Name == columnFactors || a.Name == "" || len([]rune(a.Name)) > maxColumnName || phrase.Clean(a.Name) != a.Name {
			continue
		}
		about := a.Name
		if a.Custom {
			about += " (the org's own)"
		}
		all = append(all, choice{a.Name, cmp.Or(phrase.Line(a.Title), a.Name), about})
	}
	return append(all, choice{columnFactors, "Factors enrolled", "One more Okta call for each user: slow for many"})
}

func columnsField(columns []choice, broad bool) slack.Block {
	var pick *slack.MultiSelectBlockElement
	if broad {
		pick = slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeExternal, plain("Type to find columns"), FieldColumns)
		least := 0
		pick.MinQueryLength = &least
	} else {
		pick = slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Choose columns"), FieldColumns, optionsOf(columns)...)
	}
	for _, name := range []string{columnID, "login", "email", columnStatus} {
		if i := slices.IndexFunc(columns, func(c choice) bool { return c.value == name }); i >= 0 {
			pick.InitialOptions = append(pick.InitialOptions, option(columns[i]))
		}
	}
	return field(FieldColumns, "Columns", "In the order you choose them. Factors take one more Okta call for each user.", pick)
}

// FoundColumns are the columns whose name or title has what was typed, as many as a list takes.
func FoundColumns(attributes []Attribute, typed string) []*slack.OptionBlockObject {
	want := strings.ToLower(strings.TrimSpace(typed))
	found := slices.DeleteFunc(columnChoices(attributes), func(c choice) bool {
		return !strings.Contains(strings.ToLower(c.value+"\n"+c.label), want)
	})
	return optionsOf(firstOf(found, maxChoices))
}
