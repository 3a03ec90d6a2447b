package roster

import (
	"fmt"
	"io"

	"factorbot/bot/reset"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 20 << 20

// sampleRows are looked at to decide between columns.
const sampleRows = 200

// Roster is the users of a file, as its author named them.
type Roster struct {
	Rows   []reset.Row // in the file's order, those that name nobody too
	Column string      // header of the column that names the user; "" without header
	Kind   reset.RefKind
	Format string // for people: "CSV with semicolons, UTF-16"
	Bytes  int64
	SHA256 reset.Digest // of the bytes that were read

	IgnoredColumns []string // headers that were not used
	Notes          []string // sentences for people about how the file was understood
}

// Limits bound what is read. Zero means MaxBytes, and any number of rows.
type Limits struct {
	Bytes int64
	Rows  int
}

// Read reads a roster from a text table: cells between commas, semicolons or
// tabs, in UTF-8, UTF-16 or Windows-1252, with or without a header. It streams,
// and keeps no more than the rows. Every error is an *Error, whose words are
// for the person who sent the file; rows that name nobody are no error.
func Read(r io.Reader, limits Limits) (*Roster, error) {
	t, err := openTable(r, limits)
	if err != nil {
		return nil, err
	}
	ros, width, err := readTable(t, limits)
	if err != nil {
		return nil, err
	}
	ros.Format = t.dialect.format(width, t.charset)
	ros.Bytes, ros.SHA256 = t.intake.bytes, t.intake.digest()
	return ros, nil
}

// readTable reads header and rows; width is the number of cells of the first record.
func readTable(t *table, limits Limits) (ros *Roster, width int, err error) {
	sample, end, err := readSample(t, limits)
	if err != nil {
		return nil, 0, err
	}
	l, header, err := readLayout(sample[0], sample[1:])
	if err != nil {
		return nil, 0, err
	}
	width = len(sample[0].cells)
	if header {
		sample = sample[1:]
	}
	ros = &Roster{Column: l.use[0].name, IgnoredColumns: l.ignored, Notes: l.notes}
	for _, rec := range sample {
		if err := ros.add(l, rec, limits); err != nil {
			return nil, 0, err
		}
	}
	for !end {
		rec, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, t.reading(err)
		}
		if err := ros.add(l, rec, limits); err != nil {
			return nil, 0, err
		}
	}
	if len(ros.Rows) == 0 {
		return nil, 0, refuse(CodeEmpty, 0, "The file has a header and no rows below it: add one row for each user.")
	}
	ros.settleKind(l.use[0])
	return ros, width, nil
}

// readSample reads the first records, at least one, and reports whether they are all.
func readSample(t *table, limits Limits) (sample []record, end bool, err error) {
	for len(sample) <= sampleRows {
		rec, err := t.next()
		if err == io.EOF {
			end = true
			break
		}
		if err != nil {
			return nil, false, t.reading(err)
		}
		sample = append(sample, rec)
	}
	if len(sample) == 0 {
		return nil, true, refuse(CodeEmpty, 0, "The file is empty: add one row for each user.")
	}
	return sample, end, nil
}

func (ros *Roster) add(l layout, rec record, limits Limits) error {
	if limits.Rows > 0 && len(ros.Rows) == limits.Rows {
		return refuse(CodeTooMany, rec.line, "The file has more than %d rows, which is the most that one request may have: split it.", limits.Rows)
	}
	ros.Rows = append(ros.Rows, l.row(rec, len(ros.Rows)+1))
	return nil
}

// settleKind sets the kind that most rows have, and notes where the column's name says another.
func (ros *Roster) settleKind(c column) {
	counts := map[reset.RefKind]int{}
	for _, row := range ros.Rows {
		counts[row.Kind]++
	}
	ros.Kind = c.kind
	for _, k := range []reset.RefKind{reset.RefID, reset.RefLogin, reset.RefEmail} {
		if counts[k] > counts[ros.Kind] {
			ros.Kind = k
		}
	}
	if c.name != "" && ros.Kind != c.kind {
		ros.Notes = append(ros.Notes, fmt.Sprintf("The column %s holds %s, and is read as such.", shown(c.name), kindWords[ros.Kind]))
	}
}

var kindWords = map[reset.RefKind]string{
	reset.RefID:    "Okta user IDs",
	reset.RefLogin: "logins",
	reset.RefEmail: "e-mails",
}
