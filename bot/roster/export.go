package roster

import (
	"cmp"
	"io"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/table"
)

// Exported is one user as an export of an org's users shows them; what the file does not tell is empty.
type Exported struct {
	ID, Login, Email, First, Last, Status, Department string
}

// ReadExport reads all that a user export tells of each user, where Read takes
// only who is named. The file is understood as Read does.
func ReadExport(r io.Reader) ([]Exported, error) {
	content, err := table.ReadAll(r, MaxBytes)
	if err != nil {
		return nil, err
	}
	g, _, err := table.ReadText(content, known)
	if err != nil {
		return nil, err
	}
	var users []Exported
	var columns map[int]field
	for i, rec := range g.Records(0, g.Len()) {
		if i == 0 {
			if columns = fieldsOf(rec.Cells); len(columns) > 0 {
				continue
			}
		}
		var u Exported
		for at, cell := range rec.Cells {
			if f := columns[at]; f != nil {
				*f(&u) = cell
			} else if len(columns) == 0 {
				u.guess(cell)
			}
		}
		users = append(users, u)
	}
	return users, nil
}

// guess keeps a cell of a file without header, which tells by itself whether it is an
// ID or a login. The first of each counts.
func (u *Exported) guess(cell string) {
	switch c := readCell(cell); c.kind {
	case claimID:
		u.ID = cmp.Or(u.ID, c.value)
	case claimAddress:
		u.Login = cmp.Or(u.Login, c.value)
	}
}

// field finds what one column holds in a user.
type field func(*Exported) *string

// fieldsOf finds what the columns of a header hold, by their index.
func fieldsOf(header []string) map[int]field {
	fields := map[int]field{}
	for i, name := range header {
		if f := fieldOf(name); f != nil {
			fields[i] = f
		}
	}
	return fields
}

func fieldOf(header string) field {
	if c, ok := headerOf(header); ok {
		switch c.kind {
		case reset.RefID:
			return func(u *Exported) *string { return &u.ID }
		case reset.RefLogin:
			return func(u *Exported) *string { return &u.Login }
		}
		return func(u *Exported) *string { return &u.Email }
	}
	return fields[strings.TrimPrefix(strings.Join(headerWords(header), ""), "user")]
}

// fields are what other headers mean, without blanks and marks.
var fields = map[string]field{
	"firstname":  func(u *Exported) *string { return &u.First },
	"lastname":   func(u *Exported) *string { return &u.Last },
	"status":     func(u *Exported) *string { return &u.Status },
	"department": func(u *Exported) *string { return &u.Department },
}
