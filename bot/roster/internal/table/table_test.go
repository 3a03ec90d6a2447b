package table_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"

	"factorbot/bot/roster/internal/refusal"
	"factorbot/bot/roster/internal/table"
)

// isLogin takes the place of what knows users.
func isLogin(cell string, _ int) bool { return cell == "login" || address.MatchString(cell) }

var address = regexp.MustCompile(`^[a-z]+@[a-z.]+$`)

// lines writes a grid down: "LINE: CELL | CELL".
func lines(g *table.Grid) []string {
	var all []string
	for _, rec := range g.Records(0, g.Len()) {
		all = append(all, fmt.Sprintf("%d: %s", rec.Line, strings.Join(rec.Cells, " | ")))
	}
	return all
}

// codeOf is the code of a refusal, "" where there is none.
func codeOf(err error) string {
	var refused *refusal.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func TestReadText(t *testing.T) {
	long := slices.Repeat([]string{"one cell"}, 100)
	for name, tt := range map[string]struct {
		text, format string
		want         []string
	}{
		"one byte":                                {"a", "CSV, UTF-8", []string{"1: a"}},
		"a drawn table":                           {"login|name\n---|---\na@b.co|Ana\n", "CSV with pipes, UTF-8", []string{"1: login | name", "3: a@b.co | Ana"}},
		"two dashes are a cell":                   {"login\n--\na@b.co", "CSV, UTF-8", []string{"1: login", "2: --", "3: a@b.co"}},
		"empty cells between tabs":                {"a@b.co\t\tIT\n\t\tx", "CSV with tabs, UTF-8", []string{"1: a@b.co |  | IT", "2:  |  | x"}},
		"as many commas as semicolons":            {"a;b,c", "CSV with commas, UTF-8", []string{"1: a;b | c"}},
		"as many commas as gaps":                  {"a,b  c", "CSV with commas, UTF-8", []string{"1: a | b  c"}},
		"a separator of the second line alone":    {"a\nb;c", "CSV with semicolons, UTF-8", []string{"1: a", "2: b | c"}},
		"a separator within some cells":           {"a@b.co\nc@d.co\nIT;HR", "CSV, UTF-8", []string{"1: a@b.co", "2: c@d.co", "3: IT;HR"}},
		"more users between semicolons":           {"a@b.co,x,y,z,1;c@d.co;e@f.co", "CSV with semicolons, UTF-8", []string{"1: a@b.co,x,y,z,1 | c@d.co | e@f.co"}},
		"columns apart by blanks":                 {"login    x  name\na@b.co   y  Ana", "text in columns, UTF-8", []string{"1: login | x | name", "2: a@b.co | y | Ana"}},
		"links of Slack's":                        {"<mailto:a@b.co|a@b.co>\n<mailto:c@d.co|c@d.co>", "CSV, UTF-8", []string{"1: <mailto:a@b.co|a@b.co>", "2: <mailto:c@d.co|c@d.co>"}},
		"Excel's separator":                       {"\"sep=;\"\nlogin;a,b\n\nx;y", "CSV with semicolons, UTF-8", []string{"2: login | a,b", "4: x | y"}},
		"Excel's separator alone":                 {"sep=;", "CSV, UTF-8", nil},
		"a separator that nobody uses":            {"sep=x\na@b.co", "CSV, UTF-8", []string{"1: sep=x", "2: a@b.co"}},
		"blanks before quotation marks":           {"a, \"b, c\"\nd,e", "CSV with commas, UTF-8", []string{"1: a | b, c", "2: d | e"}},
		"names in quotation marks":                {`"Lima, Ana" <a@b.co>, "Roy, Bob" <c@d.co>`, "CSV with commas, UTF-8", []string{`1: "Lima, Ana" <a@b.co> | "Roy, Bob" <c@d.co>`}},
		"an open quotation mark in the last line": {"a,\"b\n", "CSV with commas, UTF-8", []string{"1: a | b"}},
		"a row as long as can be":                 {strings.Repeat("x", 64<<10), "CSV, UTF-8", []string{"1: " + strings.Repeat("x", 64<<10)}},
		"what tells is below 100 lines":           {strings.Join(long, "\n") + "\na;b;c", "CSV, UTF-8", nil},
		"what tells is the 100th line":            {strings.Join(long[1:], "\n") + "\na;b;c", "CSV with semicolons, UTF-8", nil},
		"Windows-1252 with a no-break space":      {"M\xfcller\xa0A", "CSV, Windows-1252", []string{"1: M\u00fcller\u00a0A"}},
		"a UTF-16 mark and few ASCII letters":     {"\xff\xfe" + wide(unicode.LittleEndian, "名前\n田中\n鈴木"), "CSV, UTF-16", []string{"1: 名前", "2: 田中", "3: 鈴木"}},
		"the other UTF-16 mark":                   {"\xfe\xff" + wide(unicode.BigEndian, "名前\n田中"), "CSV, UTF-16", []string{"1: 名前", "2: 田中"}},
		"UTF-16 by its zeros":                     {wide(unicode.LittleEndian, strings.Repeat("名", 12)+strings.Repeat("a", 8)), "CSV, UTF-16", []string{"1: 名名名名名名名名名名名名aaaaaaaa"}},
		"UTF-16 by its zeros, big end first":      {wide(unicode.BigEndian, strings.Repeat("名", 11)+"一"+strings.Repeat("a", 8)), "CSV, UTF-16", []string{"1: 名名名名名名名名名名名一aaaaaaaa"}},
	} {
		t.Run(name, func(t *testing.T) {
			g, format, err := table.ReadText([]byte(tt.text), isLogin)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(g)); diff != "" && (tt.want != nil || g.Len() > 0 && g.Len() < 100) || format != tt.format {
				t.Errorf("format %q %s", format, diff)
			}
		})
	}
}

