package table

import (
	"bytes"
	"iter"
	"strings"
	"unicode"

	"factorbot/bot/roster/internal/refusal"
)

// Grid is a table in memory: one text, and where its cells end. Cells are trimmed.
type Grid struct {
	text strings.Builder
	ends []uint32 // of each cell, in text
	recs []span

	Fixed bool // cells are in columns by their place, and cannot slip: of a worksheet
}

// span is where the cells of one record are, and its line of the file, from 1.
type span struct {
	from, to, line int32
}

// Record is one line of a table, or more if a quoted cell has line breaks.
type Record struct {
	Cells []string
	Line  int // where it starts, from 1
}

// Cell returns the i-th cell, "" where the record is shorter.
func (r Record) Cell(i int) string {
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return ""
}

// mostGrid bounds the text of a table, in bytes; a worksheet may hold more text than its file.
const mostGrid = 128 << 20

// Add appends a record of trimmed cells that is not blank.
func (g *Grid) Add(cells []string, line int) error {
	from := len(g.ends)
	for _, c := range cells {
		g.text.WriteString(c)
		g.ends = append(g.ends, uint32(g.text.Len()))
	}
	if g.text.Len() > mostGrid {
		return refusal.New(refusal.TooBig, line, "The table holds over %d MiB of text, which is too much. Leave only the column that names the users.", mostGrid>>20)
	}
	g.recs = append(g.recs, span{int32(from), int32(len(g.ends)), int32(line)})
	return nil
}

// Len is the number of records.
func (g *Grid) Len() int { return len(g.recs) }

// Record returns the i-th record.
func (g *Grid) Record(i int) Record { return g.record(i, nil) }

// Records yields the records from one on and before another, with their indexes. The
// next one overwrites a record's cells.
func (g *Grid) Records(from, to int) iter.Seq2[int, Record] {
	return func(yield func(int, Record) bool) {
		var cells []string
		for i := from; i < min(to, g.Len()); i++ {
			rec := g.record(i, cells)
			if cells = rec.Cells; !yield(i, rec) {
				return
			}
		}
	}
}

// record reads the i-th record into a buffer.
func (g *Grid) record(i int, cells []string) Record {
	s, text, start := g.recs[i], g.text.String(), uint32(0)
	if s.from > 0 {
		start = g.ends[s.from-1]
	}
	cells = cells[:0]
	for _, end := range g.ends[s.from:s.to] {
		cells = append(cells, text[start:end])
		start = end
	}
	return Record{Cells: cells, Line: int(s.line)}
}

// IsBlank reports whether nothing is in a record, as in the lines ";;;" that
// spreadsheets leave behind, whichever separator was found, or only the rules of
// a drawn table, as in "|---|---|".
func IsBlank(cells []string) bool {
	for _, c := range cells {
		if strings.Trim(c, ",;|") != "" && !isRule(c) {
			return false
		}
	}
	return true
}

// isRule reports whether a cell is a line that was drawn: "----", ":---:", "=====+====".
func isRule(cell string) bool { return len(cell) >= 3 && strings.Trim(cell, "-=+:_|") == "" }

// Filled is the number of cells up to the last that is not blank.
func Filled(cells []string) int {
	n := len(cells)
	for n > 0 && cells[n-1] == "" {
		n--
	}
	return n
}

// Trim takes blanks, invisible characters and DOS's end-of-file mark from both ends of a cell.
func Trim(cell string) string {
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '\x1a' })
}

// IsWorkbook reports whether a file is a zip archive, as .xlsx is.
func IsWorkbook(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }
