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

// values are what the rows of a file look up, "!" for a row that names nobody.
func values(ros *roster.Roster) []string {
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
