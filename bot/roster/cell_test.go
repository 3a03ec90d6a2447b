package roster

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

// The quick look at a cell takes only what the thorough one takes as it stands.
func TestReadPlain_agrees(t *testing.T) {
	runes := rapid.SampledFrom([]rune("azAZ09._-@ #+'\"<>/%=(),;:|ü\u200b"))
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.StringOfN(runes, 1, 24, -1).Draw(rt, "cell")
		if rapid.Bool().Draw(rt, "as an ID") {
			cell = "00u" + cell
		}
		c, ok := readPlain(cell)
		if !ok {
			return
		}
		want := addressProblem(cell) == "" && c.kind == claimAddress || idPattern.MatchString(cell) && c.kind == claimID
		if !want || c.value != cell || c.problem != "" {
			rt.Errorf("%q: %+v, %s", cell, c, addressProblem(cell))
		}
	})
}

// Nearly every cell of a roster is plain, and is not looked at twice.
func TestReadPlain(t *testing.T) {
	long := strings.Repeat("a", maxLogin-len("@example.com"))
	for cell, want := range map[string]claimKind{
		"azAZ09@az.AZ.09":            claimAddress,
		"a.b_c-d@example-1.com":      claimAddress,
		"a@b.c":                      claimAddress,
		long + "@example.com":        claimAddress,
		"00uaaaaaaaaaaaaaaaaa":       claimID,
		"00uAZaz09AZaz09AZaz0":       claimID,
		"a@bc":                       claimNone,
		long + "a@example.com":       claimNone,
		"@example.com":               claimNone,
		"ana.example.com@":           claimNone,
		"ana@@example.com":           claimNone,
		"a@b@example.com":            claimNone,
		".ana@example.com":           claimNone,
		"ana@example.com.":           claimNone,
		"-ana@example.com":           claimNone,
		"ana lima@example.com":       claimNone,
		"ana+x@example.com":          claimNone,
		"anaexample":                 claimNone,
		"00uaaaaaaaaaaaaaaaa":        claimNone,
		"00u.aaaaaaaaaaaaaaaa":       claimNone,
		"01uaaaaaaaaaaaaaaaaa":       claimNone,
		"ana[x]@example.com":         claimNone,
		"ana{@example.com":           claimNone,
		"ana`@example.com":           claimNone,
		"ana:@example.com":           claimNone,
		"ana/@example.com":           claimNone,
		"ana\u00fc@example.com":      claimNone,
		"\u200bana.lima@example.com": claimNone,
	} {
		c, ok := readPlain(cell)
		if ok != (want != claimNone) || c.kind != want {
			t.Errorf("%q: %+v, %t", cell, c, ok)
		}
	}
}

// A column of another kind leads to others only where several rows differ, and more than half of all.
func TestDoubt_Leads(t *testing.T) {
	probe := func(own, other string) Probe {
		p := Probe{Other: reset.Ref{Value: other}}
		if own != "" {
			p.Own = []reset.Ref{{Value: own}}
		}
		return p
	}
	same, differs, nobody := probe("ana", "ana"), probe("ana", "ben"), probe("ana", "")
	first := func(refs ...reset.Ref) reset.UserID {
		for _, r := range refs {
			if r.Value != "" {
				return reset.UserID(r.Value)
			}
		}
		return ""
	}
	for name, c := range map[string]struct {
		doubt Doubt
		want  bool
	}{
		"one differs":                                              {Doubt{Probes: []Probe{same, differs}}, true},
		"none differs":                                             {Doubt{Probes: []Probe{same, nobody}}, false},
		"nobody here, and the column is used":                      {Doubt{Used: true, Probes: []Probe{probe("", "ben")}}, false},
		"nobody here, and it is not used":                          {Doubt{Probes: []Probe{probe("", "ben")}}, true},
		"another kind, one differs":                                {Doubt{another: true, found: 1, rows: 1, Probes: []Probe{differs}}, false},
		"another kind, two of three":                               {Doubt{another: true, found: 3, rows: 3, Probes: []Probe{differs, differs, same}}, true},
		"another kind, half of them":                               {Doubt{another: true, found: 4, rows: 4, Probes: []Probe{differs, differs, same, same}}, false},
		"another kind, two of a thousand rows":                     {Doubt{another: true, found: 2, rows: 1000, Probes: []Probe{differs, differs}}, false},
		"another kind, half of the probes of many that were found": {Doubt{another: true, found: 100, rows: 100, Probes: []Probe{differs, differs, same}}, true},
	} {
		if got := c.doubt.Leads(first); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A row of an export with more cells than its header is read as far as the header goes.
func TestReadExport_long_row(t *testing.T) {
	got, err := ReadExport(strings.NewReader("Username,First name\nk@example.com,K,more,cells\n"), Limits{})
	if err != nil || len(got) != 1 || got[0] != (Exported{Login: "k@example.com", First: "K"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for users, code := range map[int]string{0: "", 1: CodeTooMany, 2: ""} {
		_, err := ReadExport(strings.NewReader("Username\nk@example.com\nl@example.com\n"), Limits{Users: users})
		var refused *Error
		if code == "" && err != nil || code != "" && (!errors.As(err, &refused) || refused.Code != code) {
			t.Errorf("at most %d users: %v", users, err)
		}
	}
}

// Logins without a header are seen where each line is one, and the file says nothing else.
func TestRead_bare_logins(t *testing.T) {
	for text, hinted := range map[string]bool{"jdoe1\nana.lima\n": true, "jdoe1,x\nana.lima,y\n": false, "jdoe1\nana lima writes\n": false, "jdoe1\n": false} {
		_, err := Read(strings.NewReader(text), Limits{})
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != CodeNoColumn || strings.Contains(refused.Words, "login above") != hinted {
			t.Errorf("%q: %v", text, err)
		}
	}
}
