package roster_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"factorbot/bot/roster"
)

// MustBook makes a workbook.
func MustBook(tb testing.TB, fill func(f *excelize.File)) []byte {
	tb.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// rows writes lines of a sheet, cells between commas.
func rows(f *excelize.File, sheet string, lines ...string) {
	for i, line := range lines {
		for j, cell := range strings.Split(line, ",") {
			at, _ := excelize.CoordinatesToCellName(j+1, i+1)
			_ = f.SetCellValue(sheet, at, cell)
		}
	}
}

// MustZip makes an archive.
func MustZip(tb testing.TB, parts map[string]string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range parts {
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestRead_workbook(t *testing.T) {
	const a, b, c = "ana@example.com", "bob@example.com", "cy@example.com"
	tests := map[string]struct {
		fill  func(f *excelize.File)
		want  []string
		notes string
	}{
		"a header and two rows":        {func(f *excelize.File) { rows(f, "Sheet1", "Name,Email", "Ana,"+a, "Bob,"+b) }, []string{"2 email " + a, "3 email " + b}, ""},
		"blank rows above and between": {func(f *excelize.File) { rows(f, "Sheet1", "", "All workers", "", "Name,Email", "", "Ana,"+a) }, []string{"6 email " + a}, ""},
		"without header":               {func(f *excelize.File) { rows(f, "Sheet1", a, b) }, []string{"1 login " + a, "2 login " + b}, ""},
		"logins":                       {func(f *excelize.File) { rows(f, "Sheet1", "Login", "ana.lima", "bob") }, []string{"2 login ana.lima", "3 ! has 3 characters; Okta's logins have at least 5"}, ""},
		"a hidden row": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email", a, b, c)
			_ = f.SetRowVisible("Sheet1", 3, false)
		}, []string{"2 email " + a, "4 email " + c}, "Hidden or filtered rows name users, too (1)"},
		"filtered rows": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email,State", a+",on", b+",off", c+",off")
			_ = f.AutoFilter("Sheet1", "A1:B4", []excelize.AutoFilterOptions{{Column: "B", Expression: `x == "on"`}})
			_ = f.SetRowVisible("Sheet1", 3, false)
			_ = f.SetRowVisible("Sheet1", 4, false)
		}, []string{"2 email " + a}, "filtered rows name users, too (2)"},
		"a hidden column": {func(f *excelize.File) {
			rows(f, "Sheet1", "Login,Email", b+","+a)
			_ = f.SetColVisible("Sheet1", "A", false)
		}, []string{"2 email " + a}, "Hidden columns name users, too (1)"},
		"a column without width": {func(f *excelize.File) {
			rows(f, "Sheet1", "Login,Email", b+","+a)
			_ = f.SetColWidth("Sheet1", "A", "A", 0)
		}, []string{"2 email " + a}, "Hidden columns"},
		"a hidden sheet": {func(f *excelize.File) {
			_, _ = f.NewSheet("Users")
			rows(f, "Sheet1", "Email", a)
			rows(f, "Users", "Email", b)
			f.SetActiveSheet(1)
			_ = f.SetSheetVisible("Sheet1", false)
		}, []string{"2 email " + b}, "Hidden sheets name users, too (1)"},
		"a sheet that is hidden well": {func(f *excelize.File) {
			_, _ = f.NewSheet("Users")
			rows(f, "Sheet1", "Email", a)
			rows(f, "Users", "Email", b)
			f.SetActiveSheet(1)
			_ = f.SetSheetVisible("Sheet1", false, true)
		}, []string{"2 email " + b}, "Hidden sheets"},
		"a sheet of instructions first": {func(f *excelize.File) {
			rows(f, "Sheet1", "Read me", "Fill in the other sheet")
			_, _ = f.NewSheet("Users")
			rows(f, "Users", "Email", b)
		}, []string{"2 email " + b}, ""},
		"two sheets of users": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email", a)
			_, _ = f.NewSheet("Old")
			rows(f, "Old", "Email", b, c)
		}, []string{"2 email " + a}, `The sheet "Old" names users, too (2)`},
		"numbers and dates": {func(f *excelize.File) {
			rows(f, "Sheet1", "Since,Login,Email")
			_ = f.SetCellValue("Sheet1", "A2", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
			_ = f.SetCellValue("Sheet1", "B2", 10023)
			_ = f.SetCellValue("Sheet1", "C2", a)
		}, []string{"2 login 10023"}, ""},
		"rich text and a link": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email")
			_ = f.SetCellRichText("Sheet1", "A2", []excelize.RichTextRun{{Text: "ana@"}, {Text: "example.com", Font: &excelize.Font{Bold: true}}})
			_ = f.SetCellValue("Sheet1", "A3", b)
			_ = f.SetCellHyperLink("Sheet1", "A3", "mailto:"+b, "External")
		}, []string{"2 email " + a, "3 email " + b}, ""},
		"a cover that names its author": {func(f *excelize.File) {
			rows(f, "Sheet1", "MFA campaign", "Created by,"+c, "Date,2026-11-01")
			_, _ = f.NewSheet("Users")
			rows(f, "Users", "Email", a, b)
		}, []string{"2 email " + a, "3 email " + b}, `The sheet "Sheet1" names users, too (1)`},
		"a cover with a label": {func(f *excelize.File) {
			rows(f, "Sheet1", "MFA campaign", "Contact: "+c)
			_, _ = f.NewSheet("Users")
			rows(f, "Users", "Email", a, b)
		}, []string{"2 email " + a, "3 email " + b}, `The sheet "Sheet1" names users, too (1)`},
		"instructions under a known word": {func(f *excelize.File) {
			rows(f, "Sheet1", "Users", "Fill in the sheet of users", "Save and send")
			_, _ = f.NewSheet("Data")
			rows(f, "Data", "Email", b)
		}, []string{"2 email " + b}, ""},
		"a merged title": {func(f *excelize.File) {
			rows(f, "Sheet1", "Users to reset in November", "Name,Email", "Ana,"+a, "Bob,"+b)
			_ = f.MergeCell("Sheet1", "A1", "B1")
		}, []string{"3 email " + a, "4 email " + b}, ""},
		"groups over the header": {func(f *excelize.File) {
			rows(f, "Sheet1", "Person,,Account,", "First name,Last name,Work Email,Team", "Ana,Lima,"+a+",Sales", "Bob,Roy,"+b+",IT")
			_ = f.MergeCell("Sheet1", "A1", "B1")
			_ = f.MergeCell("Sheet1", "C1", "D1")
		}, []string{"3 email " + a, "4 email " + b}, ""},
		"a merged department": {func(f *excelize.File) {
			rows(f, "Sheet1", "Department,Email", "Sales,"+a, ","+b)
			_ = f.MergeCell("Sheet1", "A2", "A3")
		}, []string{"2 email " + a, "3 email " + b}, ""},
		"a hidden header": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email,Team", a+",Sales", b+",IT")
			_ = f.SetRowVisible("Sheet1", 1, false)
		}, []string{"2 login " + a, "3 login " + b}, "its column 1 names the users"},
		"totals and who made it": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email,Count", a+",1", b+",1", "Total,2", ",", "Prepared by:,", c+",")
		}, []string{"2 email " + a, "3 email " + b,
			"4 ! isn't an e-mail, login or Okta user ID",
			"6 ! isn't an e-mail, login or Okta user ID",
			`7 ! is below "Prepared by:", so it may be somebody not to reset`}, ""},
		"cells without users at the end": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email,Manager,Note", a+",Boss", b)
		}, []string{"2 email " + a, "3 email " + b}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := roster.Read(bytes.NewReader(MustBook(t, tt.fill)), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, brief(got.Rows)); diff != "" {
				t.Error(diff)
			}
			if notes := strings.Join(got.Notes, " "); !strings.Contains(notes, tt.notes) || tt.notes == "" && notes != "" {
				t.Errorf("notes %q", notes)
			}
			if !strings.HasPrefix(got.Format, "Excel workbook, sheet ") || len(got.SHA256) != 64 {
				t.Errorf("format %q, SHA-256 %q", got.Format, got.SHA256)
			}
		})
	}
}

