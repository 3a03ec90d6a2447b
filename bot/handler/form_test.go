package handler

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

func TestHistory_args(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	h := &Handler{Now: func() time.Time { return now }}
	for text, want := range map[string]struct {
		q     desk.HistoryQuery
		words string
	}{
		"history":                    {desk.HistoryQuery{}, ""},
		"history mine":               {desk.HistoryQuery{By: "U1"}, "of yours"},
		"history <@U2|bob>":          {desk.HistoryQuery{By: "U2"}, "of <@U2>"},
		"history 30d":                {desk.HistoryQuery{Since: now.Add(-720 * time.Hour)}, "of the last 30d"},
		"history <@U2> 2W":           {desk.HistoryQuery{By: "U2", Since: now.Add(-336 * time.Hour)}, "of <@U2> of the last 2w"},
		"history 12h mine":           {desk.HistoryQuery{By: "U1", Since: now.Add(-12 * time.Hour)}, "of the last 12h of yours"},
		"history 0d":                 {words: "!"},
		"history mine <@U2>":         {words: "!"},
		"history <@U1> <@U2>":        {words: "!"},
		"history 1d 2d":              {words: "!"},
		"history ana@example.com":    {words: "!"},
		"history 30d yesterday":      {words: "!"},
		"history 99999999999999999d": {words: "!"},
	} {
		c, err := roster.ParseCommand(text)
		if err != nil {
			t.Fatal(err)
		}
		q, what, err := h.historyQuery(&event.Event{By: "U1"}, c)
		if refused := err != nil; refused != (want.words == "!") || !refused && (q != want.q || what != want.words) {
			t.Errorf("%s: %+v, %q, %v", text, q, what, err)
		}
	}
}

