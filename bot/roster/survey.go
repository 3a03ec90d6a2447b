package roster

import (
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// survey is what the cells of a table hold, by column.
type survey struct {
	grid   *table.Grid
	from   int
	header []string
	known  []column // best first
	tally  []tally
	long   int            // index of the first record that is longer than the header and may have slipped; 0: none
	about  map[int]column // what the headers mean
}

// tally counts the cells of one column.
type tally struct {
	users int      // that are an ID or an address
	refs  int      // that name a user, texts under a login's header too
	odd   int      // that may be a login and hardly are one
	shown []string // two samples
}

func newSurvey(g *table.Grid, from int, header []string, known []column) *survey {
	s := &survey{grid: g, from: from, header: header, known: known, about: map[int]column{}}
	for _, c := range known {
		s.about[c.index] = c
	}
	s.tally = make([]tally, len(header))
	for i, rec := range g.Records(from, g.Len()) {
		s.look(i, rec.Cells)
	}
	return s
}

func (s *survey) look(i int, cells []string) {
	for len(s.tally) < table.Filled(cells) {
		s.tally = append(s.tally, tally{})
	}
	outside, inside := false, false
	for at, cell := range cells {
		if cell == "" {
			continue
		}
		n := &s.tally[at]
		known, ok := s.about[at]
		named := mayBeUser(cell) && readCell(cell).names()
		if named {
			n.users++
		}
		if ok {
			switch ref, cl := known.claimOf(cell); {
			case ref.Value == "":
			case cl.odd != "":
				n.odd++
			default:
				n.refs++
				named = true
			}
		}
		switch {
		case named && ok:
			inside = true
		case named, at >= len(s.header) && mayBeUser(cell) && countUsers(cell) > 0:
			outside = true
		}
		if named && len(n.shown) < samples && !slices.Contains(n.shown, cell) {
			n.shown = append(n.shown, refusal.Cut(refusal.Graphic(strings.Clone(cell)), sampleRunes))
		}
	}
	if s.long == 0 && table.Filled(cells) > len(s.header) && (outside || !inside) {
		s.long = i
	}
}

// column returns what is known of the i-th column.
func (s *survey) column(i int) column {
	if c, ok := s.about[i]; ok {
		return c
	}
	c := column{index: i, kind: reset.RefLogin}
	if i < len(s.header) {
		h, _ := headerOf(s.header[i])
		c.name, c.role, c.spare = s.header[i], h.role || isRespondent(s.header, i), h.spare
	}
	return c
}

// alike reports whether some columns name the same users, row by row.
func (s *survey) alike(some []column) bool {
	for _, rec := range s.grid.Records(s.from, s.grid.Len()) {
		first := ""
		for _, c := range some {
			cl := readCell(rec.Cell(c.index))
			if !cl.isUser() || first != "" && !strings.EqualFold(first, cl.value) {
				return false
			}
			first = cl.value
		}
	}
	return true
}

const (
	samples     = 2  // cells of a column that a question shows
	sampleRunes = 60 // of each
)

// Question asks the uploader which column names the users.
type Question struct {
	Words   string // what was seen, a sentence
	Columns []Choice
}

// Choice is one column that may name the users.
type Choice struct {
	Number  int    // from 1
	Header  string // "" without one
	Samples []string
}

func (s *survey) question(words string) *Question {
	q := &Question{Words: words}
	for i, n := range s.tally {
		if n.refs+n.users > 0 {
			q.Columns = append(q.Columns, Choice{Number: i + 1, Header: refusal.Cut(refusal.Graphic(s.column(i).name), sampleRunes), Samples: n.shown})
		}
	}
	return q
}
