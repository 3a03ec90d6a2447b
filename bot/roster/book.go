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
	var taken, cover *table.Grid // cover: the first that names users as a cover does, such as its author; rather in a cell of their own
	var problem error
	var others []string // what is said of the sheets that name users and are not taken
	var ofCover int     // which of them is the cover's
	var hides unseen
	for _, s := range b.Sheets {
		if !s.IsTable() {
			continue // a chart
		}
		g, found, err := b.Read(s, isUser)
		if err != nil {
			return err
		}
		named := usersIn(g)
		if s.Hidden {
			hides.sheets += named + found.Rows + found.Columns
			continue
		}
		hides.rows += found.Rows
		hides.columns += found.Columns
		switch {
		case taken == nil && isList(g):
			taken = g
			ros.Format = fmt.Sprintf("Excel workbook, sheet %s", refusal.Quote(s.Name))
		case named > 0:
			if cover == nil || !namesUser(cover) && namesUser(g) {
				cover, ofCover = g, len(others)
			}
			others = append(others, fmt.Sprintf("The sheet %s names users, too (%s), and isn't read.", refusal.Quote(s.Name), reset.Count(named)))
		case problem == nil && g.Len() > 0:
			_, problem = readLayout(g, 0)
		}
	}
	if taken == nil {
		if cover == nil || hides != (unseen{}) && !namesUser(cover) {
			return hides.refusal(problem)
		}
		taken, others = cover, slices.Delete(others, ofCover, ofCover+1)
		ros.Format = "Excel workbook"
	}
	ros.Notes = slices.Concat(others, hides.notes())
	return ros.read(taken, limits)
}

// usersIn counts the cells that are an ID or an address, or have one in them.
func usersIn(g *table.Grid) (named int) {
	for _, rec := range g.Records(0, g.Len()) {
		named += table.Count(rec.Cells, func(c string) bool { return isUser(c) || mayBeUser(c) && countUsers(c) > 0 })
	}
	return named
}

// namesUser reports whether a cell is an ID or an address.
func namesUser(g *table.Grid) bool {
	for _, rec := range g.Records(0, g.Len()) {
		if slices.ContainsFunc(rec.Cells, isUser) {
			return true
		}
	}
	return false
}

// mostCover is how many records the first sheet has where it tells of the others.
const mostCover = 30

// isList reports whether a sheet lists users, and does not only name its author or the like.
func isList(g *table.Grid) bool {
	users := namesUser(g)
	if users && g.Len() > mostCover {
		return true
	}
	if g.Len() == 0 {
		return false
	}
	l, err := readLayout(g, 0)
	if err != nil || !users && l.header < 0 {
		return false
	}
	return l.ask != nil && users || slices.ContainsFunc(rowsOf(g, l), func(r reset.Row) bool { return r.Value != "" && (users || r.Odd == "") })
}

// unseen counts the users that a workbook hides.
type unseen struct{ rows, columns, sheets int }

// refusal says why no sheet could be taken.
func (h unseen) refusal(problem error) error {
	switch {
	case h != unseen{}:
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
