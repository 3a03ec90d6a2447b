package roster_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"testing"

	"factorbot/bot/roster"
)

func lines(all ...[]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, l := range all {
			if !yield(slices.Clone(l), nil) {
				return
			}
		}
	}
}

func TestExportColumns(t *testing.T) {
	for _, c := range []struct{ asked, want []string }{
		{nil, []string{"id", "login", "email", "status", "department"}},
		{[]string{"login", "profile.login", " costCenter "}, []string{"login", "costCenter"}},
		{[]string{"factors", "costCenter"}, []string{"id", "factors", "costCenter"}},
		{[]string{"", "profile."}, []string{"id", "login", "email", "status", "department"}},
	} {
		if got := roster.ExportColumns(c.asked); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.asked, got, c.want)
		}
	}
}

// What is exported can be dropped back, and nothing in it runs.
func TestWriteExport_is_a_roster(t *testing.T) {
	var file bytes.Buffer
	columns := roster.ExportColumns([]string{"login", "title"})
	if err := roster.WriteExport(&file, columns, lines([]string{"ana@example.com", "=1+1"}, []string{"bob@example.com", "@SUM(A1)"})); err != nil {
		t.Fatal(err)
	}
	if want := "login,title\r\nana@example.com,'=1+1\r\nbob@example.com,'@SUM(A1)\r\n"; file.String() != want {
		t.Errorf("%q", file.String())
	}
	back, err := roster.Read(&file, roster.Limits{Users: 10})
	if err != nil || len(back.Rows) != 2 || back.Rows[0].Value != "ana@example.com" || back.Rows[1].Value != "bob@example.com" {
		t.Errorf("%+v %v", back, err)
	}
}

func TestWriteExport_fails(t *testing.T) {
	broken := errors.New("the list broke off")
	err := roster.WriteExport(io.Discard, []string{"id"}, func(yield func([]string, error) bool) { yield(nil, broken) })
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}
