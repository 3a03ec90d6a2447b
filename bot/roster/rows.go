package roster

import (
	"fmt"
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// rowsOf makes the rows of a table.
func rowsOf(g *table.Grid, l layout) []reset.Row {
	rows := make([]reset.Row, 0, g.Len())
	for i, rec := range g.Records(l.from, g.Len()) {
		first := len(rows)
		switch {
		case l.isRepeated(rec.Cells):
		case l.list:
			rows = listed(rows, rec)
		case l.one:
			rows = append(rows, bareRow(len(rows)+1, rec))
		default:
			rows = append(rows, l.row(len(rows)+1, rec))
		}
		why := l.asides[i]
		if why == "" && !l.own {
			why = l.refusal(rec)
		}
		for n := first; n < len(rows) && why != ""; n++ {
			if rows[n].Value != "" {
				rows[n] = refused(rows[n], why)
			}
		}
	}
	return rows
}

// listed adds a row for each cell of a line that is a list. What is part of a
// display name ("Lima, Ana <ana@example.com>") is not a cell of its own.
func listed(rows []reset.Row, rec table.Record) []reset.Row {
	labels := labelsOf(rec.Cells)
	for i, cell := range rec.Cells {
		if cell == "" || isNamePart(rec.Cells[i:]) {
			continue
		}
		for _, part := range spread(cell) {
			row := newRow(len(rows)+1, rec.Line, part, readCell(part))
			if labels[i] != "" {
				row = refused(row, labelProblem(labels[i]))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func labelProblem(label string) string {
	return fmt.Sprintf("comes after %s, so it may be somebody not to reset", refusal.Quote(label+":"))
}

// isNamePart reports whether the first of some cells is the start of a display
// name whose address is in the next one.
func isNamePart(cells []string) bool {
	if mayBeUser(cells[0]) || len(cells) < 2 {
		return false
	}
	next := cells[1]
	at := strings.IndexByte(next, '<')
	return at > 0 && mayBeUser(next[at:]) && !mayBeUser(next[:at]) && isName(cells[0])
}

// bareRow judges a record without header: its one user, wherever it is. What is
// after a word that introduces others counts only where there is nothing else.
func bareRow(n int, rec table.Record) reset.Row {
	labels := labelsOf(rec.Cells)
	best, label, claimed := "", "", claim{problem: "names no user"}
	others, bestRank := false, claimNone
	for i, cell := range rec.Cells {
		if cell == "" {
			continue
		}
		c := readCell(cell)
		rank := c.kind
		if labels[i] != "" {
			rank = claimNone
		} else {
			others = others || c.kind == claimWrong && countUsers(cell) > 0
		}
		if best == "" || rank > bestRank {
			best, label, claimed, bestRank = cell, labels[i], c, rank
		}
	}
	row := newRow(n, rec.Line, best, claimed)
	switch {
	case label != "":
		return refused(row, labelProblem(label))
	case others && row.Value != "":
		return refused(row, "names another user too, among other words; put each user on a line of its own")
	}
	return row
}

// row judges one record under a header. A record that has more or fewer cells than
// the header may have slipped sideways, so it must not leave a choice between two users.
func (l layout) row(n int, rec table.Record) reset.Row {
	var all []naming
	input, problem := "", "empty: no user is named"
	for _, c := range l.use {
		cell := rec.Cell(c.index)
		if cell == "" {
			continue
		}
		ref, cl := c.claimOf(cell)
		if cl.kind == claimTwo {
			return newRow(n, rec.Line, cell, cl)
		}
		if ref.Value == "" {
			if input == "" {
				input, problem = cell, cl.problem
			}
			continue
		}
		if c.index != l.use[0].index {
			ref.Column = c.name
		}
		all = addNaming(all, naming{ref, cell, cl.odd})
		if l.own {
			break
		}
	}
	row := reset.Row{Row: n, Line: rec.Line}
	if len(all) == 0 {
		row.Input, row.Problem = shorten(input), problem
		return row
	}
	slices.SortStableFunc(all, func(a, b naming) int { return a.rank() - b.rank() })
	first := all[0]
	row.Input = shorten(first.cell)
	if l.slipped(rec, all) {
		row.Problem = fmt.Sprintf("has %s cells under a header of %s, and more than one could be the user; put quotation marks around cells with a separator in them", reset.Count(len(rec.Cells)), reset.Count(len(l.names)))
		return row
	}
	row.Kind, row.Value, row.Column, row.Loose, row.Odd = first.ref.Kind, share(first.ref.Value, row.Input), first.ref.Column, first.ref.Loose, first.odd
	for _, other := range all[1:] {
		other.ref.Value = strings.Clone(other.ref.Value)
		other.ref.Loose = other.ref.Loose || first.odd == "" && other.odd != ""
		row.Also = append(row.Also, other.ref)
	}
	return row
}

// naming is what one cell of a record names.
type naming struct {
	ref  reset.Ref
	cell string
	odd  string // why it hardly is one
}

// rank orders namings: what is usual decides.
func (n naming) rank() int {
	switch {
	case n.odd != "":
		return 2
	case n.ref.Loose:
		return 1
	}
	return 0
}

// addNaming adds what is not there yet, or only as something odd: one text names one user,
// as a login or as an e-mail.
func addNaming(all []naming, n naming) []naming {
	i := slices.IndexFunc(all, func(a naming) bool { return sameRef(a.ref, n.ref) })
	switch {
	case i < 0:
		return append(all, n)
	case all[i].odd != "" && n.odd == "":
		all[i] = n
	}
	return all
}

func sameRef(a, b reset.Ref) bool {
	return a.Value == b.Value || a.Kind != reset.RefID && b.Kind != reset.RefID && strings.EqualFold(a.Value, b.Value)
}

func (l layout) slipped(rec table.Record, all []naming) bool {
	if l.fixed || len(l.names) == 0 || len(rec.Cells) == len(l.names) || table.Filled(rec.Cells) == len(l.names) || l.use[0].index == 0 {
		return false
	}
	return slices.ContainsFunc(rec.Cells, func(cell string) bool {
		if !mayBeUser(cell) {
			return false
		}
		c := readCell(cell)
		return c.isUser() && !slices.ContainsFunc(all, func(n naming) bool { return strings.EqualFold(n.ref.Value, c.value) })
	})
}

// refused is a row whose user is not taken.
func refused(row reset.Row, why string) reset.Row {
	return reset.Row{Row: row.Row, Line: row.Line, Input: row.Input, Problem: why}
}

// newRow makes a row of a cell and what it says.
func newRow(n, line int, cell string, c claim) reset.Row {
	row := reset.Row{Row: n, Line: line, Input: shorten(cell), Problem: c.problem}
	switch c.kind {
	case claimID:
		row.Kind, row.Value, row.Problem = reset.RefID, share(c.value, row.Input), ""
	case claimAddress, claimLogin:
		row.Kind, row.Value, row.Problem, row.Odd = reset.RefLogin, share(c.value, row.Input), "", c.odd
	}
	return row
}

// shorten copies a cell for a row, without the mark that keeps a spreadsheet from running it.
func shorten(cell string) string { return refusal.Cut(strings.Clone(rearm(cell)), inputShown) }

// share returns one string for a value and the input that it is: there may be a hundred thousand.
func share(value, input string) string {
	if value == input {
		return input
	}
	return strings.Clone(value)
}
