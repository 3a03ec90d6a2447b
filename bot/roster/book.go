package roster

import (
	"fmt"
	"slices"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// readBook reads the first visible worksheet in which users are found. What is hidden
// or filtered out is not taken, and told.
func (ros *Roster) readBook(content []byte, limits Limits) (err error) {
	defer func() { // a hostile file must not end the process: the library trusts what it parses
		if p := recover(); p != nil {
			err = table.Damaged(fmt.Errorf("panic: %v", p))
		}
	}()
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
		case taken == nil && isList(g, users):
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
	for _, rec := range g.Records(0, g.Len()) {
		users += count(rec.Cells, isUser)
		named += count(rec.Cells, func(c string) bool { return isUser(c) || mayBeUser(c) && countUsers(c) > 0 })
	}
	return users, named
}

// mostCover is how many records the first sheet has where it tells of the others.
const mostCover = 30

// isList reports whether a sheet of some cells with users lists users, and does not only name
// its author or the like.
func isList(g *table.Grid, users int) bool {
	if users > 0 && g.Len() > mostCover {
		return true
	}
	if g.Len() == 0 {
		return false
	}
	l, err := readLayout(g, 0)
	if err != nil || users == 0 && l.header < 0 {
		return false
	}
	return l.ask != nil && users > 0 || slices.ContainsFunc(rowsOf(g, l), func(r reset.Row) bool { return r.Value != "" && (users > 0 || r.Odd == "") })
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
