package roster

import (
	"strings"
)

// grid is a table in memory: one text, and where its cells end. Cells are trimmed.
type grid struct {
	text strings.Builder
	ends []uint32 // of each cell, in text
	recs []span

	fixed bool // cells are in columns by their place, and cannot slip: of a worksheet
}

// span is where the cells of one record are, and its line of the file, from 1.
type span struct {
	from, to, line int32
}

// record is one line of a table, or more if a quoted cell has line breaks.
type record struct {
	cells []string
	line  int // where it starts, from 1
}

// mostGrid bounds the text of a table, in bytes; a worksheet may hold more text than its file.
const mostGrid = 128 << 20

// add appends a record that is not blank.
func (g *grid) add(cells []string, line int) error {
	from := len(g.ends)
	for _, c := range cells {
		g.text.WriteString(trim(c))
		g.ends = append(g.ends, uint32(g.text.Len()))
	}
	if g.text.Len() > mostGrid {
		return refuse(CodeTooBig, line, "The table holds over %d MiB of text, which is too much. Leave only the column that names the users.", mostGrid>>20)
	}
	g.recs = append(g.recs, span{int32(from), int32(len(g.ends)), int32(line)})
	return nil
}

// len is the number of records.
func (g *grid) len() int { return len(g.recs) }

// record returns the i-th record. Its cells are parts of the grid's text; buf is used again.
func (g *grid) record(i int, buf []string) record {
	s, text := g.recs[i], g.text.String()
	cells := buf[:0]
	start := uint32(0)
	if s.from > 0 {
		start = g.ends[s.from-1]
	}
	for _, end := range g.ends[s.from:s.to] {
		cells = append(cells, text[start:end])
		start = end
	}
	return record{cells: cells, line: int(s.line)}
}

// isBlank reports whether nothing is in a record, as in the lines ";;;" that
// spreadsheets leave behind, whichever separator was found, or only the rules of
// a drawn table, as in "|---|---|".
func isBlank(cells []string) bool {
	for _, c := range cells {
		if strings.Trim(c, ",;|") != "" && !isRule(c) {
			return false
		}
	}
	return true
}

// isRule reports whether a cell is a line that was drawn: "----", ":---:", "=====+====".
func isRule(cell string) bool { return len(cell) >= 3 && strings.Trim(cell, "-=+:_|") == "" }
