package oktasim

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	values := map[string]any{"a": "One", "b": "two", "n": 3.0, "yes": true, "when": time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "empty": "", "many": []any{"x", "y"}}
	get := func(attribute string) any { return values[attribute] }
	for _, test := range []struct {
		text     string
		fold     bool
		want     bool
		problem  string
		position int
	}{
		{text: `a eq "One"`, want: true},
		{text: `a eq "one"`, want: false},
		{text: `a eq "one"`, fold: true, want: true},
		{text: `A EQ "one"`, fold: true, want: false}, // attributes are exact
		{text: `a EQ "One"`, want: true},
		{text: `a sw "On" and b ew "wo"`, want: true},
		{text: `a co "n"`, want: true},
		{text: `a eq "x" or b eq "two" and n gt 2`, want: true},
		{text: `b eq "two" or a eq "x" and n gt 5`, want: true}, // and binds closer
		{text: `(b eq "two" or a eq "x") and n gt 5`, want: false},
		{text: `not a eq "x" and b eq "x"`, want: false}, // not binds closest
		{text: `not (a eq "x" and b eq "x")`, want: true},
		{text: `not not yes eq true`, want: true},
		{text: `yes eq false`, want: false},
		{text: `yes ne false`, want: true},
		{text: `n le 3 and n ge 3 and n lt 3.5`, want: true},
		{text: `when gt "2026-01-01T00:00:00.000Z" and when lt "2026-01-03"`, want: true},
		{text: `when gt "nonsense"`, want: false},
		{text: `a pr`, want: true},
		{text: `empty pr or none pr`, want: false},
		{text: `none eq "x"`, want: false},
		{text: `none ne "x"`, want: true},
		{text: `many eq "y"`, want: true},
		{text: `many eq "z"`, want: false},
		{text: `a eq "quote \" and \\ slash"`, want: false},
		{text: `android eq "x" or a pr`, want: true}, // begins with and
		{text: ``, problem: "attribute"},
		{text: `a`, problem: "operator", position: 1},
		{text: `a is "x"`, problem: "operator"},
		{text: `a eq`, problem: "quotes"},
		{text: `a eq One`, problem: "quotes"},
		{text: `a eq "One`, problem: "without end"},
		{text: `(a eq "One"`, problem: "expected )"},
		{text: `a eq "One")`, problem: "unexpected"},
		{text: `a eq "One" b`, problem: "unexpected"},
		{text: `a eq "One" and`, problem: "attribute"},
		{text: `not`, problem: "attribute"},
		{text: strings.Repeat("(", 100) + `a pr` + strings.Repeat(")", 100), problem: "too deep"},
		{text: strings.Repeat("not ", 100) + `a pr`, problem: "too deep"},
		{text: `a pr` + strings.Repeat(` or a pr`, 10), problem: "more than 10"},
	} {
		n, err := parse(test.text, 10)
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%s: error %v, want one about %q", test.text, err, test.problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		} else if got := n.holds(get, test.fold); got != test.want {
			t.Errorf("%s: %v, want %v", test.text, got, test.want)
		}
	}
}

// Whatever the text, parse ends, and an expression negated twice is itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`a eq "x"`, `not (a eq "x" or b co "y\"") and c pr`, `((`, `"`, `a gt 1e9`, "\xff eq \"\xff\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		get := func(attribute string) any { return attribute }
		n, err := parse(text, 20)
		if err != nil {
			return
		}
		twice, err := parse("not (not ("+text+"))", 20)
		if err != nil {
			if strings.Contains(err.Error(), "too deep") {
				return
			}
			t.Fatalf("%q parses, its double negation does not: %v", text, err)
		}
		if n.holds(get, true) != twice.holds(get, true) {
			t.Fatalf("%q is not its double negation", text)
		}
	})
}