// wide encodes a text as UTF-16 without a mark.
func wide(order unicode.Endianness, s string) string {
	out, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func TestReadText_refused(t *testing.T) {
	for name, tt := range map[string]struct {
		text, code string
		line       int
	}{
		"a zero at the start":                    {"\x00abcdefghijklmnopqrstuvwxyz", refusal.NotText, 0},
		"too few zeros for UTF-16":               {wide(unicode.LittleEndian, strings.Repeat("名", 13)+strings.Repeat("a", 7)), refusal.NotText, 0},
		"zeros at both places":                   {wide(unicode.LittleEndian, strings.Repeat("名", 10)+"一一"+strings.Repeat("a", 8)), refusal.NotText, 0},
		"one control character of ten":           {"\x01bcdefghi", refusal.NotText, 0},
		"letters of UTF-8, then of Windows-1252": {"Zo\u00eb,M\xfcller", refusal.Encoding, 0},
		"a byte of no encoding":                  {"M\xfcller\x81", refusal.Encoding, 0},
		"a row that is too long":                 {"a\n" + strings.Repeat("x", 64<<10+1), refusal.HugeRow, 2},
		"an open quotation mark":                 {"sep=;\nlogin;x\na;\"lost\nb;1\n", refusal.Quotes, 3},
		"a web page":                             {"\ufeff<html>\n", refusal.Markup, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, _, err := table.ReadText([]byte(tt.text), isLogin)
			var refused *refusal.Error
			if !errors.As(err, &refused) || refused.Code != tt.code || refused.Line != tt.line {
				t.Errorf("%+v, %v", g, err)
			}
		})
	}
	if _, _, err := table.ReadText([]byte("\x01bcdefghij"), isLogin); err != nil {
		t.Errorf("one control character of eleven: %v", err)
	}
}

func TestReadText_mostRows(t *testing.T) {
	for n, code := range map[int]string{table.MostRows: "", table.MostRows + 1: refusal.TooMany} {
		g, _, err := table.ReadText([]byte(strings.Repeat("a\n", n)), isLogin)
		if codeOf(err) != code || err == nil && g.Len() != n {
			t.Errorf("%d rows: %v", n, err)
		}
	}
}

