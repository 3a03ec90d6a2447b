package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// maxRecord bounds one record: nobody's row is that long, an open quotation mark makes one.
const maxRecord = 64 << 10

// record is one line of a table, or more if a quoted cell has line breaks.
type record struct {
	cells []string // trimmed, no defusing mark before a formula
	line  int      // where it starts, from 1
}

// blank reports whether nothing is in the record, as in the lines ";;;" that
// spreadsheets leave behind, whichever separator was found.
func (r record) blank() bool {
	for _, c := range r.cells {
		if strings.Trim(c, ",;") != "" {
			return false
		}
	}
	return true
}

// records reads a table. A stray quotation mark inside one line is a character
// like any other: the row is judged by its cells. One that reaches over a line
// break could swallow rows, and ends the reading.
type records struct {
	csv    *csv.Reader
	kept   bytes.Buffer // decoded bytes from offset on, to read a line again
	offset int64
	above  int // lines of the file before the reader's first
}

func newRecords(r io.Reader, comma rune, above int) *records {
	rs := &records{above: above}
	rs.csv = newCSV(io.TeeReader(r, &rs.kept), comma)
	return rs
}

func newCSV(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma = comma
	c.FieldsPerRecord = -1
	c.TrimLeadingSpace = comma != '\t' // else it eats empty cells
	return c
}

// next returns the next record that is not blank; io.EOF after the last.
func (rs *records) next() (record, error) {
	for {
		cells, err := rs.csv.Read()
		end := rs.csv.InputOffset()
		raw := rs.kept.Next(int(end - rs.offset))
		rs.offset = end
		var line int
		switch bad := (*csv.ParseError)(nil); {
		case errors.As(err, &bad):
			line = bad.StartLine
			if cells, err = again(raw, rs.csv.Comma, bad, rs.above); err != nil {
				return record{}, err
			}
		case err != nil:
			return record{}, err
		default:
			line, _ = rs.csv.FieldPos(0)
		}
		line += rs.above
		if len(raw) > maxRecord {
			return record{}, refuse(CodeHugeRow, line, "The row at line %d is over %d KB long: look for a quotation mark that is not closed.", line, maxRecord>>10)
		}
		rec := record{cells: cells, line: line}
		for i, c := range cells {
			cells[i] = rearm(trim(c))
		}
		if !rec.blank() {
			return rec, nil
		}
	}
}

// again reads a record with a stray quotation mark, if it lies within one line.
func again(raw []byte, comma rune, bad *csv.ParseError, above int) ([]string, error) {
	text := strings.TrimRight(string(raw), "\r\n")
	if bad.StartLine != bad.Line || strings.Contains(strings.TrimLeft(text, "\r\n"), "\n") {
		line := bad.StartLine + above
		return nil, refuse(CodeQuotes, line, `The quotation mark at line %d is not closed. Close it, or write a quotation mark inside a quoted cell twice ("").`, line)
	}
	c := newCSV(strings.NewReader(text), comma)
	c.LazyQuotes = true
	return c.Read()
}
