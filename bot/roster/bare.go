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
		first := g.Record(0, nil)
		if g.Len() == 1 || !looksLikeLogins(g) {
			return l, refusal.New(CodeNoColumn, first.Line, "No column names the users. The headers found are %s; call the column userId, login or email.", refusal.QuoteList(first.Cells))
		}
		return l, refusal.New(CodeNoColumn, first.Line, "The file has no header, and no Okta user IDs or e-mails. If these are logins, write login above them. The file begins with %s.", refusal.QuoteList(first.Cells))
	}
	if line, word := transposed(g, l.from); line > 0 {
		return l, refusal.New(CodeNoColumn, line, "Line %d has %s beside a user, so the table seems to lie on its side: put the headers in the first line, and each user on a line of their own.", line, refusal.Quote(word))
	}
	l.asides = asides(g, 0, false)
	if choice > 0 {
		if choice > s.width {
			return l, refusal.New(CodeNoColumn, 0, "The file has no column %d.", choice)
		}
		l.one, l.use = false, []column{s.column(choice - 1)}
		l.rest(s, true)
		return l, nil
	}
	l.foreign(g)
	switch several, wrapped := shapes(g, l); several {
	case 0:
		l.place(s)
	case 1:
		l.list = true
	default:
		if l.list = wrapped; !l.list {
			l.ask = s.question("The file has no header, and several users in a line.")
		}
	}
	return l, nil
}

// firstUser is the index of the first record with something like a user; titles
// and sentences may be before it, -1 if there is none.
func firstUser(g *table.Grid) int {
	for i := range g.Len() {
		if slices.ContainsFunc(g.Record(i, nil).Cells, mayBeUser) {
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
	for i := range g.Len() {
		cells := g.Record(i, nil).Cells
		if table.Filled(cells) != 1 || !isUsualLogin(cells[0]) {
			return false
		}
	}
	return true
}

// transposed finds a record in which a header's name is beside a user.
func transposed(g *table.Grid, from int) (line int, word string) {
	var buf []string
	for i := from; i < min(g.Len(), from+headerRows); i++ {
		rec := g.Record(i, buf)
		buf = rec.Cells
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
	words := headerWords(cell)
	for _, w := range words {
		_, known := theVocabulary.names[w]
		if !theVocabulary.roles[w] && !theVocabulary.qualifiers[w] && !known {
			return false
		}
	}
	return true
}

// shapes counts the records with several users, up to two: 1 only where no other
// record has a user. wrapped says that every line but the last ends in a separator.
func shapes(g *table.Grid, l layout) (several int, wrapped bool) {
	var buf []string
	records, open := 0, true
	wrapped = true
	for i := l.from; i < g.Len(); i++ {
		rec := g.Record(i, buf)
		buf = rec.Cells
		if l.asides[i] != "" {
			continue
		}
		n := 0
		seen := ""
		for _, user := range usersOf(rec.Cells) {
			if !strings.EqualFold(user, seen) {
				n++
			}
			seen = user
		}
		if n == 0 {
			continue
		}
		wrapped = wrapped && open
		open = rec.Cells[len(rec.Cells)-1] == ""
		records++
		if n > 1 {
			several++
		}
	}
	if several > 0 && records > 1 {
		several = 2
	}
	return several, wrapped
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
	p := parser{scanner: scanner{s: doubled.Replace(fold(cell))}, command: Command{Verb: VerbReset}}
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
	var buf []string
	for i := l.from; i < g.Len(); i++ {
		rec := g.Record(i, buf)
		buf = rec.Cells
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
	for i := range s.width {
		switch {
		case s.users[i] == 0:
		case at >= 0:
			return
		default:
			at = i
		}
	}
	if at >= 0 && s.width > 1 {
		l.notes = append(l.notes, fmt.Sprintf("The file has no header; its column %d names the users.", at+1))
	}
}
