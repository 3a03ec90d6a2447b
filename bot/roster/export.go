package roster

import (
	"cmp"
	"io"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// Exported is one user as an export of an org's users shows them; what the file does not tell is empty.
type Exported struct {
	ID, Login, Email, First, Last, Status, Department string
}

// ReadExport reads all that a user export tells of each user, where Read takes
// only who is named. The file is understood as Read does.
func ReadExport(r io.Reader, limits Limits) ([]Exported, error) {
	in := table.NewInput(r, cmp.Or(limits.Bytes, MaxBytes))
	raw, head, err := in.Peek()
	if err != nil {
		return nil, err
	}
	g, _, err := table.ReadText(in, raw, head, known)
	if err != nil {
		return nil, err
	}
	var users []Exported
	var columns []func(*Exported, string)
	for i := range g.Len() {
		rec := g.Record(i, nil)
		switch {
		case columns == nil:
			var header bool
			if columns, header = exportColumns(rec.Cells); header {
				continue
			}
		case limits.Users > 0 && len(users) == limits.Users:
			return nil, refusal.New(CodeTooMany, rec.Line, "The file has more than %s users: split it.", reset.Count(limits.Users))
		}
		users = append(users, exported(rec.Cells, columns))
	}
	return users, nil
}

func exported(cells []string, columns []func(*Exported, string)) Exported {
	var u Exported
	for i, c := range cells {
		if i < len(columns) && columns[i] != nil {
			columns[i](&u, c)
		}
	}
	return u
}

// exportColumns finds what each column holds. Without a header a cell tells by itself whether it is an ID or a login.
func exportColumns(first []string) (columns []func(*Exported, string), header bool) {
	columns = make([]func(*Exported, string), len(first))
	for i, name := range first {
		columns[i] = exportColumn(name)
		header = header || columns[i] != nil
	}
	if header {
		return columns, true
	}
	for i := range columns {
		columns[i] = func(u *Exported, c string) {
			switch cl := readCell(c); {
			case cl.kind == claimID && u.ID == "":
				u.ID = cl.value
			case cl.kind == claimAddress && u.Login == "":
				u.Login = cl.value
			}
		}
	}
	return columns, false
}

func exportColumn(name string) func(*Exported, string) {
	if c, ok := headerOf(name); ok {
		switch c.kind {
		case reset.RefID:
			return func(u *Exported, v string) { u.ID = v }
		case reset.RefLogin:
			return func(u *Exported, v string) { u.Login = v }
		}
		return func(u *Exported, v string) { u.Email = v }
	}
	switch strings.Join(headerWords(name), "") {
	case "firstname", "userfirstname":
		return func(u *Exported, v string) { u.First = v }
	case "lastname", "userlastname":
		return func(u *Exported, v string) { u.Last = v }
	case "status", "userstatus":
		return func(u *Exported, v string) { u.Status = v }
	case "department", "userdepartment":
		return func(u *Exported, v string) { u.Department = v }
	}
	return nil
}
