package roster

import (
	"bufio"
	"bytes"
	"strings"
)

// headBytes is how much of a file is looked at before it is read.
const headBytes = 32 << 10

// separators are what stands between cells, the usual one first.
var separators = []struct {
	comma rune
	name  string
}{
	{',', "commas"},
	{';', "semicolons"},
	{'\t', "tabs"},
}

// dialect is how a table is written down.
type dialect struct {
	comma rune
	above int // lines before the table: Excel's "sep=;"
}

// sniffDialect finds the separator from the first line: the one that makes a
// known header or a user of one of its cells, then the one that makes most cells.
func sniffDialect(head *bufio.Reader) dialect {
	start, _ := head.Peek(headBytes)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if sep, ok := strings.CutPrefix(strings.ToLower(string(line)), "sep="); ok && len(sep) > 0 {
		for _, s := range separators {
			if rune(sep[0]) == s.comma {
				head.Discard(min(len(line)+1, len(start)))
				return dialect{comma: s.comma, above: 1}
			}
		}
	}
	best, bestScore := separators[0].comma, -1
	for _, s := range separators {
		first, err := newRecords(bytes.NewReader(start), s.comma, 0).next()
		if err != nil {
			continue
		}
		if n := score(first.cells); n > bestScore {
			best, bestScore = s.comma, n
		}
	}
	return dialect{comma: best}
}

// score rates the first record as read with one separator.
func score(cells []string) int {
	n := min(len(cells), 1000)
	for _, c := range cells {
		if _, known := headerOf(c); known || isUser(c) {
			return n + 1000
		}
	}
	return n
}

// format names dialect and encoding for people: "CSV with semicolons, UTF-16".
func (d dialect) format(columns int, c charset) string {
	text := "CSV"
	for _, s := range separators {
		if s.comma == d.comma && columns > 1 {
			text += " with " + s.name
		}
	}
	return text + ", " + c.String()
}
