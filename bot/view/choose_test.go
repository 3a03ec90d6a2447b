package view_test

import (
	"fmt"
	"strings"
	"testing"

	"factorbot/bot/view"
)

// The private hints about a file, one of each kind.
func TestHints_golden(t *testing.T) {
	up := view.Upload{Channel: "C_FACTORS", TS: "1777896000.000100", File: "F123"}
	columns := []view.Column{
		{Number: 1, Header: "Manager Email", Samples: []string{"stranger@partner.example"}},
		{Number: 2, Header: "User <Email> & more", Samples: []string{"ana@example.com", "guest@example.com"}},
		{Number: 4, Samples: []string{"Ana Lima <ana@example.com>"}},
		{Number: 5, Header: strings.Repeat("long ", 30), Samples: []string{strings.Repeat("x", 60), strings.Repeat("y", 60)}},
		{Number: 6, Header: "Nothing in it"},
	}
	fits := schema(t, "Message")
	for name, m := range map[string]view.Message{
		"choose_column":    view.ChooseColumn(up, "list.csv", `The column "User Email" names other Okta users.`, columns),
		"choose_no_header": view.ChooseColumn(up, "<!channel> `list`.csv", "The file has no header, and several users in a line.", columns[2:3]),
		"choose_slipped":   view.ChooseColumn(up, "list.csv", "Line 3 has 4 cells under a header of 3.", columns[:2]),
		"add_reason":       view.AddReason(up, "list.csv"),
		"option_inside":    view.OptionInside(up, "list.csv", "factors:sms"),
		"one_file":         view.OneFile.About(""),
		"not_here":         view.NotHere.About("list"),
		"not_seen":         view.NotSeen.About(""),
		"not_a_list":       view.NotAList.About("list.pdf"),
		"not_csv":          view.NotCSV.About("list.ods"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
				t.Errorf("does not fit the schema: %v", err)
			}
			golden(t, "hint_"+name, m)
		})
	}
}

// A select takes 100 options; a file has more columns.
func TestChooseColumn_many(t *testing.T) {
	var columns []view.Column
	for n := range 300 {
		columns = append(columns, view.Column{Number: n + 1, Header: fmt.Sprintf("Column of %d", n+1)})
	}
	m := view.ChooseColumn(view.Upload{Channel: "C_FACTORS", TS: "1777896000.000100", File: "F123"}, "list.csv", "Several columns name users.", columns)
	if err := misfit(schema(t, "Message"), map[string]any{"blocks": m.Blocks}); err != nil {
		t.Error(err)
	}
	if text := textOf(t, m); !strings.Contains(text, "Column of 100") || strings.Contains(text, "Column of 101") {
		t.Error(text)
	}
}
