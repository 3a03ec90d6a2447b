package roster

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"factorbot/bot/reset"
)

// column is one header that names users.
type column struct {
	index int
	name  string // as written, "" without header
	kind  reset.RefKind
	rank  int // the lowest names the user
}

// headers are the names under which exports and people keep users, best first
// within a kind, with blanks, dots, underscores and dashes taken out: Rockstar
// writes "User Id", "Username" and "Primary email", Okta's reports "user.id" and
// "user.login", Postman's collection "userId", our own files "user_id".
var headers = []struct {
	name string
	kind reset.RefKind
}{
	{"userid", reset.RefID}, {"oktauserid", reset.RefID}, {"oktaid", reset.RefID}, {"id", reset.RefID},
	{"login", reset.RefLogin}, {"userlogin", reset.RefLogin}, {"oktalogin", reset.RefLogin}, {"profilelogin", reset.RefLogin}, {"userprofilelogin", reset.RefLogin},
	{"username", reset.RefLogin}, {"oktausername", reset.RefLogin}, {"userusername", reset.RefLogin}, {"loginname", reset.RefLogin},
	{"userprincipalname", reset.RefLogin}, {"upn", reset.RefLogin}, {"user", reset.RefLogin}, {"users", reset.RefLogin},
	{"email", reset.RefEmail}, {"primaryemail", reset.RefEmail}, {"useremail", reset.RefEmail}, {"emailaddress", reset.RefEmail}, {"primaryemailaddress", reset.RefEmail},
	{"profileemail", reset.RefEmail}, {"userprofileemail", reset.RefEmail}, {"workemail", reset.RefEmail}, {"mail", reset.RefEmail}, {"emails", reset.RefEmail},
}

// plainHeader is a header's name without case, blanks, dots, underscores and dashes.
func plainHeader(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Pd, r) || r == '.' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// headerOf finds the meaning of a header.
func headerOf(name string) (column, bool) {
	plain := plainHeader(name)
	for rank, h := range headers {
		if h.name == plain {
			return column{name: name, kind: h.kind, rank: rank}, true
		}
	}
	return column{}, false
}

// layout says which cells of a record name the user.
type layout struct {
	use     []column // the first that is not empty counts
	cells   int      // cells of the header, 0 without header
	ignored []string // headers that are not used
	notes   []string
}

// isOwn reports whether a header is that of a plan or result file of this program.
func isOwn(header []string) bool {
	return len(header) >= 4 && slices.Equal(header[:4], planHeader[:4])
}

// readLayout understands the first record of a file. The sample below it decides
// between columns: one in which nobody is named ("ID" of another system) gives
// way to the next. It reports whether the first record is a header.
func readLayout(first record, sample []record) (layout, bool, error) {
	var known []column
	for i, cell := range first.cells {
		c, ok := headerOf(cell)
		if !ok {
			continue
		}
		for _, k := range known {
			if k.rank == c.rank {
				return layout{}, true, refuse(CodeTwoColumns, first.line, "Two columns are called %s and %s: rename the one that does not name the user.", shown(k.name), shown(c.name))
			}
		}
		c.index = i
		known = append(known, c)
	}
	if len(known) == 0 {
		l, err := bareLayout(first)
		return l, false, err
	}
	slices.SortFunc(known, func(a, b column) int { return a.rank - b.rank })
	l := layout{use: known[:1], cells: len(first.cells)}
	if isOwn(first.cells) {
		l.use = append(slices.Clone(known), column{index: 1, name: "input", kind: reset.RefLogin})
		l.notes = append(l.notes, "The file was written by this bot: each row names its user by the first of user_id, login and input that is filled.")
	} else if i := namesUsers(known, sample); i > 0 {
		l.use = known[i : i+1]
		l.notes = append(l.notes, fmt.Sprintf("The column %s names no Okta user, so %s is used.", shown(known[0].name), shown(known[i].name)))
	}
	for i, cell := range first.cells {
		if !slices.ContainsFunc(l.use, func(c column) bool { return c.index == i }) && cell != "" {
			l.ignored = append(l.ignored, cut(graphic(cell), shownRunes))
		}
	}
	return l, true, nil
}

// bareLayout takes the first record for a row: the first cell that is an ID, else the first with an @, names the user.
func bareLayout(first record) (layout, error) {
	at := slices.IndexFunc(first.cells, idPattern.MatchString)
	if at < 0 {
		at = slices.IndexFunc(first.cells, isUser)
	}
	if at < 0 {
		at = slices.IndexFunc(first.cells, func(c string) bool { return strings.Contains(c, "@") })
	}
	if at < 0 {
		return layout{}, refuse(CodeNoColumn, first.line, "No column names the users. The headers found are %s; call the column userId, login or email.", list(first.cells))
	}
	l := layout{use: []column{{index: at, kind: reset.RefLogin}}}
	if len(first.cells) > 1 {
		l.notes = append(l.notes, fmt.Sprintf("The file has no header; its column %d names the users.", at+1))
	}
	return l, nil
}

// namesUsers returns the first of the columns in which a row of the sample names a user, else 0.
func namesUsers(known []column, sample []record) int {
	for i, c := range known {
		for _, r := range sample {
			if c.index < len(r.cells) && isUser(r.cells[c.index]) {
				return i
			}
		}
	}
	return 0
}

// row judges one record. A record that has more or fewer cells than the header
// may have slipped sideways, so it must not leave a choice between two users.
func (l layout) row(rec record, n int) reset.Row {
	var cell string
	kind := l.use[0].kind
	for _, c := range l.use {
		if c.index < len(rec.cells) && rec.cells[c.index] != "" {
			cell, kind = rec.cells[c.index], c.kind
			break
		}
	}
	row := newRow(n, rec.line, cell, kind)
	if row.Problem == "" && l.slipped(rec, cell) {
		row.Kind, row.Value = "", ""
		row.Problem = fmt.Sprintf("the row has %d cells under a header of %d, and more than one of them could be the user; put quotation marks around cells that hold a separator", len(rec.cells), l.cells)
	}
	return row
}

func (l layout) slipped(rec record, cell string) bool {
	if l.cells == 0 || len(rec.cells) == l.cells || l.use[0].index == 0 {
		return false
	}
	return slices.ContainsFunc(rec.cells, func(c string) bool { return isUser(c) && !strings.EqualFold(c, cell) })
}
