package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// bareLayout understands a table without a header: a list in one line, lines that
// wrap, or a user in each record. Several records with more than one user are asked about.
func bareLayout(g *table.Grid, choice int) (layout, error) {
	l := layout{header: -1, one: true}
	s := newSurvey(g, 0, nil, nil)
	l.from = firstUser(g)
	if l.from < 0 {
		first := g.Record(0)
		if g.Len() == 1 || !looksLikeLogins(g) {
			return l, noColumn(first)
		}
		return l, refusal.New(CodeNoColumn, first.Line, "The file has no header, and no Okta user IDs or e-mails. If these are logins, write login above them. The file begins with %s.", refusal.QuoteList(first.Cells))
	}
	if line, word := transposed(g, l.from); line > 0 {
		return l, refusal.New(CodeNoColumn, line, "Line %d has %s beside a user, so the table seems to lie on its side: put the headers in the first line, and each user on a line of their own.", line, refusal.Quote(word))
	}
	l.asides = asides(g, 0, false)
	if choice > 0 {
		if err := l.pick(s, choice); err != nil {
			return l, err
		}
		l.one = false
		l.rest(s, true)
		return l, nil
	}
	l.foreign(g)
	switch shape := shapeOf(g, l); {
	case shape.isTable():
		l.ask = s.question("The file has no header, and several users in a line.")
	case shape.several:
		l.list = true
	default:
		l.place(s)
	}
	return l, nil
}

// firstUser is the index of the first record with something like a user; titles
// and sentences may be before it, -1 if there is none.
func firstUser(g *table.Grid) int {
	for i, rec := range g.Records(0, g.Len()) {
		if slices.ContainsFunc(rec.Cells, mayBeUser) {
			if i > headerRows {
				return 0
			}
			return i
		}
	}
	return -1
}

// looksLikeLogins reports whether a table has one cell to a record, each of which could be a login.
func looksLikeLogins(g *table.Grid) bool {
	for _, rec := range g.Records(0, g.Len()) {
		if table.Filled(rec.Cells) != 1 || !isUsualLogin(rec.Cells[0]) {
			return false
		}
	}
	return true
}

// transposed finds a record in which a header's name is beside a user.
func transposed(g *table.Grid, from int) (line int, word string) {
	for _, rec := range g.Records(from, from+headerRows) {
		if !slices.ContainsFunc(rec.Cells, isUser) {
			continue
		}
		for _, c := range rec.Cells {
			if h, ok := headerOf(c); ok && h.texts != textWord || h.role && isRoleName(c) {
				return rec.Line, c
			}
		}
	}
	return 0, ""
}

// isRoleName reports whether a cell is only the name of a role, and not a person or a sentence.
func isRoleName(cell string) bool {
	return !slices.ContainsFunc(headerWords(cell), func(w string) bool {
		_, known := theVocabulary.names[w]
		return !known && !theVocabulary.roles[w] && !theVocabulary.qualifiers[w]
	})
}

// shape tells whether lines that name users are one list, a user in each, or a table.
type shape struct {
	any     bool // a line names users
	several bool // a line names several users
	broken  bool // a line but the last does not end in a separator
	open    bool // the last line ends in a separator
}

// add counts a line that names so many users.
func (s *shape) add(users int, open bool) {
	if users == 0 {
		return
	}
	s.broken = s.broken || s.any && !s.open
	s.any, s.several, s.open = true, s.several || users > 1, open
}

// isTable reports whether only its author can say which of the users are meant.
func (s *shape) isTable() bool { return s.several && s.broken }

// shapeOf tells the shape of a table without a header.
func shapeOf(g *table.Grid, l layout) (s shape) {
	for i, rec := range g.Records(l.from, g.Len()) {
		if l.asides[i] != "" {
			continue
		}
		users, last := 0, ""
		for _, user := range usersOf(rec.Cells) {
			if !strings.EqualFold(user, last) {
				users++
			}
			last = user
		}
		s.add(users, rec.Cells[len(rec.Cells)-1] == "")
	}
	return s
}

// usersOf lists the users of a record without header, also those that are separated by blanks.
func usersOf(cells []string) []string {
	var users []string
	labels := labelsOf(cells)
	for i, cell := range cells {
		if labels[i] != "" || !mayBeUser(cell) {
			continue
		}
		for _, part := range spread(cell) {
			if c := readCell(part); c.isUser() {
				users = append(users, c.value)
			}
		}
	}
	return users
}

// spread parts a cell that names several users, and says nothing else, as a command is parted.
func spread(cell string) []string {
	if !strings.ContainsFunc(cell, unicode.IsSpace) || countUsers(cell) < 2 {
		return []string{cell}
	}
	p := newParser(cell)
	if p.words() != nil || !isPlain(p.command) {
		return []string{cell}
	}
	var parts []string
	for _, u := range p.command.Users {
		parts = append(parts, u.Value)
	}
	return parts
}

var beforeColon = regexp.MustCompile(`^([^@:<>"]{1,40}?)\s*[:：]`)

// foreign tells which users are not taken, since the word before them introduces others.
func (l *layout) foreign(g *table.Grid) {
	var told []string
	for _, rec := range g.Records(l.from, g.Len()) {
		for at, label := range labelsOf(rec.Cells) {
			if label != "" && mayBeUser(rec.Cells[at]) && !slices.Contains(told, label) && len(told) < mostTold {
				told = append(told, strings.Clone(label))
				l.notes = append(l.notes, fmt.Sprintf("Users after %s aren't taken.", refusal.Quote(label+":")))
			}
		}
	}
}

// mostTold is how many words before users are told.
const mostTold = 10

// place tells where the one user of each record is.
func (l *layout) place(s *survey) {
	at := -1
	for i, n := range s.tally {
		switch {
		case n.users == 0:
		case at >= 0:
			return
		default:
			at = i
		}
	}
	if at >= 0 && len(s.tally) > 1 {
		l.notes = append(l.notes, fmt.Sprintf("The file has no header; its column %d names the users.", at+1))
	}
}
