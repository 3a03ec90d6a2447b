package roster_test

import (
	"slices"
	"strings"
	"testing"

	"factorbot/bot/roster"
)

// TestAlike reads texts as a command, a form and a file get them: they name the same users.
func TestAlike(t *testing.T) {
	const a, b = "ana@example.com", "bob@example.com"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"commas":                  {a + ", " + b, []string{a, b}},
		"semicolons":              {a + "; " + b + ";", []string{a, b}},
		"blanks":                  {a + " " + b, []string{a, b}},
		"lines":                   {a + "\n" + b + "\n", []string{a, b}},
		"lines that wrap":         {a + ",\n" + b, []string{a, b}},
		"tabs":                    {a + "\t" + b, []string{a, b}},
		"IDs":                     {id1 + "\n" + b, []string{id1, b}},
		"names before":            {"Ana Lima <" + a + ">; Bob <" + b + ">", []string{a, b}},
		"names with commas":       {`"Lima, Ana" <` + a + `>, "Roy, Bob" <` + b + `>`, []string{a, b}},
		"names with bare commas":  {"Lima, Ana <" + a + ">; Roy, Bob <" + b + ">", []string{a, b}},
		"names on lines":          {"Ana Lima <" + a + ">\nBob Roy <" + b + ">", []string{a, b}},
		"links":                   {"<mailto:" + a + "|" + a + ">, <mailto:" + b + ">", []string{a, b}},
		"mailto":                  {"mailto:" + a + "\nmailto:" + b, []string{a, b}},
		"bullets":                 {"- " + a + "\n- " + b, []string{a, b}},
		"other bullets":           {"• " + a + "\n• " + b, []string{a, b}},
		"numbers":                 {"1. " + a + "\n2) " + b, []string{a, b}},
		"boxes":                   {"[ ] " + a + "\n[x] " + b, []string{a, b}},
		"a label":                 {"To: " + a + "; " + b, []string{a, b}},
		"quotation marks":         {"'" + a + "','" + b + "'", []string{a, b}},
		"curly quotation marks":   {"\u201c" + a + "\u201d, \u201c" + b + "\u201d", []string{a, b}},
		"backticks":               {"`" + a + "` `" + b + "`", []string{a, b}},
		"brackets":                {"('" + a + "', '" + b + "')", []string{a, b}},
		"no-break blanks":         {a + "\u00a0\n\u200b" + b, []string{a, b}},
		"an apostrophe":           {"o'brien@example.com, " + b, []string{"o'brien@example.com", b}},
		"one":                     {a, []string{a}},
		"the end of a sentence":   {a + ", " + b + ".", []string{a, b}},
		"one in angle brackets":   {"<" + a + ">", []string{a}},
		"an address and its name": {"Ana (" + a + ")\nBob (" + b + ")", nil}, // a command takes "Ana" for a word
	} {
		t.Run(name, func(t *testing.T) {
			var command, form, file []string
			if c, err := roster.ParseCommand(tt.text + " because lost phone"); err == nil {
				for _, u := range c.Users {
					command = append(command, u.Value)
				}
			}
			if l, err := roster.ParseList(tt.text); err == nil {
				for _, u := range l.Users {
					form = append(form, u.Value)
				}
				if l.Table != nil {
					form = values(l.Table)
				}
			}
			if ros, err := roster.Read(strings.NewReader(tt.text), roster.Limits{}); err == nil && ros.Ask == nil {
				file = values(ros)
			}
			want := tt.want
			if want == nil { // at least none of them takes another user
				want = []string{a, b}
				if command == nil {
					command = want
				}
			}
			if !slices.Equal(command, want) || !slices.Equal(form, want) || !slices.Equal(file, want) {
				t.Errorf("command %q, form %q, file %q", command, form, file)
			}
		})
	}
}

