package roster

import (
	"fmt"
	"io"
	"slices"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// readBook reads the first visible worksheet in which users are found. What is hidden
// or filtered out is not taken, and told.
func (ros *Roster) readBook(in *table.Input, raw io.Reader, limits Limits) (err error) {
	defer func() { // a hostile file must not end the process: the library trusts what it parses
		if p := recover(); p != nil {
			err = table.Damaged(fmt.Errorf("panic: %v", p))
		}
	}()
	content, err := io.ReadAll(raw)
	if err != nil {
		return in.Refusal(err)
	}
	b, err := table.OpenBook(content)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // removes its temporary files
	return ros.readSheets(b, limits)
}

// readSheets takes the first visible worksheet that names users, and tells what was left out.
func (ros *Roster) readSheets(b *table.Book, limits Limits) error {
	var taken, cover *table.Grid // cover: the first that names only such users as an author
	var problem error
	var others []string
	var hides unseen
	for _, s := range b.Sheets {
		if !s.IsTable() {
			continue // a chart
		}
		g, found, err := b.Read(s, isUser)
		if err != nil {
			return err
		}
		users, named := usersIn(g)
		switch {
		case s.Hidden:
			hides.sheets += named + found.Rows + found.Columns
		case taken == nil && (users > 0 && !isCover(g) || namesUsers(g)):
			taken = g
			hides.rows, hides.columns = found.Rows, found.Columns
			ros.Format = fmt.Sprintf("Excel workbook, sheet %s", refusal.Quote(s.Name))
		case named > 0:
			if cover == nil && users > 0 {
				cover = g
			}
			if taken == nil && problem == nil {
				_, problem = readLayout(g, 0)
			}
			others = append(others, fmt.Sprintf("The sheet %s names users, too (%s), and isn't read.", refusal.Quote(s.Name), reset.Count(named)))
		case taken == nil && problem == nil && g.Len() > 0:
			_, problem = readLayout(g, 0)
			hides.rows, hides.columns = hides.rows+found.Rows, hides.columns+found.Columns
		}
	}
	switch {
	case taken != nil:
	case cover != nil:
		ros.Format = "Excel workbook"
		return ros.read(cover, limits)
	default:
		return hides.refusal(problem)
	}
	ros.Notes = append(ros.Notes, others...)
	ros.Notes = append(ros.Notes, hides.notes()...)
	return ros.read(taken, limits)
}

// usersIn counts the cells that are an ID or an address, and those that have one in them.
func usersIn(g *table.Grid) (users, named int) {
	var buf []string
	for i := range g.Len() {
		rec := g.Record(i, buf)
		buf = rec.Cells
		for _, c := range rec.Cells {
			switch {
			case isUser(c):
				users, named = users+1, named+1
			case mayBeUser(c) && countUsers(c) > 0:
				named++
			}
		}
	}
	return users, named
}

// namesUsers reports whether a table without IDs and addresses has logins under a header that means them.
func namesUsers(g *table.Grid) bool {
	if g.Len() == 0 {
		return false
	}
	l, err := readLayout(g, 0)
	if err != nil || l.header < 0 {
		return false
	}
	return slices.ContainsFunc(rowsOf(g, l), func(r reset.Row) bool { return r.Value != "" && r.Odd == "" })
}

// mostCover is how many records the first sheet has where it tells of the others.
const mostCover = 30

// isCover reports whether a sheet names users only as its author or the like.
func isCover(g *table.Grid) bool {
	if g.Len() > mostCover {
		return false
	}
	l, err := readLayout(g, 0)
	return err != nil || l.ask == nil && !slices.ContainsFunc(rowsOf(g, l), func(r reset.Row) bool { return r.Value != "" })
}

// unseen counts the users that a workbook hides.
type unseen struct{ rows, columns, sheets int }

// refusal says why no sheet could be taken.
func (h unseen) refusal(problem error) error {
	switch {
	case h.rows+h.columns+h.sheets > 0:
		return refusal.New(CodeNoColumn, 0, "The users of this workbook are only in hidden or filtered rows, columns or sheets, which aren't read: show them, and drop the file again.")
	case problem != nil:
		return problem
	}
	return refusal.New(CodeEmpty, 0, "The workbook's visible sheets are empty: add a line for each user.")
}

func (h unseen) notes() (notes []string) {
	for _, x := range []struct {
		n     int
		where string
	}{{h.rows, "Hidden or filtered rows"}, {h.columns, "Hidden columns"}, {h.sheets, "Hidden sheets"}} {
		if x.n > 0 {
			notes = append(notes, fmt.Sprintf("%s name users, too (%s), and aren't read.", x.where, reset.Count(x.n)))
		}
	}
	return notes
}