// A formula counts as what the spreadsheet computed last.
func TestRead_workbook_formula(t *testing.T) {
	book := MustBook(t, func(f *excelize.File) { rows(f, "Sheet1", "Email", "x", "y") })
	formula := edit(t, book, "xl/worksheets/sheet1.xml", func(s string) string {
		at := strings.Index(s, `<row r="2"`)
		end := at + strings.Index(s[at:], "</row>")
		return s[:at] + `<row r="2"><c r="A2" t="str"><f>LOWER("ANA@EXAMPLE.COM")</f><v>ana@example.com</v></c>` + s[end:]
	})
	got, err := roster.Read(bytes.NewReader(formula), roster.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "2 email ana@example.com"; brief(got.Rows)[0] != want {
		t.Errorf("got %q", brief(got.Rows))
	}
}

// edit changes one part of a workbook.
func edit(t *testing.T, book []byte, part string, change func(string) string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name] = string(content); f.Name == part {
			parts[f.Name] = change(string(content))
		}
	}
	return MustZip(t, parts)
}

func TestRead_workbook_refused(t *testing.T) {
	secret := func() []byte {
		f := excelize.NewFile()
		defer func() { _ = f.Close() }()
		var b bytes.Buffer
		if err := f.Write(&b, excelize.Options{Password: "secret"}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bomb := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range []string{"xl/workbook.xml", "xl/worksheets/sheet1.xml"} {
			w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: 2, UncompressedSize64: 150 << 20})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write([]byte{3, 0})
		}
		_ = z.Close()
		return b.Bytes()
	}
	hidden := MustBook(t, func(f *excelize.File) {
		rows(f, "Sheet1", "Email", "ana@example.com")
		_ = f.SetRowVisible("Sheet1", 2, false)
	})
	cover := MustBook(t, func(f *excelize.File) {
		rows(f, "Sheet1", "Prepared by ana@example.com for audit", "00u00000000000000001")
		_ = f.SetRowVisible("Sheet1", 2, false)
		_, _ = f.NewSheet("List")
		rows(f, "List", "gil@example.com", "Login,Note", "ana@example.com,y")
	})
	for name, tt := range map[string]struct {
		content []byte
		code    string
		words   string
	}{
		"a list behind a cover": {cover, roster.CodeNoColumn, "Line 1 names a user above the header"},
		"half of a zip":         {[]byte("PK\x03\x04\x14\x00"), roster.CodeSpreadsheet, "damaged"},
		"another archive":       {MustZip(t, map[string]string{"list.csv": "x"}), roster.CodeSpreadsheet, "zip archive"},
		"OpenDocument":          {MustZip(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "x"}), roster.CodeSpreadsheet, "OpenDocument"},
		"Numbers":               {MustZip(t, map[string]string{"Index/Document.iwa": "x"}), roster.CodeSpreadsheet, "Numbers"},
		"a binary workbook":     {MustZip(t, map[string]string{"xl/workbook.bin": "x"}), roster.CodeSpreadsheet, ".xlsb"},
		"a document":            {MustZip(t, map[string]string{"word/document.xml": "x"}), roster.CodeNotText, "Word"},
		"a password":            {secret(), roster.CodeSpreadsheet, "password"},
		"a bomb":                {bomb(), roster.CodeTooBig, "200 MiB"},
		"an empty workbook":     {MustBook(t, func(*excelize.File) {}), roster.CodeEmpty, "empty"},
		"users in hidden rows":  {hidden, roster.CodeNoColumn, "hidden"},
		"no users":              {MustBook(t, func(f *excelize.File) { rows(f, "Sheet1", "Name,Note", "Ana,x") }), roster.CodeNoColumn, `"Name", "Note"`},
		"no XML":                {MustZip(t, map[string]string{"xl/workbook.xml": "<", "[Content_Types].xml": "<"}), roster.CodeSpreadsheet, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := roster.Read(bytes.NewReader(tt.content), roster.Limits{})
			var refused *roster.Error
			if !errors.As(err, &refused) || refused.Code != tt.code || !strings.Contains(refused.Words, tt.words) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// largeBook is a workbook of many users, whose texts are shared strings as Excel writes them.
func largeBook(tb testing.TB, users int) []byte {
	return MustBook(tb, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"User Id", "Username", "Note"})
		for i := range users {
			at, _ := excelize.CoordinatesToCellName(1, i+2)
			_ = f.SetSheetRow("Sheet1", at, &[]any{fmt.Sprintf("00u%017d", i), fmt.Sprintf("user%d@example.com", i), "a note"})
		}
	})
}