func TestReadAll(t *testing.T) {
	for limit, words := range map[int64]string{1 << 20: "over 1 MiB", 1<<20 - 1: "over 1048575 bytes"} {
		if content, err := table.ReadAll(strings.NewReader(strings.Repeat("x", int(limit))), limit); err != nil || len(content) != int(limit) {
			t.Errorf("a file of %d bytes: %v", limit, err)
		}
		if _, err := table.ReadAll(strings.NewReader(strings.Repeat("x", int(limit)+1)), limit); codeOf(err) != refusal.TooBig || !strings.Contains(err.Error(), words) {
			t.Errorf("a byte more: %v", err)
		}
	}
}

func TestFilled(t *testing.T) {
	for n, cells := range [][]string{{}, {"a", "", ""}, {"", "b"}, {"a", "", "c", ""}} {
		want := []int{0, 1, 2, 3}[n]
		if got := table.Filled(cells); got != want {
			t.Errorf("%q: %d", cells, got)
		}
	}
	if got := table.Filled([]string{"", ""}); got != 0 {
		t.Errorf("blanks: %d", got)
	}
	rec := table.Record{Cells: []string{"a", "b"}}
	if got := rec.Cell(0) + rec.Cell(1) + rec.Cell(2) + rec.Cell(9); got != "ab" {
		t.Errorf("cells of a short record: %q", got)
	}
}

// Only rows and columns that a worksheet shows are read; users in the others are counted.
func TestBook_Read(t *testing.T) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	for i, row := range [][]any{{"login", "team", "boss", "deputy"}, {"a@b.co", "IT", "c@d.co", "e@f.co"}, {"g@h.co"}, {}, {"", "", "i@j.co"}, {"k@l.co", "", "", ""}, {"m@n.co", "HR", "o@p.co"}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	_ = f.SetColWidth("Sheet1", "B", "B", 30)
	_ = f.SetColVisible("Sheet1", "C:D", false)
	_ = f.SetRowVisible("Sheet1", 3, false)
	_ = f.SetRowVisible("Sheet1", 7, false)
	_, _ = f.NewSheet("Old")
	_ = f.SetSheetVisible("Old", false)
	var content bytes.Buffer
	if err := f.Write(&content); err != nil {
		t.Fatal(err)
	}
	b, err := table.OpenBook(content.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if len(b.Sheets) != 2 || b.Sheets[0].Name != "Sheet1" || b.Sheets[0].Hidden || !b.Sheets[0].IsTable() || !b.Sheets[1].Hidden {
		t.Fatalf("sheets %+v", b.Sheets)
	}
	g, unseen, err := b.Read(b.Sheets[0], func(cell string) bool { return strings.Contains(cell, "@") })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1: login | team", "2: a@b.co | IT", "6: k@l.co"}, lines(g)); diff != "" || !g.Fixed {
		t.Error(diff)
	}
	if want := (table.Unseen{Rows: 3, Columns: 3}); unseen != want {
		t.Errorf("unseen %+v, want %+v", unseen, want)
	}
}

// A workbook has so many parts and unpacks to so much at most.
func TestOpenBook_limits(t *testing.T) {
	archive := func(parts int, unpacked uint64) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for n := range parts {
			name := "xl/workbook.xml"
			if n > 0 {
				name = fmt.Sprintf("part%d.xml", n)
			}
			if _, err := z.CreateRaw(&zip.FileHeader{Name: name, UncompressedSize64: unpacked}); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, tt := range map[string]struct {
		content []byte
		code    string
	}{
		"as many parts as can be": {archive(5000, 1), refusal.Spreadsheet},
		"one part more":           {archive(5001, 1), refusal.TooBig},
		"as large as can be":      {archive(2, 100<<20), refusal.Spreadsheet},
		"a byte larger":           {archive(2, 100<<20+1), refusal.TooBig},
	} {
		if _, err := table.OpenBook(tt.content); codeOf(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What people take for a workbook is refused by what it is.
func TestOpenBook_refused(t *testing.T) {
	for name, words := range map[string]string{
		"list.csv": "zip archive", "xl/workbook.bin": ".xlsb", "Index/Tables/Document.iwa": "Numbers", "content.xml": "OpenDocument", "word/document.xml": "Word", "ppt/presentation.xml": "PowerPoint",
		"xl/workbook.xml": "damaged", "XL/Workbook.xml": "damaged",
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := table.OpenBook(b.Bytes()); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
