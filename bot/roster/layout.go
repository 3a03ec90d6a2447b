package roster

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// layout says which cells of a table name its users.
type layout struct {
	header int      // index of the header's table.Record, -1 without one
	from   int      // index of the first record that is a row
	names  []string // the header's cells
	use    []column // describe one person, best first
	fixed  bool     // a cell cannot slip into another column
	one    bool     // without header: each record's one user, wherever it is
	list   bool     // without header: every cell is a row
	own    bool     // the table is a plan or result file of this program
	others []column // not used, and with cells that name users
	notes  []string
	ask    *Question

	choosers []int          // columns that say whether a row's user is to be reset
	asides   map[int]string // why the users of a record may not be those to reset, by its index
}

// isOwn reports whether a header is that of a plan or result file of this program.
func isOwn(header []string) bool {
	return len(header) >= 4 && slices.Equal(header[:4], planHeader[:4])
}

// readLayout understands a table by what its cells hold, helped by the header.
// choice, if not 0, is the number of the column that the uploader chose.
func readLayout(g *table.Grid, choice int) (layout, error) {
	at, known := findHeader(g)
	if at < 0 {
		at = unnamedHeader(g)
	}
	if at < 0 {
		return bareLayout(g, choice)
	}
	header := slices.Clone(g.Record(at).Cells)
	l := layout{header: at, from: at + 1, names: header, own: isOwn(header), fixed: g.Fixed}
	if err := l.above(g); err != nil {
		return l, err
	}
	known = slices.DeleteFunc(known, func(c column) bool { return isRespondent(header, c.index) })
	s := newSurvey(g, l.from, header, known)
	l.asides, l.choosers = asides(g, l.from, true), choosers(header)
	switch {
	case l.own:
		l.asides = nil
		l.use = ownColumns()
		l.notes = append(l.notes, "This file is the bot's own: it names users by user_id, else by login, else by input.")
	case choice > 0:
		if err := l.pick(s, choice); err != nil {
			return l, err
		}
	default:
		l.choose(s)
	}
	if len(l.use) == 0 && l.ask == nil {
		return l, noColumn(g.Record(at))
	}
	l.rest(s, choice > 0)
	if choice == 0 && !l.own {
		l.tooLong(g, s)
	}
	return l, nil
}

// pick uses the column that the uploader chose.
func (l *layout) pick(s *survey, choice int) error {
	if choice > len(s.tally) {
		return refusal.New(CodeNoColumn, 0, "The file has no column %d.", choice)
	}
	l.use = []column{s.column(choice - 1)}
	return nil
}

func noColumn(header table.Record) error {
	return refusal.New(CodeNoColumn, header.Line, "No column names the users. The headers found are %s; call the column userId, login or email.", refusal.QuoteList(header.Cells))
}

// ownColumns are those of our files that name the user.
func ownColumns() []column {
	return []column{
		{index: 2, name: "user_id", kind: reset.RefID},
		{index: 3, name: "login", kind: reset.RefLogin, texts: textLogin},
		{index: 1, name: "input", kind: reset.RefLogin, texts: textLogin},
	}
}

// findHeader finds the record among the first ones that has the most known names, and what its cells mean.
func findHeader(g *table.Grid) (at int, known []column) {
	at, best := -1, 0
	for i, rec := range g.Records(0, headerRows) {
		columns, score := knownColumns(rec.Cells)
		if isOwn(rec.Cells) {
			score = 1000
		}
		if score > best {
			at, best, known = i, score, columns
		}
	}
	return at, known
}

// knownColumns returns the cells of a header that name the user, and how sure that is. A header has no users in it.
func knownColumns(cells []string) (columns []column, score int) {
	for i, cell := range cells {
		if isUser(cell) {
			return nil, 0
		}
		if c, ok := headerOf(cell); ok {
			c.index = i
			columns = append(columns, c)
			score += 2
			if c.texts == textWord {
				score--
			}
		}
	}
	slices.SortStableFunc(columns, func(a, b column) int { return a.rank - b.rank })
	return columns, score
}

// unnamedHeader finds the header above the first user where none of its names is known, -1 if there is none.
func unnamedHeader(g *table.Grid) int {
	for i, rec := range g.Records(0, headerRows+1) {
		if !slices.ContainsFunc(rec.Cells, mayBeUser) {
			continue
		}
		if i == 0 || !isRowOfNames(g.Record(i-1).Cells, len(rec.Cells)) {
			return -1
		}
		return i - 1
	}
	return -1
}

