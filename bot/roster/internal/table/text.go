package table

import (
	"io"
	"regexp"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
)

// headBytes is how much of a file is looked at before it is read.
const headBytes = 32 << 10

// ReadText reads the grid of a text table, and names its format for people. The separator is
// the one that gives the most cells that are known: a user, or a header of the first records.
func ReadText(content []byte, known func(cell string, record int) bool) (g *Grid, format string, err error) {
	text, charset, err := decode(content)
	if err != nil {
		return nil, "", err
	}
	text = lineFeeds(text)
	if err := sniffMarkup(text); err != nil {
		return nil, "", err
	}
	text = plainRules(text)
	d := sniffDialect(text, known)
	if d.aligned {
		text = tabbed(text)
	}
	g = &Grid{}
	g.text.Grow(len(text))
	width := 0
	err = readRecords(text[d.skip:], d.comma, d.above, func(cells []string, line int) error {
		if g.Len() == MostRows {
			return refusal.New(refusal.TooMany, line, "The file has more than %s lines: split it.", reset.Count(MostRows))
		}
		width = max(width, len(cells))
		return g.Add(cells, line)
	})
	if err != nil {
		return nil, "", err
	}
	return g, d.format(width) + ", " + charset, nil
}

// lineFeeds ends every line alike: old Macs and some exports end them with CR alone.
func lineFeeds(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// boxes are the lines of tables as terminals draw them.
var boxes = strings.NewReplacer("│", "|", "┃", "|", "║", "|", "─", "-", "━", "-", "═", "-",
	"┌", "+", "┬", "+", "┐", "+", "├", "+", "┼", "+", "┤", "+", "└", "+", "┴", "+", "┘", "+", "╔", "+", "╦", "+", "╗", "+", "╠", "+", "╬", "+", "╣", "+", "╚", "+", "╩", "+", "╝", "+")

// plainRules draws a table with ASCII alone.
func plainRules(text string) string {
	if !strings.ContainsAny(text, "│┃║") {
		return text
	}
	return boxes.Replace(text)
}

// separators are what is between cells, the usual one first.
var separators = []struct {
	comma rune
	name  string
}{
	{',', "commas"},
	{';', "semicolons"},
	{'\t', "tabs"},
	{'|', "pipes"},
}

// dialect is how a table is written down.
type dialect struct {
	comma rune
	above int // lines before the table: Excel's "sep=;"
	skip  int // their bytes

	aligned bool // columns are apart by two blanks or more, as programs print them
}

var gap = regexp.MustCompile(`(\S)[ ]{2,}(\S)`)

// tabbed puts tabs between the columns of an aligned table.
func tabbed(text string) string {
	text = gap.ReplaceAllString(text, "$1\t$2")
	return gap.ReplaceAllString(text, "$1\t$2") // cells of one letter share it with both gaps
}

// slackLink is a link as Slack writes it, which has a pipe.
var slackLink = regexp.MustCompile(`<[^<>\s|]+\|[^<>|\n]+>`)

// sniffRows are the records that are looked at to find the separator.
const sniffRows = 100

// sniffDialect finds the separator: the one that makes the most users and known
// headers of the first records' cells, then the one that makes the most cells.
func sniffDialect(text string, known func(cell string, record int) bool) dialect {
	if d, ok := declared(text); ok {
		return d
	}
	head := text[:min(len(text), headBytes)]
	best, bestScore := separators[0].comma, 0
	for _, s := range separators {
		if n := scoreOf(head, s.comma, known); n > bestScore && (s.comma != '|' || !slackLink.MatchString(head)) {
			best, bestScore = s.comma, n
		}
	}
	if gap.MatchString(head) {
		if n := scoreOf(tabbed(head), '\t', known); n > bestScore {
			return dialect{comma: '\t', aligned: true}
		}
	}
	return dialect{comma: best}
}

// declared reads the line in which Excel names the separator.
func declared(text string) (dialect, bool) {
	line, _, _ := strings.Cut(text, "\n")
	sep, ok := strings.CutPrefix(strings.ToLower(strings.Trim(line, "\" ")), "sep=")
	if !ok {
		return dialect{}, false
	}
	for _, s := range separators {
		if strings.HasPrefix(sep, string(s.comma)) {
			return dialect{comma: s.comma, above: 1, skip: min(len(line)+1, len(text))}, true
		}
	}
	return dialect{}, false
}

func scoreOf(head string, comma rune, known func(cell string, record int) bool) int {
	score, n, most, first := 0, 0, 0, 0
	_ = readRecords(head, comma, 0, func(cells []string, _ int) error {
		if n++; n > sniffRows {
			return io.EOF
		}
		if most = max(most, min(len(cells), 50)); n == 1 {
			first = most
		}
		for _, c := range cells {
			if known(c, n) {
				score += 100
			}
		}
		return nil
	})
	if first < most && score > 0 { // the separator of some cells, and not of the table
		most = 0
	}
	return score + most
}

// format names the dialect for people: "CSV with semicolons".
func (d dialect) format(columns int) string {
	if d.aligned {
		return "text in columns"
	}
	for _, s := range separators {
		if s.comma == d.comma && columns > 1 {
			return "CSV with " + s.name
		}
	}
	return "CSV"
}
