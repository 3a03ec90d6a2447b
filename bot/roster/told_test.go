package roster_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"factorbot/bot/roster"
)

// What is not taken is told, and what only the uploader knows is asked.
func TestRead_told(t *testing.T) {
	const a, b, eve = "ana@example.com", "bob@example.com", "eve@example.com"
	if notes := read(t, "Run by,"+eve+"\nlogin,x\n"+a+",1\n").Notes; !strings.Contains(strings.Join(notes, " "), "Line 1 is above the header") {
		t.Errorf("a user above the header: %q", notes)
	}
	ros, err := roster.Read(strings.NewReader("login,boss\n"+a+","+eve+"\n"), roster.Limits{Column: 2})
	if err != nil || !strings.Contains(strings.Join(ros.Notes, " "), `chose The column "boss"`) || ros.Rows[0].Value != eve {
		t.Errorf("a chosen column: %+v, %v", ros, err)
	}
	ros = read(t, "Alpha,Beta\n"+a+","+eve+"\n"+b+","+eve+"\n")
	if ros.Ask == nil || len(ros.Ask.Columns) != 2 || !strings.Contains(ros.Ask.Words, "Several columns") {
		t.Errorf("two columns of no known name: %+v", ros)
	}
	ros = read(t, a+",ask "+eve+" first\n"+b+",x\n")
	if row := ros.Rows[0]; row.Value != "" || !strings.Contains(row.Problem, "another user") {
		t.Errorf("another user among words: %+v", row)
	}
	parts := map[string]string{"xl/workbook.xml": "<workbook/>"}
	for n := range 5001 {
		parts[fmt.Sprint(n)] = ""
	}
	var refused *roster.Error
	if _, err := roster.Read(bytes.NewReader(MustZip(t, parts)), roster.Limits{}); !errors.As(err, &refused) || refused.Code != roster.CodeTooBig {
		t.Errorf("a workbook of 5002 parts: %v", err)
	}
}

// A form's field for users takes users alone, and none of two columns.
func TestParseList_refused(t *testing.T) {
	for text, words := range map[string]string{
		"group:Everyone":               "fields of their own",
		"ana@example.com because lost": "fields of their own",
		"ana@example.com factors:sms":  "fields of their own",
		"login,boss\nana@example.com,eve@example.com\nbob@example.com,eve@example.com": "Several columns",
		"":                     "at least one user",
		"login\nab\nbo":        `I don't know "login"`,
		",;":                   "Nobody is named",
		"ana@example.com @bob": `"@bob"`,
		"@bob":                 "Pick the person from the list",
		"carrier pigeon":       `I don't know "carrier". Use e-mails, logins or Okta IDs; before a login that looks odd write login:`,
		"ana@example.com factors:sms columns:login": "fields of their own",
	} {
		l, err := roster.ParseList(text)
		var refused *roster.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Words, words) {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
}