// peak is the most heap that the collector let be in use while something ran, in bytes, above what was live before.
func peak(run func()) uint64 {
	heap := func(name string) uint64 {
		sample := []metrics.Sample{{Name: name}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before := heap("/gc/heap/live:bytes")
	var most atomic.Uint64
	var over atomic.Bool
	var cycle func(*[64]byte) // runs after each collection, which has set how far the heap may grow
	cycle = func(mark *[64]byte) {
		if !over.Load() {
			most.Store(max(most.Load(), heap("/gc/heap/goal:bytes")))
			runtime.SetFinalizer(mark, cycle)
		}
	}
	runtime.SetFinalizer(new([64]byte), cycle)
	run()
	over.Store(true)
	return most.Load() - min(before, most.Load())
}

// A workbook of 100,000 users takes 200 MB at most; the race detector gets one of a fifth.
func TestRead_workbook_memory(t *testing.T) {
	users := 100_000
	if raced {
		users /= 5
	}
	content := largeBook(t, users)
	var got *roster.Roster
	var err error
	used := peak(func() { got, err = roster.Read(bytes.NewReader(content), roster.Limits{}) })
	if err != nil || len(got.Rows) != users {
		t.Fatalf("%v", err)
	}
	if used > uint64(40<<20+users/1000*(160<<20)/100) {
		t.Errorf("%d MB", used>>20)
	}
	t.Logf("%d MB for a workbook of %d MB", used>>20, len(content)>>20)
}

// FuzzRead_workbook: every archive is a roster or a refusal in words.
func FuzzRead_workbook(f *testing.F) {
	f.Add(MustBook(f, func(f *excelize.File) { rows(f, "Sheet1", "Email", "ana@example.com") }))
	f.Add(MustBook(f, func(f *excelize.File) {
		rows(f, "Sheet1", "Login,Email", "ana.lima,ana@example.com")
		_ = f.SetColVisible("Sheet1", "A", false)
	}))
	f.Add(MustZip(f, map[string]string{"xl/workbook.xml": "<workbook/>"}))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if !bytes.HasPrefix(file, []byte("PK\x03\x04")) {
			return
		}
		_, err := roster.Read(bytes.NewReader(file), roster.Limits{Bytes: 1 << 18})
		var refused *roster.Error
		if err != nil && (!errors.As(err, &refused) || refused.Code == "" || refused.Words == "" || refused.Code == roster.CodeUnreadable) {
			t.Fatalf("%#v", err)
		}
	})
}
