package roster_test

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"factorbot/bot/roster"
)

// address finds users in the text of a generated table, whose cells are plain: it
// knows nothing of how the reader works.
var address = regexp.MustCompile(`[a-z]+[0-9]*@[a-z.]+`)

// table is a table with users in some of its cells.
type table struct {
	lines  [][]string
	header bool
	comma  rune
}

func drawTable(t *rapid.T) table {
	tb := table{comma: rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "comma"), header: rapid.Bool().Draw(t, "header")}
	width := rapid.IntRange(1, 5).Draw(t, "width")
	headers := rapid.SampledFrom([]string{
		"Name", "Email", "E-Mail-Adresse", "Username", "Login", "User ID", "ID", "Manager", "Manager Email", "Recovery Email", "Affected user", "Ticket", "Email Address [Required]", "Requester", "Notes",
	})
	cells := rapid.OneOf(
		rapid.Just(""), rapid.SampledFrom([]string{"Ana", "x y", "#N/A", "INC-1", "42", "-"}),
		rapid.Map(rapid.IntRange(0, 30), func(n int) string { return fmt.Sprintf("user%d@example.com", n) }),
		rapid.Map(rapid.IntRange(0, 30), func(n int) string { return fmt.Sprintf("Ana Lima <user%d@example.com>", n) }),
		rapid.Map(rapid.IntRange(0, 30), func(n int) string { return fmt.Sprintf("mailto:user%d@example.com", n) }),
		rapid.Map(rapid.IntRange(0, 30), func(n int) string { return fmt.Sprintf("user%d@example.com; user%d@example.com", n, n+1) }),
	)
	if tb.header {
		tb.lines = append(tb.lines, rapid.SliceOfN(headers, width, width).Draw(t, "headers"))
	}
	for range rapid.IntRange(1, 6).Draw(t, "rows") {
		n := width
		if rapid.IntRange(0, 9).Draw(t, "slips") == 0 {
			n = rapid.IntRange(1, width+2).Draw(t, "cells")
		}
		tb.lines = append(tb.lines, rapid.SliceOfN(cells, n, n).Draw(t, "row"))
	}
	return tb
}

func (tb table) text() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = tb.comma
	_ = w.WriteAll(tb.lines)
	return b.String()
}

// TestRead_neverSilent accounts for every user that is anywhere in a generated
// table: it is looked up, or its row says that it names nobody or is found by
// another cell, or its column is told as not used, or the whole file is refused or
// asked about.
func TestRead_neverSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := drawTable(t)
		text := tb.text()
		ros, err := roster.Read(strings.NewReader(text), roster.Limits{})
		if err != nil || ros.Ask != nil {
			return
		}
		used, err := roster.UsedHeaders(text)
		if err != nil {
			t.Fatal(err)
		}
		lookedUp := map[string]bool{}
		problems := map[int]bool{} // lines with a row that names nobody
		for _, r := range ros.Rows {
			for _, ref := range r.Refs() {
				lookedUp[fmt.Sprint(r.Line, strings.ToLower(ref.Value))] = true
			}
			problems[r.Line] = problems[r.Line] || r.Problem != ""
		}
		told := strings.Join(ros.Notes, "\n")
		for i, line := range tb.lines {
			for at, cell := range line {
				for _, user := range address.FindAllString(cell, -1) {
					header := ""
					if tb.header && at < len(tb.lines[0]) {
						header = tb.lines[0][at]
					}
					switch {
					case lookedUp[fmt.Sprint(i+1, user)], problems[i+1]:
					case strings.Contains(told, fmt.Sprintf("The column %q names users", header)), strings.Contains(told, fmt.Sprintf("Column %d names users", at+1)):
					case header != "" && !slices.Contains(used, header) && strings.Count(cell, "@") > 1: // a text, not a user
					default:
						t.Fatalf("%s in line %d is passed over in silence\n%s\nrows %q\nnotes %q", user, i+1, text, brief(ros.Rows), ros.Notes)
					}
				}
			}
		}
	})
}

// TestRead_neverAnother looks at the users that a generated table would reset: only users
// of the row itself, each row one.
func TestRead_neverAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := drawTable(t)
		ros, err := roster.Read(strings.NewReader(tb.text()), roster.Limits{})
		if err != nil || ros.Ask != nil {
			return
		}
		for _, r := range ros.Rows {
			if r.Value == "" {
				continue
			}
			line := strings.Join(tb.lines[r.Line-1], " ")
			for _, ref := range r.Refs() {
				if strings.Contains(ref.Value, "@") && !slices.Contains(address.FindAllString(line, -1), ref.Value) {
					t.Fatalf("%s is not in line %d: %s", ref.Value, r.Line, line)
				}
			}
		}
	})
}