func TestTypedNumber(t *testing.T) {
	for text, want := range map[string]int{"12": 12, " 1,200 ": 1200, "1.200": 1200, "1\u202f200": 1200, "1\u2019200": 1200} {
		n, err := typedNumber(&event.Event{Fields: map[string]event.Entered{view.FieldUsers: {Text: text}}})
		if err != nil || n != want {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "two", "2e3", "0x10", "99999999999999999999"} {
		if n, err := typedNumber(&event.Event{Fields: map[string]event.Entered{view.FieldUsers: {Text: text}}}); err == nil {
			t.Errorf("%q was taken as %d", text, n)
		}
	}
}

// Slack's client keeps foreign files out of the form; whoever gets around it is told as well.
func TestOrder_names(t *testing.T) {
	files := func(names ...string) event.Entered {
		var e event.Entered
		for _, n := range names {
			e.Files = append(e.Files, event.File{Name: n})
		}
		return e
	}
	for _, c := range []struct {
		field string
		in    event.Entered
		words string // "": it is taken
		users int
	}{
		{view.FieldFile, files("book.xls"), "CSV UTF-8", 0},
		{view.FieldFile, files("book.xlsx"), "", 0},
		{view.FieldList, event.Entered{Text: "ana.lima\njdoe12"}, "", 2},
		{view.FieldList, event.Entered{Text: "Manager Email,User Email\nboss@example.com,ana@example.com\nboss@example.com,bob@example.com"}, "Several columns", 0},
		{view.FieldFile, files("x.exe"), "only read .csv", 0},
		{view.FieldFile, files("a.csv", "b.csv"), "one file", 0},
		{view.FieldFile, files(), "one file", 0},
		{view.FieldFile, files("A.CSV"), "", 0},
		{view.FieldPeople, event.Entered{Picked: []string{"U1", "U2"}}, "", 2},
		{view.NamedByGroup, event.Entered{Text: ` "Sales East" `}, "", 1},
		{view.NamedByQuery, event.Entered{Text: " "}, "start of a name", 0},
		{view.NamedByFilter, event.Entered{Text: `status eq "ACTIVE"`}, "", 1},
		{view.NamedByFilter, event.Entered{Text: `"pr"`}, "compares nothing", 0},
		{view.NamedBySearch, event.Entered{Text: "profile.nickName pr"}, "", 1},
		{view.FieldList, event.Entered{Text: "ana@example.com, bob@example.com"}, "", 2},
		{view.FieldList, event.Entered{Text: "First name\tlogin\nAna\tana@example.com\n"}, "", 0}, // a table
		{view.FieldList, event.Entered{Text: "First name\nAna\n"}, "I don't know", 0},
		{"forged", event.Entered{Text: "x"}, "an expression", 0},
	} {
		var o order
		words := o.name(&event.Event{Fields: map[string]event.Entered{c.field: c.in}}, c.field)
		if (words == "") != (c.words == "") || !strings.Contains(words, c.words) || len(o.Users) != c.users {
			t.Errorf("%s %+v: %q, %d users", c.field, c.in, words, len(o.Users))
		}
	}
}

// Users are named in one field; a text and people count as one. What is wrong is said at the field.
func TestOrder_users(t *testing.T) {
	text, table := event.Entered{Text: "ana@example.com"}, event.Entered{Text: "First name\tlogin\nAna\tana@example.com\n"}
	people, file := event.Entered{Picked: []string{"U1", "U2"}}, event.Entered{Files: []event.File{{Name: "a.csv"}}}
	for name, c := range map[string]struct {
		fields       map[string]event.Entered
		field, words string // "": they are taken
		users        int
		file, pasted bool
	}{
		"a text":               {map[string]event.Entered{view.FieldList: text}, "", "", 1, false, false},
		"a table":              {map[string]event.Entered{view.FieldList: table}, "", "", 0, false, true},
		"people":               {map[string]event.Entered{view.FieldPeople: people}, "", "", 2, false, false},
		"a text and people":    {map[string]event.Entered{view.FieldList: text, view.FieldPeople: people}, "", "", 3, false, false},
		"a file":               {map[string]event.Entered{view.FieldFile: file, view.FieldList: {Text: " \n"}}, "", "", 0, true, false},
		"a group":              {map[string]event.Entered{view.FieldGroup: {Text: "Sales"}}, "", "", 1, false, false},
		"nobody":               {nil, view.FieldList, "at least one user", 0, false, false},
		"a file and a text":    {map[string]event.Entered{view.FieldFile: file, view.FieldList: text}, view.FieldFile, "in another field too", 0, false, false},
		"a group and people":   {map[string]event.Entered{view.FieldGroup: {Text: "Sales"}, view.FieldPeople: people}, view.FieldGroup, "in another field too", 0, false, false},
		"all":                  {map[string]event.Entered{view.FieldFile: file, view.FieldList: text, view.FieldPeople: people}, view.FieldFile, "in another field too", 0, false, false},
		"a table and people":   {map[string]event.Entered{view.FieldList: table, view.FieldPeople: people}, view.FieldPeople, "can't be mixed", 2, false, true},
		"a wrong word, people": {map[string]event.Entered{view.FieldList: {Text: "all!"}, view.FieldPeople: people}, view.FieldList, "all!", 0, false, false},
		"a wrong file":         {map[string]event.Entered{view.FieldFile: {Files: []event.File{{Name: "a.pdf"}}}}, view.FieldFile, "only read .csv", 0, false, false},
	} {
		var o order
		field, words := o.users(&event.Event{Fields: c.fields})
		if field != c.field || !strings.Contains(words, c.words) || (words == "") != (c.words == "") || len(o.Users) != c.users || (o.file != nil) != c.file || (o.pasted != nil) != c.pasted {
			t.Errorf("%s: %q at %q, %d users", name, words, field, len(o.Users))
		}
	}
}

// Slack drops an acknowledgement of 20 KB or more without a word, so a search
// for columns offers as many as there is room for.
func TestFitting(t *testing.T) {
	var attributes []view.Attribute
	for n := range 100 {
		name := fmt.Sprintf("%s%03d", strings.Repeat("x", 60), n)
		attributes = append(attributes, view.Attribute{Name: name, Title: strings.Repeat("\u00e9", 70)})
	}
	all := view.FoundColumns(attributes, "x")
	got := fitting(all)
	raw, err := json.Marshal(map[string]any{"options": got})
	if err != nil || len(raw) >= 20<<10 || len(got) == len(all) || len(got) < 20 {
		t.Errorf("%d of %d choices in %d bytes, %v", len(got), len(all), len(raw), err)
	}
}
