package roster

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Probes are spread over all rows, with the first and the last among them.
func TestSpreadOver(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	for n, want := range map[int][]int{9: all, 20: all, 3: {0, 4, 8}, 5: {0, 2, 4, 6, 8}, 2: {0, 8}} {
		if got := spreadOver(all, n); !slices.Equal(got, want) {
			t.Errorf("%d of them: %v, want %v", n, got, want)
		}
	}
}

func TestColumnWords(t *testing.T) {
	for header, want := range map[string]string{"": "Another column", "Boss": `The column "Boss"`} {
		if got := ColumnWords(header); got != want {
			t.Errorf("%q: %s", header, got)
		}
	}
}

// The uploader chooses one of the columns that there are, in a file without header too.
func TestRead_chosen_without_header(t *testing.T) {
	const file = "ana@example.com,eve@example.com\nbob@example.com,eve2@example.com\n"
	for column, want := range map[int]string{1: "ana@example.com", 2: "eve@example.com"} {
		ros, err := Read(strings.NewReader(file), Limits{Column: column})
		if err != nil || ros.Ask != nil || len(ros.Rows) != 2 || ros.Rows[0].Value != want {
			t.Errorf("column %d: %+v, %v", column, ros, err)
		}
	}
	var refused *Error
	if _, err := Read(strings.NewReader(file), Limits{Column: 3}); !errors.As(err, &refused) || refused.Code != CodeNoColumn {
		t.Errorf("a third of two: %v", err)
	}
}

// Without a header a cell of an export tells by itself what it is; the first of each kind counts.
func TestReadExport_without_header(t *testing.T) {
	got, err := ReadExport(strings.NewReader("00uaaaaaaaaaaaaaaaaa,k@example.com,00ubbbbbbbbbbbbbbbbb,l@example.com,x\n"))
	if err != nil || len(got) != 1 || got[0] != (Exported{ID: "00uaaaaaaaaaaaaaaaaa", Login: "k@example.com"}) {
		t.Errorf("%+v, %v", got, err)
	}
}
