package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// bareLayout understands a table without a header: a list in one line, lines that
// wrap, or a user in each record. Several records with more than one user are asked about.
func bareLayout(g *grid, choice int) (layout, error) {
	l := layout{header: -1, one: true}
	s := newSurvey(g, 0, nil, nil)
	l.from = firstUser(g)
	if l.from < 0 {
		first := g.record(0, nil)
		if g.len() == 1 || !looksLikeLogins(g) {
			return l, refuse(CodeNoColumn, first.line, "No column names the users. The headers found are %s; call the column userId, login or email.", list(first.cells))
		}
		return l, refuse(CodeNoColumn, first.line, "The file has no header, and no Okta user IDs or e-mails. If these are logins, write login above them. The file begins with %s.", list(first.cells))
	}
	if line, word := transposed(g, l.from); line > 0 {
		return l, refuse(CodeNoColumn, line, "Line %d has %s beside a user, so the table seems to lie on its side: put the headers in the first line, and each user on a line of their own.", line, shown(word))
	}
	l.asides = asides(g, 0, false)
	if choice > 0 {
		if choice > s.width {
			return l, refuse(CodeNoColumn, 0, "The file has no column %d.", choice)
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
func firstUser(g *grid) int {
	for i := range g.len() {
		if slices.ContainsFunc(g.record(i, nil).cells, mayBeUser) {
			if i > headerRows {
				return 0
			}
			return i
		}
	}
	return -1
}

// looksLikeLogins reports whether a table has one cell to a record, each of which could be a login.
func looksLikeLogins(g *grid) bool {
	for i := range g.len() {
		cells := g.record(i, nil).cells
		if filled(cells) != 1 || !isUsualLogin(cells[0]) {
			return false
		}
	}
	return true
}

// transposed finds a record in which a header's name is beside a user.
func transposed(g *grid, from int) (line int, word string) {
	var buf []string
	for i := from; i < min(g.len(), from+headerRows); i++ {
		rec := g.record(i, buf)
		buf = rec.cells
		if !slices.ContainsFunc(rec.cells, isUser) {
			continue
		}
		for _, c := range rec.cells {
			if h, ok := headerOf(c); ok && h.texts != textWord || h.role && isRoleName(c) {
				return rec.line, c
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
func shapes(g *grid, l layout) (several int, wrapped bool) {
	var buf []string
	records, open := 0, true
	wrapped = true
	for i := l.from; i < g.len(); i++ {
		rec := g.record(i, buf)
		buf = rec.cells
		if l.asides[i] != "" {
			continue
		}
		n := 0
		seen := ""
		for _, user := range usersOf(rec.cells) {
			if !strings.EqualFold(user, seen) {
				n++
			}
			seen = user
		}
		if n == 0 {
			continue
		}
		wrapped = wrapped && open
		open = rec.cells[len(rec.cells)-1] == ""
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
func (l *layout) foreign(g *grid) {
	var told []string
	var buf []string
	for i := l.from; i < g.len(); i++ {
		rec := g.record(i, buf)
		buf = rec.cells
		for at, label := range labelsOf(rec.cells) {
			if label != "" && mayBeUser(rec.cells[at]) && !slices.Contains(told, label) && len(told) < mostTold {
				told = append(told, strings.Clone(label))
				l.notes = append(l.notes, fmt.Sprintf("Users after %s aren't taken.", shown(label+":")))
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
