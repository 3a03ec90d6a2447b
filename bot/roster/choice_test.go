package roster_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

func TestColumnWords(t *testing.T) {
	for header, want := range map[string]string{"": "Another column", "Boss": `The column "Boss"`} {
		if got := roster.ColumnWords(header); got != want {
			t.Errorf("%q: %s", header, got)
		}
	}
}

// The uploader chooses one of the columns that there are, in a file without header too.
func TestRead_chosen_without_header(t *testing.T) {
	const file = "ana@example.com,eve@example.com\nbob@example.com,eve2@example.com\n"
	for column, want := range map[int]string{1: "ana@example.com", 2: "eve@example.com"} {
		ros, err := roster.Read(strings.NewReader(file), roster.Limits{Column: column})
		if err != nil || ros.Ask != nil || len(ros.Rows) != 2 || ros.Rows[0].Value != want {
			t.Errorf("column %d: %+v, %v", column, ros, err)
		}
	}
	var refused *roster.Error
	if _, err := roster.Read(strings.NewReader(file), roster.Limits{Column: 3}); !errors.As(err, &refused) || refused.Code != roster.CodeNoColumn {
		t.Errorf("a third of two: %v", err)
	}
}

// Where two columns of many rows differ, some rows are looked up to compare them: as far
// apart as can be, the first and the last among them.
func TestRead_doubt_probes(t *testing.T) {
	for n, want := range map[int]string{1: "[0]", 3: "[0 1 2]", 50: "[0 1 2 3 4 5 6 7 8 9 ", 99: "[0 2 4 6 8 10 "} {
		var file strings.Builder
		file.WriteString("login,email\n")
		for i := range n {
			fmt.Fprintf(&file, "a%03d@example.com,b%03d@example.com\n", i, i)
		}
		ros := read(t, file.String())
		if len(ros.Doubts) != 1 || ros.Doubts[0].Column != "email" || !ros.Doubts[0].Used {
			t.Fatalf("%d rows: %+v", n, ros.Doubts)
		}
		probes := ros.Doubts[0].Probes
		var at []int
		for _, p := range probes {
			at = append(at, p.Row)
			own, other := fmt.Sprintf("a%03d@example.com", p.Row), fmt.Sprintf("b%03d@example.com", p.Row)
			if len(p.Own) != 1 || p.Own[0] != (reset.Ref{Kind: reset.RefLogin, Value: own}) || p.Other != (reset.Ref{Kind: reset.RefEmail, Value: other}) {
				t.Errorf("row %d of %d: %+v", p.Row, n, p)
			}
		}
		if got := fmt.Sprint(at); len(at) != min(n, 50) || at[len(at)-1] != n-1 || !strings.HasPrefix(got, want) {
			t.Errorf("%d rows: probes of %s", n, got)
		}
	}
}

// A column of another kind leads to others only where several rows differ, and more than half of all.
func TestDoubt_Leads(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want bool
	}{
		"one row of a column that isn't used":        {"login,Boss\nana,ana\nana,ben\n", true},
		"nobody in a row of one that isn't used":     {"login,Boss\nnobody,ben\n", true},
		"none of a column that isn't used":           {"login,Boss\nana,nobody\nana,ANA\n", false},
		"one row of another login":                   {"login,Username\nana,ana\nana,ben\n", true},
		"nobody in a row, and the other is used":     {"login,Username\nnobody,ben\n", false},
		"another kind, one row":                      {"login,email\nana,ben\n", false},
		"another kind, two of three":                 {"login,email\nana,ben\nana,ben\nana,ana\n", true},
		"another kind, two files put together":       {"login,email\nana,ben\nlogin,email\nana,ben\n", true},
		"another kind, two of four":                  {"login,email\nana,ben\nana,ben\nana,ana\nana,ana\n", false},
		"another kind, the same person by two names": {"login,email\nana,ANA\nana,ANA\n", false},
		"another kind, most of many":                 {"login,email\n" + strings.Repeat("ana,ben\n", 51) + strings.Repeat("ana,ana\n", 49), true},
		"another kind, half of many":                 {"login,email\n" + strings.Repeat("ana,ben\n", 50) + strings.Repeat("ana,ana\n", 50), false},
		"another kind, most of those looked up":      {"login,email\n" + strings.Repeat("ana,ben\nana,ANA\nana,ben\n", 20), true},
		"another kind, few of those looked up":       {"login,email\n" + strings.Repeat("ana,ANA\nana,ben\nana,ANA\n", 20), false},
	} {
		t.Run(name, func(t *testing.T) {
			people := strings.NewReplacer("ana", "ana@example.com", "ben", "ben@example.com", "ANA", "ana.lima@example.com", "nobody", "nobody@example.com")
			ros := read(t, people.Replace(c.file))
			leads := false
			for _, d := range ros.Doubts {
				leads = leads || d.Leads(person)
			}
			if leads != c.want {
				t.Errorf("%t of %+v", leads, ros.Doubts)
			}
		})
	}
}

// person is Okta's answer: Ana has two addresses.
func person(refs ...reset.Ref) reset.UserID {
	for _, r := range refs {
		switch r.Value {
		case "ana@example.com", "ana.lima@example.com":
			return "ana"
		case "ben@example.com":
			return "ben"
		}
	}
	return ""
}
