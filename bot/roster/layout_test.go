package roster_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"factorbot/bot/roster"
)

// account is all that a reading says, a line for each thing.
func account(ros *roster.Roster, err error) []string {
	var refused *roster.Error
	if errors.As(err, &refused) {
		return []string{fmt.Sprintf("refused %s %d: %s", refused.Code, refused.Line, refused.Words)}
	}
	var all []string
	for i, line := range brief(ros.Rows) {
		row := ros.Rows[i]
		if row.Input != row.Value {
			line += fmt.Sprintf(" of %q", row.Input)
		}
		for _, also := range row.Also {
			line += fmt.Sprintf(", also %s %s", also.Kind, also.Value)
			if also.Loose {
				line += " loosely"
			}
		}
		all = append(all, line)
	}
	for _, note := range ros.Notes {
		all = append(all, "note: "+note)
	}
	for _, d := range ros.Doubts {
		all = append(all, "doubt: "+d.Column)
	}
	if ros.Ask != nil {
		all = append(all, "ask: "+ros.Ask.Words)
		ros.Choices = ros.Ask.Columns
	}
	for _, c := range ros.Choices {
		all = append(all, fmt.Sprintf("choice %d %q: %q", c.Number, c.Header, c.Samples))
	}
	return all
}

// TestRead_account reads lists as people have them to the letter: each row, what is noted,
// and what is asked.
func TestRead_account(t *testing.T) {
	const a, b, c, eve = "ana@example.com", "bob@example.com", "cyd@example.com", "eve@example.com"
	for name, tt := range map[string]struct {
		file string
		want []string
	}{
		"a title above a list": {"Reset these, please\n" + a + "\n" + b, []string{
			"2 login ana@example.com",
			"3 login bob@example.com",
			"note: The file has no header; its column 1 names the users.",
		}},
		"a letter of 20 lines above a list": {strings.Repeat("some words\n", 19) + "Reset these:\n" + a, []string{
			"21 login ana@example.com",
		}},
		"a header at line 20 of a report": {strings.Repeat("a report\n", 19) + "Who,Where\n" + a + ",Berlin\n", []string{
			"21 login ana@example.com",
		}},
		"a header at line 20 tells the separator": {strings.Repeat("a report\n", 19) + "login;note, remarks\njdoe1;a, b\n", []string{
			"21 login jdoe1",
		}},
		"a header of long names": {"Who is it, " + strings.Repeat("x", 65) + ";" + strings.Repeat("y", 80) + "\n" + a + ";1", []string{
			"2 login ana@example.com",
		}},
		"a sentence above a list of two columns": {"Who;" + strings.Repeat("y", 81) + "\n" + a + ";1", []string{
			"2 login ana@example.com",
			"note: The file has no header; its column 1 names the users.",
		}},
		"a table on its side with an unknown line": {"user," + a + "," + b + "\nTeam,IT,HR\nManager," + eve + "," + eve + "\n", []string{
			`refused no_column 3: Line 3 has "Manager" beside a user, so the table seems to lie on its side: put the headers in the first line, and each user on a line of their own.`,
		}},
		"a heading is taken back": {"Do not reset:\n" + eve + "\nReset:\n" + a + ", " + b + "\n" + c + ", " + eve + "\n", []string{
			"ask: The file has no header, and several users in a line.",
			`choice 1 "": ["eve@example.com" "ana@example.com"]`,
			`choice 2 "": ["bob@example.com" "eve@example.com"]`,
		}},
		"labels name the user and another": {"User: " + a + "; Manager: " + eve + "\nUser: " + b + "; Manager: " + eve, []string{
			`1 login ana@example.com of "User: ana@example.com"`,
			`2 login bob@example.com of "User: bob@example.com"`,
			`note: Users after "Manager:" aren't taken.`,
			"note: The file has no header; its column 1 names the users.",
		}},
		"several labelled in a line": {"To: " + a + "; Cc: " + eve + "; mia@example.com\nTo: " + b + "; Cc: " + eve + "; mia@example.com", []string{
			`1 login ana@example.com of "To: ana@example.com"`, `2 login bob@example.com of "To: bob@example.com"`,
			`note: Users after "Cc:" aren't taken.`,
		}},
		"a title with an empty cell":     {"Reset list,\n" + a + ",Berlin", []string{"2 login " + a, "note: The file has no header; its column 1 names the users."}},
		"a word before an address alone": {"Bob, <" + a + ">, " + b, []string{`1 ! isn't an e-mail, login or Okta user ID of "Bob"`, `1 login ana@example.com of "<ana@example.com>"`, "1 login " + b}},
		"a word that is no name before a name": {"please, Ana Lima <" + a + ">, " + b, []string{
			`1 ! isn't an e-mail, login or Okta user ID of "please"`, `1 login ana@example.com of "Ana Lima <ana@example.com>"`, "1 login " + b}},
		"our plan file": {"row,input,user_id,login,status,action,reason,detail\n1," + b + "," + id1 + "," + a + ",ACTIVE,reset,,\n", []string{
			"2 id " + id1, "note: This file is the bot's own: it names users by user_id, else by login, else by input."}},
		"a login that is nearly the ID": {"userId,Login\n" + id1 + ",00U" + id1[3:], []string{"2 id " + id1 + ", also login 00U" + id1[3:]}},
		"a row that is too long, with words about another": {"login,note\n" + a + ",x,ask " + eve, []string{
			"ask: Line 2 has 3 cells under a header of 2.", `choice 1 "login": ["ana@example.com"]`}},
		"a note about another, and a cell too much": {"login,note\n" + a + ",ask " + eve + ",z", []string{"2 login " + a}},
		"a cell too much with a mark":               {"login,note\n" + a + ",x,Meet @ noon", []string{"2 login " + a}},
		"two users in a cell, no header": {"IT," + a + ";" + b + "\nHR," + c, []string{
			`1 ! names 2 users; put each on a line of its own of "ana@example.com;bob@example.com"`,
			"2 login cyd@example.com",
			"note: The file has no header; its column 2 names the users.",
		}},
		"users in two columns, one in a line": {a + ",x\nx," + b, []string{
			"1 login ana@example.com",
			"2 login bob@example.com",
		}},
		"an empty cell, no header": {"Ana,," + a + "\nBob,," + b, []string{
			"1 login ana@example.com",
			"2 login bob@example.com",
			"note: The file has no header; its column 3 names the users.",
		}},
		"a Slack handle beside a user": {a + ",@ana\n" + b + ",@bob", []string{
			"1 login ana@example.com",
			"2 login bob@example.com",
			"note: The file has no header; its column 1 names the users.",
		}},
		"a line that names nobody": {a + ",IT\nBob,left", []string{
			"1 login ana@example.com",
			`2 ! isn't an e-mail, login or Okta user ID of "Bob"`,
			"note: The file has no header; its column 1 names the users.",
		}},
		"the users of two labels": {"Manager: ," + eve + "\nCc: " + eve + "; User: " + a + "; x", []string{
			`refused no_column 1: Line 1 has "Manager:" beside a user, so the table seems to lie on its side: put the headers in the first line, and each user on a line of their own.`,
		}},
		"names with commas in one line": {"Roy, Bob <" + b + ">, Lima, Ana <" + a + ">", []string{
			`1 login bob@example.com of "Bob <bob@example.com>"`,
			`1 login ana@example.com of "Ana <ana@example.com>"`,
		}},
		"a user with a remark about another": {a + ",IT\nexclude " + eve + ",x\n" + b + ",HR", []string{
			"1 login ana@example.com",
			`2 ! has other words beside the user: leave only the login, e-mail or ID of "exclude eve@example.com"`,
			"3 login bob@example.com",
			"note: The file has no header; its column 1 names the users.",
		}},
		"a report's first line has a known name": {"Login,report of November\nName,Login,Email\nAna," + a + "," + a, []string{
			"3 login ana@example.com",
		}},
		"names in the login's column": {"Username,Email\nAna Lima," + a + "\nBob Roy," + b, []string{
			"2 email ana@example.com, also login Ana Lima loosely",
			"3 email bob@example.com, also login Bob Roy loosely",
			`note: The column "Username" names no Okta user, so "Email" is used.`,
		}},
		"a name among logins": {"login,email\nana.lima," + a + "\nBob Roy," + b, []string{
			"2 login ana.lima, also email ana@example.com",
			"3 email bob@example.com, also login Bob Roy loosely",
			"doubt: email",
			`choice 1 "login": ["ana.lima"]`,
			`choice 2 "email": ["ana@example.com" "bob@example.com"]`,
		}},
		"names alone": {"User ID,Username\n,Ana Lima", []string{
			"2 login Ana Lima ? has a space inside; put each user on a line of its own",
		}},
		"names, and another's address": {"Username,Boss\nAna Lima," + eve + "\nBob Roy," + eve, []string{
			`note: The column "Boss" names users, too, and isn't used.`,
			"ask: The only column of users seems to be about somebody else, such as who filled a form in.",
			`choice 2 "Boss": ["eve@example.com"]`,
		}},
		"columns that name nobody": {"Login,Email\n,n/a\n-,x", []string{
			"2 ! empty: no user is named",
			`3 ! names nobody of "-"`,
		}},
		"IDs of another system among Okta's": {"User ID,Email\n" + id1 + "," + b + "\njdoe1," + a, []string{
			"2 id 00uzPde0IgxLd6GncfBA, also email bob@example.com",
			"3 email ana@example.com, also login jdoe1 loosely",
		}},
		"IDs of another system alone": {"User ID,Name\njdoe1,Ana\n00u123,Bob", []string{
			"2 login jdoe1",
			`3 ! isn't an Okta user ID: those are 00u and 17 letters or digits, this has 6 characters of "00u123"`,
			`note: The column "User ID" holds logins, and is read as such.`,
		}},
		"IDs of two systems": {"userId,Okta ID\n" + id1 + "," + id1[:19] + "a\n" + id1 + "," + id1 + "\n" + id1 + "," + id2, []string{
			"2 id 00uzPde0IgxLd6GncfBA, also id 00uzPde0IgxLd6GncfBa",
			"3 id 00uzPde0IgxLd6GncfBA",
			"4 id 00uzPde0IgxLd6GncfBA, also id 00uJBd0Kh8oOOL8dKLzd",
			"doubt: Okta ID",
			`choice 1 "userId": ["00uzPde0IgxLd6GncfBA"]`,
			`choice 2 "Okta ID": ["00uzPde0IgxLd6GncfBa" "00uzPde0IgxLd6GncfBA"]`,
		}},
		"IDs, logins and a boss": {"userId,login,Boss\n" + id1 + "," + a + "," + eve + "\n" + id2 + "," + b + "," + eve, []string{
			"2 id 00uzPde0IgxLd6GncfBA, also login ana@example.com",
			"3 id 00uJBd0Kh8oOOL8dKLzd, also login bob@example.com",
			`note: The column "Boss" names users, too, and isn't used.`,
			"doubt: Boss",
			`choice 1 "userId": ["00uzPde0IgxLd6GncfBA" "00uJBd0Kh8oOOL8dKLzd"]`,
			`choice 2 "login": ["ana@example.com" "bob@example.com"]`,
			`choice 3 "Boss": ["eve@example.com"]`,
		}},
		"as many IDs as logins": {"User ID\n" + id1 + "\n" + a, []string{
			"2 id 00uzPde0IgxLd6GncfBA",
			"3 login ana@example.com",
		}},
		"one address in two columns": {"login,email\n" + a + ",ANA@example.com", []string{
			"2 login ana@example.com",
		}},
		"three columns of logins": {"login,Username,email\n" + a + "," + b + "," + b, []string{
			"2 login ana@example.com, also login bob@example.com",
			"doubt: Username",
			`choice 1 "login": ["ana@example.com"]`,
			`choice 2 "Username": ["bob@example.com"]`,
			`choice 3 "email": ["bob@example.com"]`,
		}},
		"one login in two cases": {"Login,Username,E-mail\n00uabc,00Uabc,ana@example.com\ngil@example.com,gil@example.com,gil@example.com", []string{
			"2 login 00Uabc, also email ana@example.com",
			"3 login gil@example.com",
			"doubt: E-mail",
			`choice 1 "Login": ["gil@example.com"]`,
			`choice 2 "Username": ["00Uabc" "gil@example.com"]`,
			`choice 3 "E-mail": ["ana@example.com" "gil@example.com"]`,
		}},
		"a row of two names": {"Username,Email\nAna Lima,n/a\nx@example.com,y@example.com", []string{
			"2 login Ana Lima ? has a space inside; put each user on a line of its own",
			"3 login x@example.com, also email y@example.com",
			"doubt: Email",
			`choice 1 "Username": ["x@example.com"]`,
			`choice 2 "Email": ["y@example.com"]`,
		}},
		"a row that is too short": {"Name,Team,Login\nIT," + a + "\nBob,HR," + b, []string{
			"2 ! empty: no user is named",
			"3 login bob@example.com",
			`note: The column "Team" names users, too, and isn't used.`,
			"doubt: Team",
			`choice 2 "Team": ["ana@example.com"]`,
			`choice 3 "Login": ["bob@example.com"]`,
		}},
		"two columns of the same users": {"Alpha,Beta\n" + a + ",ANA@example.com\n" + b + "," + b, []string{
			"2 login ana@example.com",
			"3 login bob@example.com",
			`note: The column "Beta" names users, too, and isn't used.`,
		}},
		"two columns of other users": {"Alpha,Note,Beta\n" + a + ",x," + eve + "\n" + a + ",x,n/a\n" + b + ",x," + eve + "\n" + c + ",x," + a, []string{
			`note: The column "Alpha" names users, too, and isn't used.`,
			`note: The column "Beta" names users, too, and isn't used.`,
			"ask: Several columns name users.",
			`choice 1 "Alpha": ["ana@example.com" "bob@example.com"]`,
			`choice 3 "Beta": ["eve@example.com" "ana@example.com"]`,
		}},
		"a row that is too long, with another user": {"login,note\nana.lima,x\nbob.roy,x," + eve, []string{
			"note: Column 3 names users, too, and isn't used.",
			"ask: Line 3 has 3 cells under a header of 2.",
			`choice 1 "login": ["ana.lima" "bob.roy"]`,
			`choice 3 "": ["eve@example.com"]`,
		}},
		"a row that is too long, and names nobody": {"name,login\nAna,ana.lima\nRoy, Bob,bob.roy", []string{
			"ask: Line 3 has 3 cells under a header of 2.",
			`choice 2 "login": ["ana.lima"]`,
		}},
		"a row that is too long, with a user in its place": {"login,note\nana.lima,x,y", []string{
			"2 login ana.lima",
		}},
		"a list of three": {a + ", " + b + ", " + c, []string{
			"1 login ana@example.com",
			"1 login bob@example.com",
			"1 login cyd@example.com",
		}},
		"our result file": {"row,input,user_id,login,outcome,reason\n1," + b + "," + id1 + "," + a + ",reset,,extra," + eve + "\nrow,input,user_id,login,outcome,reason\n", []string{
			`2 ! has 8 cells under a header of 6, and more than one could be the user; put quotation marks around cells with a separator in them of "00uzPde0IgxLd6GncfBA"`,
			"note: This file is the bot's own: it names users by user_id, else by login, else by input.",
		}},
		"a mark of a spreadsheet's text": {"login\n'jdoe1\n'=jdoe1\n''\n\"'quoted'@example.com\"", []string{
			`2 login jdoe1 of "'jdoe1"`,
			`3 ! starts with "=" like a spreadsheet formula; if it's a login, use the Okta ID instead of "=jdoe1"`,
			`4 ! names nobody of "''"`,
			"5 login 'quoted'@example.com",
		}},
		"a line break in a cell": {"login\n\"ana.lima\nbob.roy\"", []string{
			`2 ! has a line break inside; put each user on a line of its own of "ana.lima\nbob.roy"`,
		}},
		"no header, two columns and a choice": {a + "," + eve, []string{
			"1 login ana@example.com",
			"1 login eve@example.com",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, account(roster.Read(strings.NewReader(tt.file), roster.Limits{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where no user is among the first lines, none of these is passed over as a title.
func TestRead_account_far_user(t *testing.T) {
	ros := read(t, strings.Repeat("ok\n", 21)+"ana@example.com")
	if len(ros.Rows) != 22 || ros.Rows[0].Problem == "" || ros.Rows[21].Value != "ana@example.com" {
		t.Errorf("%+v", ros.Rows)
	}
}

// Which words are not taken is told of ten of them.
func TestRead_account_many_labels(t *testing.T) {
	var file strings.Builder
	for i := range 12 {
		fmt.Fprintf(&file, "Team %c: eve%d@example.com\nbob%d@example.com\n", 'A'+i, i, i)
	}
	told := strings.Join(read(t, file.String()).Notes, "\n")
	if n := strings.Count(told, "aren't taken"); n != 10 || !strings.Contains(told, `"Team A:"`) || !strings.Contains(told, `"Team J:"`) {
		t.Errorf("told of %d: %s", n, told)
	}
}

// The column that the uploader chose is read as it is, and nothing more is asked.
func TestRead_account_of_a_choice(t *testing.T) {
	const a, b, eve = "ana@example.com", "bob@example.com", "eve@example.com"
	for name, tt := range map[string]struct {
		file   string
		column int
		want   []string
	}{
		"a row that is too long": {"login,note\n" + a + ",x\n" + b + ",x," + eve, 1, []string{
			"2 login " + a, "3 login " + b, "note: Column 3 names users, too, and isn't used.", `note: Whoever sent the file chose The column "login".`}},
		"no header": {a + "," + eve + "\n" + b + "," + eve, 2, []string{
			"1 login " + eve, "2 login " + eve, "note: Column 1 names users, too, and isn't used.", "note: Whoever sent the file chose Column 2."}},
		"a column that there isn't": {"login,note\n" + a + ",x", 3, []string{"refused no_column 0: The file has no column 3."}},
		"the last column":           {"login,Boss\n" + a + "," + eve, 2, []string{"2 login " + eve, `note: The column "login" names users, too, and isn't used.`, `note: Whoever sent the file chose The column "Boss".`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, account(roster.Read(strings.NewReader(tt.file), roster.Limits{Column: tt.column}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A workbook is read by its first sheet that lists users; what else names users is told,
// and so is all that is hidden, wherever it is.
func TestRead_account_of_workbooks(t *testing.T) {
	const a, b, c, eve = "ana@example.com", "bob@example.com", "cyd@example.com", "eve@example.com"
	for name, tt := range map[string]struct {
		fill func(f *excelize.File)
		want []string
	}{
		"hidden sheets with hidden rows and columns": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email", a)
			_, _ = f.NewSheet("Old")
			rows(f, "Old", "Email,Boss", b+","+eve, c+","+eve)
			_ = f.SetRowVisible("Old", 3, false)
			_ = f.SetColVisible("Old", "B", false)
			_ = f.SetSheetVisible("Old", false)
			_, _ = f.NewSheet("Older")
			rows(f, "Older", "Email", b)
			_ = f.SetSheetVisible("Older", false)
		}, []string{"2 email " + a, "note: Hidden sheets name users, too (5), and aren't read."}},
		"hidden rows of several sheets": {func(f *excelize.File) {
			rows(f, "Sheet1", "Read me", "x", eve)
			_ = f.SetRowVisible("Sheet1", 3, false)
			_, _ = f.NewSheet("Users")
			rows(f, "Users", "Email,Boss", a+","+eve, b+","+eve)
			_ = f.SetRowVisible("Users", 3, false)
			_ = f.SetColVisible("Users", "B", false)
			_, _ = f.NewSheet("Old")
			rows(f, "Old", "Name,Email", "Cyd,"+c)
			_ = f.SetColVisible("Old", "B", false)
		}, []string{"2 email " + a, "note: Hidden or filtered rows name users, too (3), and aren't read.", "note: Hidden columns name users, too (2), and aren't read."}},
		"hidden columns alone": {func(f *excelize.File) {
			rows(f, "Sheet1", "Name,Email", "Ana,"+a)
			_ = f.SetColVisible("Sheet1", "B", false)
		}, []string{"refused no_column 0: The users of this workbook are only in hidden or filtered rows, columns or sheets, which aren't read: show them, and drop the file again."}},
		"a contact and hidden users": {func(f *excelize.File) {
			rows(f, "Sheet1", "Contact: "+eve, a)
			_ = f.SetRowVisible("Sheet1", 2, false)
		}, []string{"refused no_column 0: The users of this workbook are only in hidden or filtered rows, columns or sheets, which aren't read: show them, and drop the file again."}},
		"a list in one cell": {func(f *excelize.File) { rows(f, "Sheet1", a+" and "+b) }, []string{"1 login " + a, "1 login " + b}},
		"a contact alone": {func(f *excelize.File) { rows(f, "Sheet1", "MFA campaign", "Contact: "+eve) }, []string{
			`refused no_column 1: No column names the users. The headers found are "MFA campaign"; call the column userId, login or email.`}},
		"two covers alone": {func(f *excelize.File) {
			rows(f, "Sheet1", "Approved by:", eve)
			_, _ = f.NewSheet("Terms")
			rows(f, "Terms", "Cc: "+c)
		}, []string{`2 ! is below "Approved by:", so it may be somebody not to reset of "eve@example.com"`, `note: The sheet "Terms" names users, too (1), and isn't read.`}},
		"who approved it, then the list": {func(f *excelize.File) {
			rows(f, "Sheet1", "Approved by:", eve)
			_, _ = f.NewSheet("Users")
			rows(f, "Users", a, "2 users in all")
		}, []string{"1 login " + a, `2 ! isn't an e-mail, login or Okta user ID of "2 users in all"`, `note: The sheet "Sheet1" names users, too (1), and isn't read.`}},
		"long instructions, then the list": {func(f *excelize.File) {
			rows(f, "Sheet1", slices.Repeat([]string{"Fill in the other sheet"}, 40)...)
			_, _ = f.NewSheet("Users")
			rows(f, "Users", "Email", a)
		}, []string{"2 email " + a}},
		"two columns of users, then another list": {func(f *excelize.File) {
			rows(f, "Sheet1", "Alpha,Beta", a+","+eve, b+","+eve)
			_, _ = f.NewSheet("Old")
			rows(f, "Old", "Email", c)
		}, []string{`note: The sheet "Old" names users, too (1), and isn't read.`, `note: The column "Alpha" names users, too, and isn't used.`, `note: The column "Beta" names users, too, and isn't used.`,
			"ask: Several columns name users.", `choice 1 "Alpha": ["ana@example.com" "bob@example.com"]`, `choice 2 "Beta": ["eve@example.com"]`}},
		"a sheet with a mark that names nobody": {func(f *excelize.File) {
			rows(f, "Sheet1", "Email", a)
			_, _ = f.NewSheet("Notes")
			rows(f, "Notes", "Meet @ noon", "00u is how IDs begin")
		}, []string{"2 email " + a}},
		"a chart between the sheets": {func(f *excelize.File) {
			rows(f, "Sheet1", "Team,Sum", "IT,2")
			if err := f.AddChartSheet("Chart", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Values: "Sheet1!$B$1:$B$2"}}}); err != nil {
				t.Error(err)
			}
			_, _ = f.NewSheet("Users")
			rows(f, "Users", "Email", a)
		}, []string{"2 email " + a}},
		"no users at all": {func(f *excelize.File) {
			rows(f, "Sheet1", "Name,Note", "Ana,x")
			_, _ = f.NewSheet("Other")
			rows(f, "Other", "Team,Room", "IT,1")
		}, []string{`refused no_column 1: No column names the users. The headers found are "Name", "Note"; call the column userId, login or email.`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, account(roster.Read(bytes.NewReader(MustBook(t, tt.fill)), roster.Limits{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A sheet of many lines is a list even where its layout has to be mended first: it isn't passed
// over for another one. One of few lines may be a cover.
func TestRead_account_of_a_long_sheet(t *testing.T) {
	for lines, refused := range map[int]bool{30: false, 31: true} {
		book := MustBook(t, func(f *excelize.File) {
			list := append([]string{"eve@example.com", "Email"}, slices.Repeat([]string{"ana@example.com"}, lines-2)...)
			rows(f, "Sheet1", list...)
			_, _ = f.NewSheet("Old")
			rows(f, "Old", "Email", "bob@example.com")
		})
		_, err := roster.Read(bytes.NewReader(book), roster.Limits{})
		if (err != nil) != refused {
			t.Errorf("%d lines: %v", lines, err)
		}
	}
}

// A file of ours tells its rows' numbers and calls; only that of results has outcomes.
func TestRead_own(t *testing.T) {
	for name, results := range map[string]bool{"results.csv": true, "plan.csv": false} {
		content, err := os.ReadFile(filepath.Join("testdata", "golden", name))
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(string(content), "\n")
		twice := string(content) + header + "\n" + string(content)
		ros := read(t, twice)
		n := len(read(t, string(content)).Rows)
		if ros.Own == nil || ros.Own.Results != results || len(ros.Rows) != 2*n || len(ros.Own.Numbers) != 2*n || len(ros.Own.Calls) != 2*n {
			t.Fatalf("%s: %+v of %d rows", name, ros.Own, len(ros.Rows))
		}
		if ros.Own.Numbers[0] != 1 || ros.Own.Numbers[n] != 1 || ros.Own.Numbers[n-1] != ros.Own.Numbers[2*n-1] {
			t.Errorf("%s: numbers %d", name, ros.Own.Numbers)
		}
		if calls := strings.Join(ros.Own.Calls, ""); (calls != "") != results {
			t.Errorf("%s: calls %q", name, ros.Own.Calls)
		}
	}
	if ros := read(t, "login\nana@example.com\n"); ros.Own != nil {
		t.Errorf("a list is taken for a file of ours: %+v", ros.Own)
	}
}
