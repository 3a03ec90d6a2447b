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
	width  int
	users  []int          // cells that are an ID or an address
	refs   []int          // cells that name a user, texts under a login's header too
	odd    []int          // those that may be a login and hardly are one
	shown  [][]string     // two samples
	long   int            // index of the first record that is longer than the header and may have slipped; -1: none
	about  map[int]column // what the headers mean
}

func newSurvey(g *table.Grid, from int, header []string, known []column) *survey {
	s := &survey{grid: g, from: from, header: header, known: known, long: -1, about: map[int]column{}}
	for _, c := range known {
		s.about[c.index] = c
	}
	s.grow(len(header))
	var buf []string
	for i := from; i < g.Len(); i++ {
		rec := g.Record(i, buf)
		buf = rec.Cells
		s.look(i, rec.Cells)
	}
	return s
}

func (s *survey) grow(width int) {
	for s.width < width {
		s.users, s.refs, s.odd, s.shown = append(s.users, 0), append(s.refs, 0), append(s.odd, 0), append(s.shown, nil)
		s.width++
	}
}

func (s *survey) look(i int, cells []string) {
	s.grow(table.Filled(cells))
	outside, inside := 0, 0
	for at, cell := range cells {
		if cell == "" {
			continue
		}
		known, ok := s.about[at]
		named := mayBeUser(cell) && readCell(cell).names()
		if named {
			s.users[at]++
		}
		if ok {
			switch ref, cl := known.claimOf(cell); {
			case ref.Value == "":
			case cl.odd != "":
				s.odd[at]++
			default:
				s.refs[at]++
				named = true
			}
		}
		switch {
		case named && ok && at < len(s.header):
			inside++
		case mayBeUser(cell) && (readCell(cell).names() || at >= len(s.header) && countUsers(cell) > 0):
			outside++
		}
		if named && len(s.shown[at]) < samples && !slices.Contains(s.shown[at], cell) {
			s.shown[at] = append(s.shown[at], refusal.Cut(refusal.Graphic(strings.Clone(cell)), sampleRunes))
		}
	}
	if s.header != nil && table.Filled(cells) > len(s.header) && s.long < 0 && (outside > 0 || inside == 0) {
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
	var buf []string
	for i := s.from; i < s.grid.Len(); i++ {
		rec := s.grid.Record(i, buf)
		buf = rec.Cells
		first := ""
		for _, c := range some {
			if c.index >= len(rec.Cells) || !mayBeUser(rec.Cells[c.index]) {
				return false
			}
			cl := readCell(rec.Cells[c.index])
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
	for i := range s.width {
		if s.refs[i] == 0 && s.users[i] == 0 {
			continue
		}
		q.Columns = append(q.Columns, Choice{Number: i + 1, Header: refusal.Cut(refusal.Graphic(s.column(i).name), sampleRunes), Samples: s.shown[i]})
	}
	return q
}
