package roster_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// utf16 encodes a text without a mark.
func utf16(order unicode.Endianness, s string) string {
	out, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// brief writes a row as "LINE KIND VALUE", or "LINE ! PROBLEM"; "? WHY" is after what is odd.
func brief(rows []reset.Row) []string {
	var out []string
	for i, r := range rows {
		if r.Row != i+1 {
			out = append(out, fmt.Sprintf("row %d is numbered %d", i+1, r.Row))
		}
		if r.Problem != "" {
			out = append(out, fmt.Sprintf("%d ! %s", r.Line, r.Problem))
			continue
		}
		line := fmt.Sprintf("%d %s %s", r.Line, r.Kind, r.Value)
		if r.Odd != "" {
			line += " ? " + r.Odd
		}
		out = append(out, line)
	}
	return out
}

func TestRead(t *testing.T) {
	const a, b = "ana@example.com", "bob@example.com"
	tests := []struct {
		name, file     string
		column, format string
		want           []string
	}{
		{"one header, one row", "login\n" + a, "login", "CSV, UTF-8", []string{"2 login " + a}},
		{"no header", a + "\n" + b + "\n", "", "CSV, UTF-8", []string{"1 login " + a, "2 login " + b}},
		{"no header, several columns", "Ana," + a + "\nBob," + b, "", "CSV with commas, UTF-8", []string{"1 login " + a, "2 login " + b}},
		{"no header, an ID and a login", a + ";" + id1, "", "CSV with semicolons, UTF-8", []string{"1 login " + a, "1 id " + id1}},
		{"no header, the first is broken", "a na@example.com\n" + b, "", "CSV, UTF-8", []string{"1 ! has other words beside the user: leave only the login, e-mail or ID", "2 login " + b}},
		{"ID beats login beats e-mail", "email,username,user.id\nx@example.com,y@example.com," + id1, "user.id", "CSV with commas, UTF-8", []string{"2 id " + id1}},
		{"login beats e-mail", "Primary email\tUsername\n" + a + "\t" + b, "Username", "CSV with tabs, UTF-8", []string{"2 login " + b}},
		{"e-mail", "name;E-Mail\nAna;" + a, "E-Mail", "CSV with semicolons, UTF-8", []string{"2 email " + a}},
		{"another system's IDs", "ID,Email\n1,ana@example.com\n2,bob@example.com", "Email", "CSV with commas, UTF-8", []string{"2 email " + a, "3 email " + b}},
		{"logins under user id", "User ID\n" + a, "User ID", "CSV, UTF-8", []string{"2 login " + a}},
		{"an ID among logins", "login\n" + a + "\n" + id1, "login", "CSV, UTF-8", []string{"2 login " + a, "3 id " + id1}},
		{"blank lines", "\n\nlogin,x\n\n" + a + ",\n,\n  , \n" + b + ",\n\n", "login", "CSV with commas, UTF-8", []string{"5 login " + a, "8 login " + b}},
		{"two files put together", "login,x\n" + a + ",1\nlogin,x\n" + b + ",2\n", "login", "CSV with commas, UTF-8", []string{"2 login " + a, "4 login " + b}},
		{"an empty user", "login,x\n,filled\n" + a + ",", "login", "CSV with commas, UTF-8", []string{"2 ! empty: no user is named", "3 login " + a}},
		{"quoted line breaks", "login,x\n" + a + ",\"1\n2\n3\"\n" + b + ",", "login", "CSV with commas, UTF-8", []string{"2 login " + a, "5 login " + b}},
		{"CRLF", "login\r\n" + a + "\r\n" + b + "\r\n", "login", "CSV, UTF-8", []string{"2 login " + a, "3 login " + b}},
		{"CR alone", "login\r" + a + "\r" + b + "\r", "login", "CSV, UTF-8", []string{"2 login " + a, "3 login " + b}},
		{"Excel's separator line", "sep=;\r\nlogin;x\r\n" + a + ";1", "login", "CSV with semicolons, UTF-8", []string{"3 login " + a}},
		{"commas in a text of semicolons", "Name, first;Login;Note, long\nAna, A;" + a + ";x, y", "Login", "CSV with semicolons, UTF-8", []string{"2 login " + a}},
		{"UTF-8 with mark", "\xef\xbb\xbflogin\n" + a, "login", "CSV, UTF-8", []string{"2 login " + a}},
		{"UTF-16, little, mark", "\xff\xfe" + utf16(unicode.LittleEndian, "login\tx\n"+a+"\té"), "login", "CSV with tabs, UTF-16", []string{"2 login " + a}},
		{"UTF-16, big, mark", "\xfe\xff" + utf16(unicode.BigEndian, "login\tx\n"+a+"\té"), "login", "CSV with tabs, UTF-16", []string{"2 login " + a}},
		{"UTF-16, little, no mark", utf16(unicode.LittleEndian, "login\tx\n"+a+"\té"), "login", "CSV with tabs, UTF-16", []string{"2 login " + a}},
		{"UTF-16, big, no mark", utf16(unicode.BigEndian, "login\tx\n"+a+"\té"), "login", "CSV with tabs, UTF-16", []string{"2 login " + a}},
		{"Windows-1252 at the end", "login,x\n" + a + ",M\xfcller \x80", "login", "CSV with commas, Windows-1252", []string{"2 login " + a}},
		{"a letter of two forms", "login\nzoe\u0301@example.com", "login", "CSV, UTF-8", []string{"2 login zo\u00e9@example.com"}},
		{"copied blanks", "login\n\u00a0 " + a + "\u200b \u2028", "login", "CSV, UTF-8", []string{"2 login " + a}},
		{"a quotation mark in another cell", "login,x\n" + a + ",5\" screen\n" + b + ",\"y\"z", "login", "CSV with commas, UTF-8", []string{"2 login " + a, "3 login " + b}},
		{"a quotation mark in the user", "login,x\nan\"a@example.com,1", "login", "CSV with commas, UTF-8", []string{`2 login an"a@example.com ? has a quotation mark inside`}},
		{"blanks before quotation marks", "name, login\nAna, \"" + a + "\"", "login", "CSV with commas, UTF-8", []string{"2 login " + a}},
		{"a short row", "name,login,x\nAna," + a, "login", "CSV with commas, UTF-8", []string{"2 login " + a}},
		{"a row that slipped", "Dept, Team,Username,Manager email\nSales," + a + "," + b, "Username", "CSV with commas, UTF-8",
			[]string{"2 ! has 3 cells under a header of 4, and more than one could be the user; put quotation marks around cells with a separator in them"}},
		{"a row that is too short", "x,login\n1", "login", "CSV with commas, UTF-8", []string{"2 ! empty: no user is named"}},
		{"our result file", "row,input,user_id,login,outcome,reason\r\n1,x@example.com," + id1 + "," + a + ",reset,\r\n2,y@example.com,,,skipped,not_found\r\n3,z@example.com,," + b + ",failed,\r\n4,'=1+1,,,skipped,invalid_row\r\n",
			"user_id", "CSV with commas, UTF-8",
			[]string{"2 id " + id1, "3 login y@example.com", "4 login " + b, `5 ! starts with "=" like a spreadsheet formula; if it's a login, use the Okta ID instead`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := roster.Read(iotest.OneByteReader(strings.NewReader(tt.file)), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, brief(got.Rows)); diff != "" {
				t.Error(diff)
			}
			if got.Column != tt.column || got.Format != tt.format {
				t.Errorf("column %q, format %q", got.Column, got.Format)
			}
			sum := sha256.Sum256([]byte(tt.file))
			if got.Bytes != int64(len(tt.file)) || string(got.SHA256) != hex.EncodeToString(sum[:]) {
				t.Errorf("%d bytes, SHA-256 %s", got.Bytes, got.SHA256)
			}
		})
	}
}

// TestRead_headers tries every spelling of a header that is promised.
func TestRead_headers(t *testing.T) {
	for header, kind := range map[string]reset.RefKind{
		"userId": reset.RefID, "User ID": reset.RefID, "User Id": reset.RefID, "id": reset.RefID, "user.id": reset.RefID, "user_id": reset.RefID, "USER-ID": reset.RefID, "Okta ID": reset.RefID,
		"login": reset.RefLogin, "user.login": reset.RefLogin, "username": reset.RefLogin, "User Name": reset.RefLogin, "profile.login": reset.RefLogin, "Login (SSO (Okta) legacy)": reset.RefLogin, "Okta (prod) ID": reset.RefID, "Login (e-mail)": reset.RefLogin, "E-mail (login)": reset.RefEmail, " Login ": reset.RefLogin,
		"email": reset.RefEmail, "E-mail": reset.RefEmail, "primary email": reset.RefEmail, "Primary_Email": reset.RefEmail, "profile.email": reset.RefEmail, "Email address": reset.RefEmail,
	} {
		t.Run(header, func(t *testing.T) {
			value := "ana@example.com"
			if kind == reset.RefID {
				value = id1
			}
			got, err := roster.Read(strings.NewReader("x,"+header+"\nb@example.com,"+value), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if want := (reset.Row{Row: 1, Line: 2, Input: value, Kind: kind, Value: value}); !cmp.Equal(got.Rows[0], want) || got.Column != strings.TrimSpace(header) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestRead_refused(t *testing.T) {
	zeros := strings.Repeat("\x00\x01\x02", 100)
	tests := []struct {
		name, file string
		code       string
		line       int
		words      string
	}{
		{"no bytes", "", roster.CodeEmpty, 0, "empty"},
		{"only blanks", " \r\n\n ,, \n", roster.CodeEmpty, 0, "empty"},
		{"only a mark", "\xef\xbb\xbf", roster.CodeEmpty, 0, "empty"},
		{"only a header", "userId\n\n", roster.CodeEmpty, 0, "no rows"},
		{"an old workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", roster.CodeSpreadsheet, 0, "old Excel"},
		{"gzip", "\x1f\x8b\x08\x00", roster.CodeSpreadsheet, 0, "gzip"},
		{"a PDF", "%PDF-1.7\n", roster.CodeNotText, 0, "a PDF"},
		{"a picture", "\x89PNG\r\n\x1a\n", roster.CodeNotText, 0, "a picture"},
		{"bytes", zeros, roster.CodeNotText, 0, "isn't text"},
		{"control characters", strings.Repeat("\x01a\x02", 50), roster.CodeNotText, 0, "isn't text"},
		{"a sign-in page", "\n <!DOCTYPE html><html>ana@example.com", roster.CodeMarkup, 0, "a web page"},
		{"a sign-in page in UTF-16", "\xff\xfe" + utf16(unicode.LittleEndian, "<html>ana@example.com"), roster.CodeMarkup, 0, "a web page"},
		{"JSON", `[{"id":"` + id1 + `"}]`, roster.CodeMarkup, 0, "JSON"},
		{"XML", "<?xml version='1.0'?>", roster.CodeMarkup, 0, "XML"},
		{"too big", "login\n" + strings.Repeat("ana@example.com\n", 100), roster.CodeTooBig, 0, "1000 bytes"},
		{"too many rows", "login\n" + many(11), roster.CodeTooMany, 0, "names 11 users"},
		{"two encodings", "login,x\nana@example.com,Kōji\nbob@example.com,M\xfcller", roster.CodeEncoding, 0, "Save it as CSV UTF-8"},
		{"a byte of no encoding", "login,x\nana@example.com,\x81", roster.CodeEncoding, 0, "Save it as CSV UTF-8"},
		{"a mark, but not UTF-8", "\xef\xbb\xbflogin,x\na@example.com,\xfc", roster.CodeEncoding, 0, "Save it as CSV UTF-8"},
		{"a mark of UTF-8 before UTF-16", "\xef\xbb\xbf" + utf16(unicode.LittleEndian, "login\tx\nana@example.com\tb\n"), roster.CodeNotText, 0, "isn't text"},
		{"no header that names users", "Name,Note\nAna,lost phone", roster.CodeNoColumn, 1, `"Name", "Note"`},
		{"a hostile header", "<!channel>\x1b[31m,`x`\n1,2", roster.CodeNoColumn, 1, "\"<!channel>\ufffd[31m\""},
		{"a table on its side", "login,a@example.com,b@example.com\nstatus,ACTIVE,ACTIVE", roster.CodeNoColumn, 1, "lie on its side"},
		{"a list on two sides of a header", "a@example.com\nlogin\nb@example.com", roster.CodeNoColumn, 1, "put the header first"},
		{"an open quotation mark", "login,x\nana@example.com,\"lost\nbob@example.com,1\n", roster.CodeQuotes, 2, "line 2 isn't closed"},
		{"a quotation mark over lines", "login,x\nana@example.com,\"lost\nbob@example.com,\"1\"\n", roster.CodeQuotes, 2, "line 2 isn't closed"},
		{"an endless row", "login,x\nana@example.com," + strings.Repeat("y", 70000), roster.CodeHugeRow, 2, "quotation mark"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limits := roster.Limits{Users: 10}
			if tt.code == roster.CodeTooBig {
				limits.Bytes = 1000
			}
			_, err := roster.Read(strings.NewReader(tt.file), limits)
			var refused *roster.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if refused.Code != tt.code || refused.Line != tt.line || !strings.Contains(refused.Words, tt.words) {
				t.Errorf("%s at line %d: %s", refused.Code, refused.Line, refused.Words)
			}
		})
	}
}

// many writes n users, one to a line.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "u%02d@example.com\n", i)
	}
	return b.String()
}

// TestRead_limits takes exactly what is allowed.
func TestRead_limits(t *testing.T) {
	file := "login\n" + many(10) + many(10) // rows count, users are limited
	got, err := roster.Read(strings.NewReader(file), roster.Limits{Bytes: int64(len(file)), Users: 10})
	if err != nil || len(got.Rows) != 20 || got.Users() != 10 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRead_broken(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := roster.Read(io.MultiReader(strings.NewReader("login\nana@example.com\n"), iotest.ErrReader(broken)), roster.Limits{})
	var refused *roster.Error
	if !errors.As(err, &refused) || refused.Code != roster.CodeUnreadable || !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestRead_hostile looks at cells that must never be looked up: each is refused with its reason.
func TestRead_hostile(t *testing.T) {
	for cell, words := range map[string]string{
		"me":                                     "has 2 characters",
		"00u":                                    "isn't an Okta user ID",
		"ana@example.com bob@example.com":        "names 2 users",
		"ana@example.com;bob@example.com":        "names 2 users",
		"not ana@example.com":                    "other words beside",
		"Except ana@example.com":                 "other words beside",
		"ana@example.com (do not reset)":         "other words beside",
		"bob@example.com <ana@example.com>":      "names 2 users",
		"<mailto:ana@example.com|bob@b.example>": "names 2 users",
		"ana@":                                   "one @ is between",
		"a@bc":                                   "4 characters",
		"=cmd|'/c calc'!A1":                      "spreadsheet formula",
		"=HYPERLINK(\"mailto:a@b.co\",\"c@d.co\")": "names 2 users",
		"ana\x1b[31m@example.com":                  "control character (U+001B)",
		"ana\x7f@example.com":                      "control character (U+007F)",
		"ana\u202emoc.elpmaxe@b.co":                "invisible character (U+202E)",
		"ana\u200b@example.com":                    "invisible character (U+200B)",
		"ana\ufffd@example.com":                    "can't be read",
		"<!channel>@example.com":                   `"<" inside`,
		"<@U123>":                                  `"<" inside`,
		"ana\ue000@example.com":                    "U+E000",
		"#N/A":                                     "nobody",
		"n/a":                                      "nobody",
		"NULL":                                     "nobody",
		"(blank)":                                  "nobody",
		"--":                                       "nobody",
		strings.Repeat("ü", 90) + "@example.com": "102 characters",
	} {
		t.Run(cell, func(t *testing.T) {
			quoted := `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			got, err := roster.Read(strings.NewReader("login\n"+quoted+"\nok@example.com\n"), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			row := got.Rows[0]
			if row.Kind != "" || row.Value != "" || !strings.Contains(row.Problem, words) {
				t.Errorf("%+v", row)
			}
			if got.Rows[1].Problem != "" {
				t.Errorf("the row below: %+v", got.Rows[1])
			}
		})
	}
}

// Logins without a header are seen where each line is one, and the file says nothing else.
func TestRead_bare_logins(t *testing.T) {
	for text, hinted := range map[string]bool{"jdoe1\nana.lima\n": true, "jdoe1,x\nana.lima,y\n": false, "jdoe1\nana lima writes\n": false, "jdoe1\n": false} {
		_, err := roster.Read(strings.NewReader(text), roster.Limits{})
		var refused *roster.Error
		if !errors.As(err, &refused) || refused.Code != roster.CodeNoColumn || strings.Contains(refused.Words, "login above") != hinted {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRead_unwrapped takes off what is around a user in a cell under a header of logins, and no more.
func TestRead_unwrapped(t *testing.T) {
	const a = "ana@example.com"
	for cell, want := range map[string]string{
		strings.Repeat("- ", 8) + a:                             a,
		strings.Repeat("- ", 9) + a:                             "!",
		strings.Repeat("x", 1000-len(" <>"+a)) + " <" + a + ">": a,
		strings.Repeat("x", 1001-len(" <>"+a)) + " <" + a + ">": "!",
		strings.Repeat("\u00fc", 88) + "@example.com":           strings.Repeat("\u00fc", 88) + "@example.com",
		strings.Repeat("\u00fc", 89) + "@example.com":           "!",
		"\u00fc@b.c":                    "\u00fc@b.c",
		"\u00fc@bc":                     "!",
		"mailto:ana%2Bx@example.com":    "ana+x@example.com",
		"mailto:ana%zz@example.com":     "ana%zz@example.com",
		"'quoted'@example.com":          "'quoted'@example.com",
		"`":                             "!",
		"''":                            "!",
		"()":                            "!",
		"(" + a + ")":                   a,
		"(" + a + ") (bob.roy)":         "!",
		"teacher Ana Lima":              "teacher Ana Lima",
		"|" + a + "|":                   a,
		"**" + a + "**":                 a,
		"[" + a + "](mailto:" + a + ")": a,
	} {
		ros := read(t, "login\nok@example.com\n\""+strings.ReplaceAll(cell, `"`, `""`)+"\"\n")
		odd := strings.Contains(want, " ") || strings.Contains(want, "%")
		if got := values(ros)[1]; got != want || (ros.Rows[1].Odd != "") != odd {
			t.Errorf("%q: %q of %+v", cell, got, ros.Rows[1])
		}
	}
}

// What nearly looks like an ID is none: it would go into the path of a call.
func TestRead_near_IDs(t *testing.T) {
	for cell, isID := range map[string]bool{
		"00uAZaz09AZaz09AZaz0": true, "00uaaaaaaaaaaaaaaaaa": true,
		"00uaaaaaaaaaaaaaaaa": false, "00u.aaaaaaaaaaaaaaaaa": false, "00u.aaaaaaaaaaaaaaaa": false, "01uaaaaaaaaaaaaaaaaa": false,
		"00uaaaaaaaaaaaaaaaaaa": false, "00uaaaaaaaaaaaaaaaa/": false, "00uaaaaaaaaaaaaaaaa\u0430": false,
	} {
		row := read(t, "userId\n"+cell+"\n"+id1+"\n").Rows[0]
		if got := row.Kind == reset.RefID; got != isID || isID && row.Value != cell {
			t.Errorf("%q: %+v", cell, row)
		}
	}
}

// TestRead_odd looks at what is hardly a login: it is looked up as one, by search,
// and what is odd about it is known where Okta has no such user.
func TestRead_odd(t *testing.T) {
	for cell, words := range map[string]string{
		"../groups/00g1":                 "looks like a path",
		id1 + "/lifecycle/deactivate?x=": "isn't an Okta user ID",
		id1 + "?x=":                      "isn't an Okta user ID",
		id1 + "A":                        "this has 21 characters",
		"00uzPde0IgxLd6GncfB\u0410":      "isn't an Okta user ID", // a Cyrillic A
		"jean dupont":                    "a space inside",
		"svc{backup}":                    `"{" inside`,
		"{{7*7}}":                        `"{" inside`,
		"dept:ops":                       `":" inside`,
		"svc|prod":                       `"|" inside`,
		"a%2fb?":                         `"%" inside`,
		`say "hi"`:                       "quotation mark",
		`x" or id pr or id eq "`:         "quotation mark",
		`CORP\"bob`:                      "quotation mark",
		"+49 30 1234":                    "spreadsheet formula",
		"a/b@example.com":                `"/" inside`,
		"a%2fb@example.com":              `"%" inside`,
		"ana@example.com?x=y":            `"?" inside`,
		"ana@exa#mple.com":               "no domain has",
		"ana @example.com":               "a space inside",
		"@example.com":                   "spreadsheet formula",
		"a@b@c.example":                  "one @ is between",
		"-ana@example.com":               "spreadsheet formula",
		"ana\"x@example.com":             "quotation mark",
		"ana\u201dx@example.com":         "quotation mark",
		"Ana(work)@example.com":          `"(" inside`,
		strings.Repeat("\u540d", 100):    "",
	} {
		t.Run(cell, func(t *testing.T) {
			quoted := `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			got, err := roster.Read(strings.NewReader("login\n"+quoted+"\nok@example.com\n"), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want := reset.Row{Row: 1, Line: 2, Input: cell, Kind: reset.RefLogin, Value: cell, Odd: got.Rows[0].Odd}
			if diff := cmp.Diff(want, got.Rows[0]); diff != "" || !strings.Contains(want.Odd, words) || words == "" && want.Odd != "" {
				t.Errorf("odd %q %s", want.Odd, diff)
			}
		})
	}
}

// TestRead_legal looks at logins that look odd and are none the less.
func TestRead_legal(t *testing.T) {
	for _, cell := range []string{
		"o'brien@example.com", "guest_partner.example#EXT#@contoso.onmicrosoft.com", "ana+test@example.com", "first.last@sub.example.co.uk", "jo_ão@exämple.com",
		"a@b.c", "x-y~z$1@example.com", strings.Repeat("ü", 88) + "@example.com", "{ana}b@example.com", "svc!x@localhost", "名前@例え.テスト",
	} {
		got, err := roster.Read(strings.NewReader("login\n"+cell), roster.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if row := got.Rows[0]; row.Value != cell || row.Problem != "" {
			t.Errorf("%q: %+v", cell, row)
		}
	}
}

func TestRead_notes(t *testing.T) {
	for file, want := range map[string]string{
		"User ID\nana@example.com":                 "holds logins",
		"ID,Email\n1,ana@example.com":              `"ID" names no Okta user, so "Email" is used`,
		"Ana,ana@example.com":                      "column 2 names the users",
		"row,input,user_id,login\n1,x@y.zz,,":      "the bot's own",
		"login\nana@example.com\n" + id1 + "\nx\n": "",
	} {
		got, err := roster.Read(strings.NewReader(file), roster.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(got.Notes, " "); !strings.Contains(notes, want) || want == "" && notes != "" {
			t.Errorf("%q: %s", file, notes)
		}
	}
}

// TestRead_large reads as many rows as are ever asked for.
func TestRead_large(t *testing.T) {
	const rows = 100_000
	var b bytes.Buffer
	b.WriteString("User Id,Username,Note\n")
	for i := range rows {
		fmt.Fprintf(&b, "00u%017d,user%d@example.com,\"a note, quoted\"\n", i, i)
	}
	got, err := roster.Read(&b, roster.Limits{Users: rows})
	if err != nil {
		t.Fatal(err)
	}
	last := got.Rows[rows-1]
	if want := (reset.Row{Row: rows, Line: rows + 1, Input: "00u00000000000099999", Kind: reset.RefID, Value: "00u00000000000099999", Also: []reset.Ref{{Kind: reset.RefLogin, Value: "user99999@example.com", Column: "Username"}}}); len(got.Rows) != rows || !cmp.Equal(last, want) {
		t.Errorf("%d rows, the last %+v", len(got.Rows), last)
	}
}

// FuzzRead: every file is a roster or a refusal in words, and nobody is named who cannot be.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"", "login\nana@example.com\n", "a;b\n\"x\ny\";z", "\xff\xfel\x00o\x00", "sep=;\nlogin;x\n1;2", "login,x\n\"a\"b\",c\n\"", "userId\n" + id1,
		"row,input,user_id,login\n1,'=x,,", "M\xfcller@example.com", "\xef\xbb\xbf\"login\"\r\rx", "login\n,\n\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := roster.Read(bytes.NewReader(file), roster.Limits{Bytes: 1 << 16, Users: 1000})
		if err != nil {
			var refused *roster.Error
			if !errors.As(err, &refused) || refused.Code == "" || refused.Words == "" || refused.Code == roster.CodeUnreadable {
				t.Fatalf("%q: %#v", file, err)
			}
			return
		}
		line := 0
		for i, r := range got.Rows {
			switch {
			case r.Row != i+1, r.Line < line, !utf8.ValidString(r.Input), utf8.RuneCountInString(r.Input) > 256:
				t.Fatalf("%q: row %+v after line %d", file, r, line)
			case (r.Problem == "") != (r.Value != ""), (r.Kind == "") != (r.Value == ""):
				t.Fatalf("%q: row %+v", file, r)
			case r.Value != "" && unsafe(r):
				t.Fatalf("%q: %q would be looked up", file, r.Value)
			}
			line = r.Line
		}
	})
}
