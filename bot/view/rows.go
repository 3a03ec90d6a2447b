package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"factorbot/bot/view/phrase"
)

// maxOut is how many characters of a frame the rows to take out may have.
const maxOut = 2000

// FormatRows writes row numbers as ranges: "3,7-9". The order and doubles do not matter.
func FormatRows(rows []int) string {
	rows = slices.Compact(slices.Sorted(slices.Values(rows)))
	var b strings.Builder
	for i := 0; i < len(rows); {
		j := i
		for j+1 < len(rows) && rows[j+1] == rows[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(rows[i]))
		if j > i {
			b.WriteString("-" + strconv.Itoa(rows[j]))
		}
		i = j + 1
	}
	return b.String()
}

// maxRange bounds what one range stands for: no plan has more rows.
const maxRange = 1_000_000

// ParseRows reads what FormatRows wrote.
func ParseRows(s string) ([]int, error) {
	if s == "" {
		return nil, nil
	}
	var rows []int
	for part := range strings.SplitSeq(s, ",") {
		low, high, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(low)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(high)
		}
		if err != nil || from < 1 || to < from || len(rows)+to-from >= maxRange {
			return nil, fmt.Errorf("%q does not name rows", phrase.Cut(part, 20))
		}
		for n := from; n <= to; n++ {
			rows = append(rows, n)
		}
	}
	return rows, nil
}

// rowsField begins the ID of a field of rows; the rows that it shows follow, as
// FormatRows writes them, so that the ones without a tick are known too. Slack keeps
// what was entered into a field over an update of its modal, whatever the update
// ticks, as long as the IDs stay: once the bot has ticked rows itself, "~" and how
// often it did follow.
// https://docs.slack.dev/surfaces/modals#updating_views
const rowsField = "rows:"

// ShownRows returns the rows that a field of a review shows; ok is false for another field.
func ShownRows(field string) (rows []int, ok bool) {
	list, ok := strings.CutPrefix(field, rowsField)
	if !ok {
		return nil, false
	}
	list, _, _ = strings.Cut(list, "~")
	rows, err := ParseRows(list)
	return rows, err == nil && len(rows) > 0
}

// Tick puts into the frame which of the rows that were shown have a tick. It
// reports whether there was room for them; otherwise the frame stays as it is.
func (f *Frame) Tick(shown, ticked []int) bool {
	before, err := ParseRows(f.Out)
	if err != nil {
		return false
	}
	kept := slices.DeleteFunc(before, func(row int) bool { return slices.Contains(shown, row) })
	out := FormatRows(append(kept, ticked...))
	if len(out) > maxOut {
		return false
	}
	f.Out = out
	return true
}