// TestAlike_asks reads texts in which several lines have several users: who of
// them is meant is asked about in a file, and refused with what to do where nobody
// can be asked, in a command and a form. None takes one column, or both.
func TestAlike_asks(t *testing.T) {
	const a, b, c, d = "ana@example.com", "bob@example.com", "cyd@example.com", "dan@example.com"
	for name, tt := range map[string]struct {
		text string
		want []string // nil: asked about
	}{
		"commas":                         {a + ", " + b + "\n" + c + ", " + d, nil},
		"tabs":                           {a + "\t" + b + "\n" + c + "\t" + d, nil},
		"semicolons":                     {a + ";" + b + "\r\n" + c + ";" + d, nil},
		"blanks":                         {a + " " + b + "\n" + c + " " + d, nil},
		"lines of different lengths":     {a + ", " + b + "\n" + c, nil},
		"the last alone":                 {a + "\n" + b + ", " + c, nil},
		"three":                          {a + "," + b + "," + c + "\n" + b + "," + c + "," + d, nil},
		"IDs and addresses":              {id1 + "," + a + "\n" + id2 + "," + b, nil},
		"names":                          {"Ana Lima <" + a + ">, Bob Roy <" + b + ">\nCyd <" + c + ">, Dan <" + d + ">", nil},
		"links":                          {"<mailto:" + a + "|" + a + "> <mailto:" + b + "|" + b + ">\n<mailto:" + c + "|" + c + "> <mailto:" + d + "|" + d + ">", nil},
		"bullets":                        {"- " + a + ", " + b + "\n- " + c + ", " + d, nil},
		"a list that wraps":              {a + ", " + b + ",\n" + c + ", " + d, []string{a, b, c, d}},
		"a list that wraps, semicolons":  {a + "; " + b + ";\n" + c + "; " + d + ";", []string{a, b, c, d}},
		"one line among blank ones":      {"\n" + a + ", " + b + "\n\n", []string{a, b}},
		"the same user twice in a line":  {a + "," + a + "\n" + b + "," + b, []string{a, b}},
		"a link that has its own text":   {"<mailto:" + a + "|" + a + ">\n<mailto:" + b + "|" + b + ">", []string{a, b}},
		"the address is the name, twice": {a + " <" + a + ">\n" + b + " <" + b + ">", []string{a, b}},
	} {
		t.Run(name, func(t *testing.T) {
			command, err := roster.ParseCommand(tt.text + " because lost phone")
			if got := distinct(command.Users); (err != nil) != (tt.want == nil) || !slices.Equal(got, tt.want) {
				t.Errorf("the command takes %q, %v", got, err)
			}
			form, err := roster.ParseList(tt.text)
			got := distinct(form.Users)
			if form.Table != nil {
				got = values(form.Table)
			}
			if (err != nil) != (tt.want == nil) || !slices.Equal(got, tt.want) {
				t.Errorf("the form takes %q, %v", got, err)
			}
			file, err := roster.Read(strings.NewReader(tt.text), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := values(file); (file.Ask != nil) != (tt.want == nil) || !slices.Equal(got, tt.want) {
				t.Errorf("the file takes %q, asks %+v", got, file.Ask)
			}
		})
	}
}

// What names a user is never taken for a part of another one's name.
func TestAlike_noNameHasAUser(t *testing.T) {
	for _, text := range []string{"eve@example.com|Ana Lima <ana@example.com>", "bob@example.com; eve@example.com|Ana Lima <ana@example.com>"} {
		if c, err := roster.ParseCommand(text + " because lost phone"); err == nil {
			t.Errorf("the command takes %q", distinct(c.Users))
		}
		ros, err := roster.Read(strings.NewReader(text), roster.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := values(ros); slices.Contains(got, "ana@example.com") && !slices.Contains(got, "!") && !slices.Contains(got, "eve@example.com") {
			t.Errorf("%q: the file takes %q", text, got)
		}
	}
}

// TestAlike_logins names users by logins without an @, in the three ways in which
// that is said: after login:, in the form's field for users, under a login's header.
func TestAlike_logins(t *testing.T) {
	for login, inForm := range map[string]bool{
		"ana.lima": true, "jdoe1": true, `CORP\bob`: true, "ops/admin": true, "janedoe": true, "JANEDOE": true, "jane-doe": true, "müller": true, "12345": true,
		"名前名前名前": true, strings.Repeat("x", 100): true, "o'brien": true, "svc$backup": true,
		"jean dupont": false, "svc{backup}": false, "dept:ops": false, `say "hi"`: false, "../groups/00g1": false, "a|b|c": false, // odd ones have to be said to be logins
	} {
		t.Run(login, func(t *testing.T) {
			quoted := `"` + login + `"`
			if strings.Contains(login, `"`) {
				return // a command has no way to write a quotation mark inside quotation marks
			}
			c, err := roster.ParseCommand("login:" + quoted + " because lost phone")
			if err != nil || len(c.Users) != 1 || roster.RowOf(1, c.Users[0]).Value != login {
				t.Errorf("after login: %+v, %v", c.Users, err)
			}
			l, err := roster.ParseList(login)
			if got := err == nil && len(l.Users) == 1 && roster.RowOf(1, l.Users[0]).Value == login; got != inForm {
				t.Errorf("in the form: %+v, %v", l, err)
			}
			if l, err = roster.ParseList("login:" + quoted); err != nil || len(l.Users) != 1 || roster.RowOf(1, l.Users[0]).Value != login {
				t.Errorf("in the form after login: %+v, %v", l, err)
			}
			if l, err = roster.ParseList("login\n" + login); err != nil || l.Table == nil || !slices.Equal(values(l.Table), []string{login}) {
				t.Errorf("as a table in the form: %+v, %v", l, err)
			}
			ros, err := roster.Read(strings.NewReader("login\n"+login), roster.Limits{})
			if err != nil || !slices.Equal(values(ros), []string{login}) {
				t.Errorf("in a file: %+v, %v", ros, err)
			}
		})
	}
	for text, want := range map[string][]string{
		"jdoe1 asmith2":          {"jdoe1", "asmith2"},
		"jdoe1, , ana.lima":      {"jdoe1", "ana.lima"},
		"jdoe1, ana.lima; bob22": {"jdoe1", "ana.lima", "bob22"},
		"janedoe\nasmith":        {"janedoe", "asmith"},
		"janedoe, a@example.com": {"janedoe", "a@example.com"},
		"please reset jdoe1":     nil, // a sentence
		"jane doe":               nil, // a name
		"me":                     nil,
		"jdoe1\nJane":            nil, // four letters are no login of Okta's
	} {
		if l, err := roster.ParseList(text); !slices.Equal(distinct(l.Users), want) || (err != nil) != (want == nil) {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
}

// distinct are the values of some users, each once.
func distinct(users []roster.UserRef) []string {
	var all []string
	for _, u := range users {
		if !slices.Contains(all, u.Value) {
			all = append(all, u.Value)
		}
	}
	return all
}

// values are what the rows of a file look up, "!" for a row that names nobody.
func values(ros *roster.Roster) []string {
	if ros.Ask != nil {
		return nil
	}
	var all []string
	for _, r := range ros.Rows {
		if r.Problem != "" {
			all = append(all, "!")
			continue
		}
		all = append(all, r.Value)
	}
	return all
}
