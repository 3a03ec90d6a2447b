package table

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"factorbot/bot/roster/internal/refusal"
)

// maxRecord bounds one record: nobody's row is that long, an open quotation mark makes one.
const maxRecord = 64 << 10

// MostRows bounds the records of a table.
const MostRows = 200_000

// readRecords reads a text's records, and hands each that is not blank to yield; it
// stops with yield's error.
func readRecords(text string, comma rune, above int, yield func(cells []string, line int) error) error {
	c := newCSV(strings.NewReader(text), comma)
	c.ReuseRecord = true
	var offset int64
	for {
		cells, err := c.Read()
		end := c.InputOffset()
		raw := text[offset:min(end, int64(len(text)))]
		offset = end
		var line int
		switch bad := (*csv.ParseError)(nil); {
		case errors.As(err, &bad):
			line = bad.StartLine
			if cells, err = readLoosely(raw, comma, bad, above); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			line, _ = c.FieldPos(0)
		}
		line += above
		if len(raw) > maxRecord {
			return refusal.New(refusal.HugeRow, line, "Line %d is over %d KB long: look for a quotation mark that isn't closed.", line, maxRecord>>10)
		}
		for i, cell := range cells {
			cells[i] = Trim(cell)
		}
		if IsBlank(cells) {
			continue
		}
		if err := yield(cells, line); err != nil {
			return err
		}
	}
}

func newCSV(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma = comma
	c.FieldsPerRecord = -1
	c.TrimLeadingSpace = comma != '\t' // else it eats empty cells
	return c
}

// readLoosely reads a record in which a quotation mark is where the format does
// not allow one, if it lies within one line: mail programs write
// "Lima, Ana" <ana@example.com>. A mark that reaches over a line break could
// swallow rows, and is refused.
func readLoosely(raw string, comma rune, bad *csv.ParseError, above int) ([]string, error) {
	text := strings.Trim(raw, "\r\n")
	if strings.Contains(text, "\n") {
		line := bad.StartLine + above
		return nil, refusal.New(refusal.Quotes, line, `The quotation mark at line %d isn't closed. Close it, or write a quotation mark inside a quoted cell twice ("").`, line)
	}
	if strings.Count(text, `"`)%2 == 0 {
		return splitQuoted(text, comma), nil
	}
	c := newCSV(strings.NewReader(text), comma)
	c.LazyQuotes = true
	return c.Read()
}

// splitQuoted splits a line at the separators that are not in quotation marks, and leaves the marks.
func splitQuoted(line string, comma rune) []string {
	var cells []string
	quoted, from := false, 0
	for i, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == comma && !quoted:
			cells = append(cells, line[from:i])
			from = i + len(string(comma))
		}
	}
	return append(cells, line[from:])
}
