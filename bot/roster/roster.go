package roster

import (
	"fmt"
	"io"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 20 << 20

// Roster is the users of a file, as its author named them.
type Roster struct {
	Rows   []reset.Row // in the file's order, those that name nobody too
	Column string      // header of the column that names the user; "" without header
	Kind   reset.RefKind
	Format string // for people: "CSV with semicolons, UTF-16"
	Bytes  int64
	SHA256 reset.Digest // of the bytes that were read

	IgnoredColumns []string // headers that were not used
	Notes          []string // sentences for people about how the file was understood

	// Ask is set where only the uploader can say which column names the users; then there are no rows.
	Ask *Question
	// Doubts are columns that may lead to other users. Where one does, Choices are to be asked about.
	Doubts  []Doubt
	Choices []Choice
	// Own is set for a plan or result file of this program.
	Own *OwnFile
}

// Users counts the different users that the rows name.
func (ros *Roster) Users() int {
	seen := make(map[string]struct{}, len(ros.Rows))
	for _, row := range ros.Rows {
		if row.Value != "" {
			seen[strings.ToLower(row.Value)] = struct{}{}
		}
	}
	return len(seen)
}

// Limits bound what is read, and say what was chosen.
type Limits struct {
	Bytes  int64 // 0: MaxBytes
	Users  int   // different users; 0: any number
	Column int   // number of the column that the uploader chose, from 1; 0: none
}

// Read reads a roster from a text table or an Excel workbook. What names the users
// is found by what the cells hold, helped by the header. Every error is an *Error,
// whose words are for the person who sent the file; rows that name nobody are no error.
func Read(r io.Reader, limits Limits) (*Roster, error) {
	limit := limits.Bytes
	if limit <= 0 {
		limit = MaxBytes
	}
	in := table.NewInput(r, limit)
	raw, head, err := in.Peek()
	if err != nil {
		return nil, err
	}
	ros := &Roster{}
	if table.IsWorkbook(head) {
		err = ros.readBook(in, raw, limits)
	} else {
		var g *table.Grid
		if g, ros.Format, err = table.ReadText(in, raw, head, known); err == nil {
			err = ros.read(g, limits)
		}
	}
	if err != nil {
		return nil, err
	}
	ros.Bytes, ros.SHA256 = in.Bytes(), reset.Digest(in.SHA256())
	return ros, nil
}

// known reports whether a cell of the n-th record, from 1, names a user or is a header that does.
func known(cell string, n int) bool {
	if isUser(cell) {
		return true
	}
	_, ok := headerOf(cell)
	return ok && n <= headerRows
}

// read makes the rows of a table, or says what is to be asked.
func (ros *Roster) read(g *table.Grid, limits Limits) error {
	if g.Len() == 0 {
		return refusal.New(CodeEmpty, 0, "The file is empty: add a line for each user.")
	}
	l, err := readLayout(g, limits.Column)
	if err != nil {
		return err
	}
	ros.IgnoredColumns, ros.Notes = append(ros.IgnoredColumns, l.ignored...), append(ros.Notes, l.notes...)
	if ros.Ask = l.ask; ros.Ask != nil {
		return nil
	}
	ros.Rows = rowsOf(g, l)
	if len(ros.Rows) == 0 {
		return refusal.New(CodeEmpty, 0, "The file has a header and no rows below it: add one for each user.")
	}
	if n := ros.Users(); limits.Users > 0 && n > limits.Users {
		return refusal.New(CodeTooMany, 0, "The file names %s users; a request can have %s. Split it.", reset.Count(n), reset.Count(limits.Users))
	}
	if ros.Doubts = doubts(g, l); len(ros.Doubts) > 0 && limits.Column == 0 {
		known := append([]column{}, l.use...)
		ros.Choices = newSurvey(g, l.from, l.names, known).question("").Columns
	} else {
		ros.Doubts = nil
	}
	if l.own {
		ros.Own = readOwn(g, l)
	}
	var first column
	if len(l.use) > 0 {
		first = l.use[0]
	}
	ros.Column = strings.Clone(first.name)
	ros.settleKind(first)
	return nil
}

// settleKind sets the kind that most rows have, and notes where the column's name says another.
func (ros *Roster) settleKind(c column) {
	counts := map[reset.RefKind]int{}
	for _, row := range ros.Rows {
		counts[row.Kind]++
	}
	ros.Kind = c.kind
	for _, k := range []reset.RefKind{reset.RefID, reset.RefLogin, reset.RefEmail} {
		if counts[k] > counts[ros.Kind] {
			ros.Kind = k
		}
	}
	if c.name != "" && ros.Kind != c.kind {
		ros.Notes = append(ros.Notes, fmt.Sprintf("The column %s holds %s, and is read as such.", refusal.Quote(c.name), kindWords[ros.Kind]))
	}
}

var kindWords = map[reset.RefKind]string{
	reset.RefID:    "Okta user IDs",
	reset.RefLogin: "logins",
	reset.RefEmail: "e-mails",
}

// OwnFile is what a plan or result file of this program says of itself. None of it
// is believed without the record.
type OwnFile struct {
	Results bool     // it has outcomes
	Calls   []string // Okta's request IDs, "" where a row has none, row by row
	Numbers []int    // the rows' own numbers, 0 where they have none
}

func readOwn(g *table.Grid, l layout) *OwnFile {
	own := &OwnFile{Results: len(l.names) >= len(resultsHeader) && l.names[4] == "outcome"}
	call := -1
	for i, name := range l.names {
		if name == "okta_request_id" {
			call = i
		}
	}
	var buf []string
	for i := l.from; i < g.Len(); i++ {
		rec := g.Record(i, buf)
		buf = rec.Cells
		if l.isRepeated(rec.Cells) {
			continue
		}
		id, number := "", 0
		if call >= 0 && call < len(rec.Cells) {
			id = strings.Clone(rearm(rec.Cells[call]))
		}
		_, _ = fmt.Sscanf(rec.Cells[0], "%d", &number)
		own.Calls, own.Numbers = append(own.Calls, id), append(own.Numbers, number)
	}
	return own
}
