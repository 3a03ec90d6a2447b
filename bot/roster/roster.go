package roster

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
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
	Format string      // for people: "CSV with semicolons, UTF-16"
	Bytes  int64
	SHA256 reset.Digest // of the bytes that were read
	Notes  []string     // sentences for people about how the file was understood

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
	content, err := table.ReadAll(r, cmp.Or(limits.Bytes, MaxBytes))
	if err != nil {
		return nil, err
	}
	ros := &Roster{Bytes: int64(len(content)), SHA256: reset.Digest(fmt.Sprintf("%x", sha256.Sum256(content)))}
	if table.IsWorkbook(content) {
		err = ros.readBook(content, limits)
	} else {
		err = ros.readText(content, limits)
	}
	if err != nil {
		return nil, err
	}
	return ros, nil
}

func (ros *Roster) readText(content []byte, limits Limits) error {
	g, format, err := table.ReadText(content, known)
	if err != nil {
		return err
	}
	ros.Format = format
	return ros.read(g, limits)
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
	ros.Notes = append(ros.Notes, l.notes...)
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
	if limits.Column == 0 {
		ros.Doubts = doubts(g, l)
	}
	if len(ros.Doubts) > 0 {
		ros.Choices = newSurvey(g, l.from, l.names, l.use).question("").Columns
	}
	if l.own {
		ros.Own = readOwn(g, l)
	}
	if len(l.use) > 0 {
		ros.Column = strings.Clone(l.use[0].name)
		ros.noteKind(l.use[0])
	}
	return nil
}

// noteKind notes where most rows are of another kind than the column's name says.
func (ros *Roster) noteKind(c column) {
	counts := map[reset.RefKind]int{}
	for _, row := range ros.Rows {
		counts[row.Kind]++
	}
	kind := c.kind
	for _, k := range []reset.RefKind{reset.RefID, reset.RefLogin, reset.RefEmail} {
		if counts[k] > counts[kind] {
			kind = k
		}
	}
	if c.name != "" && kind != c.kind {
		ros.Notes = append(ros.Notes, fmt.Sprintf("The column %s holds %s, and is read as such.", refusal.Quote(c.name), kindWords[kind]))
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
	call := slices.Index(l.names, "okta_request_id")
	for _, rec := range g.Records(l.from, g.Len()) {
		if l.isRepeated(rec.Cells) {
			continue
		}
		id, number := "", 0
		if call != -1 {
			id = strings.Clone(rearm(rec.Cell(call)))
		}
		_, _ = fmt.Sscanf(rec.Cells[0], "%d", &number)
		own.Calls, own.Numbers = append(own.Calls, id), append(own.Numbers, number)
	}
	return own
}