// isRowOfNames tells a header from a title or a sentence above a list: it has as many cells as the rows, all short.
func isRowOfNames(cells []string, width int) bool {
	if len(cells) != width || len(cells) == 1 && strings.HasSuffix(cells[0], ":") {
		return false
	}
	long := func(c string) bool { return utf8.RuneCountInString(c) > 80 }
	return table.Count(cells, isFilled)*2 > len(cells) && !slices.ContainsFunc(cells, long)
}

// above looks at what is above the header: titles are passed over, users are not.
func (l *layout) above(g *table.Grid) error {
	for _, rec := range g.Records(0, l.header) {
		switch users := table.Count(rec.Cells, isUser); users {
		case 0:
		case table.Count(rec.Cells, isFilled):
			return refusal.New(CodeNoColumn, rec.Line, "Line %d names a user above the header at line %d: put the header first.", rec.Line, g.Record(l.header).Line)
		default:
			l.notes = append(l.notes, fmt.Sprintf("Line %d is above the header and isn't read, though it names a user.", rec.Line))
		}
	}
	return nil
}

// choose finds the columns that name the users.
func (l *layout) choose(s *survey) {
	var last, names []column // those that have only what may be IDs of another system, or looks like people's names
	for _, c := range s.known {
		switch {
		case s.tally[c.index].refs == 0 && s.tally[c.index].odd > 0:
			names = append(names, c)
		case s.tally[c.index].refs == 0:
		case c.texts == textLoose && s.tally[c.index].users == 0:
			last = append(last, c)
		default:
			l.use = append(l.use, c)
		}
	}
	if l.use = append(l.use, last...); len(l.use) > 0 {
		l.use = append(l.use, names...)
		if best := s.known[0]; s.tally[best.index].refs == 0 {
			l.notes = append(l.notes, fmt.Sprintf("The column %s names no Okta user, so %s is used.", refusal.Quote(best.name), refusal.Quote(l.use[0].name)))
		}
		return
	}
	var some []column
	for i, n := range s.tally {
		if c := s.column(i); n.users > 0 && !c.spare {
			some = append(some, c)
		}
	}
	alone := len(some) == 1
	switch {
	case len(some) == 0 && len(names) > 0:
		l.use = names
	case len(some) == 0:
		l.use = s.known[:min(len(s.known), 1)] // each row says why it names nobody
	case alone && !some[0].role, !alone && s.alike(some):
		l.use = some[:1]
	case alone:
		l.ask = s.question("The only column of users seems to be about somebody else, such as who filled a form in.")
	default:
		l.ask = s.question("Several columns name users.")
	}
}

// rest tells which of the columns that are not used name users.
func (l *layout) rest(s *survey, chosen bool) {
	used := func(i int) bool { return slices.ContainsFunc(l.use, func(c column) bool { return c.index == i }) }
	for i, n := range s.tally {
		c := s.column(i)
		if used(i) || l.own || n.users == 0 {
			continue
		}
		l.notes = append(l.notes, fmt.Sprintf("%s names users, too, and isn't used.", columnName(c)))
		if !c.spare && !chosen {
			l.others = append(l.others, c)
		}
	}
	if chosen {
		l.notes = append(l.notes, fmt.Sprintf("Whoever sent the file chose %s.", columnName(l.use[0])))
	}
}

// ColumnWords names a column at the start of a sentence.
func ColumnWords(header string) string {
	if header == "" {
		return "Another column"
	}
	return "The column " + refusal.Quote(header)
}

func columnName(c column) string {
	if c.name == "" {
		return fmt.Sprintf("Column %d", c.index+1)
	}
	return ColumnWords(c.name)
}

// tooLong asks where a record has more cells than the header and its user may
// have slipped into another column.
func (l *layout) tooLong(g *table.Grid, s *survey) {
	if s.long == 0 || l.ask != nil {
		return
	}
	rec := g.Record(s.long)
	l.ask = s.question(fmt.Sprintf("Line %d has %s cells under a header of %s.", rec.Line, reset.Count(table.Filled(rec.Cells)), reset.Count(len(l.names))))
}

func isFilled(cell string) bool { return cell != "" }

// isRepeated reports whether a record is the header once more, as in files that were put together.
func (l layout) isRepeated(cells []string) bool {
	return slices.Equal(cells[:table.Filled(cells)], l.names[:table.Filled(l.names)])
}
