package roster

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

// The quick look at a cell takes only what the thorough one takes as it stands.
func TestIsPlainAddress_agrees(t *testing.T) {
	runes := rapid.SampledFrom([]rune("azAZ09._-@ #+'\"<>/%=(),;:|ü\u200b"))
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.StringOfN(runes, 1, 24, -1).Draw(rt, "cell")
		if isPlainAddress(cell) && addressProblem(cell) != "" {
			rt.Errorf("%q: %s", cell, addressProblem(cell))
		}
	})
}

// Nearly every cell of a roster is plain, and is not looked at twice.
func TestIsPlainAddress(t *testing.T) {
	long := strings.Repeat("a", maxLogin-len("@example.com"))
	for cell, want := range map[string]bool{
		"azAZ09@az.AZ.09":            true,
		"a.b_c-d@example-1.com":      true,
		"a@b.c":                      true,
		long + "@example.com":        true,
		"a@bc":                       false,
		long + "a@example.com":       false,
		"@example.com":               false,
		"ana.example.com@":           false,
		"ana@@example.com":           false,
		"a@b@example.com":            false,
		".ana@example.com":           false,
		"ana@example.com.":           false,
		"-ana@example.com":           false,
		"ana lima@example.com":       false,
		"ana+x@example.com":          false,
		"anaexample":                 false,
		"00uaaaaaaaaaaaaaaaaa":       false,
		"ana[x]@example.com":         false,
		"ana{@example.com":           false,
		"ana`@example.com":           false,
		"ana:@example.com":           false,
		"ana/@example.com":           false,
		"ana\u00fc@example.com":      false,
		"\u200bana.lima@example.com": false,
	} {
		if got := isPlainAddress(cell); got != want {
			t.Errorf("%q: %t", cell, got)
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
	got, err := ReadExport(strings.NewReader("Username,First name\nk@example.com,K,more,cells\n"))
	if err != nil || len(got) != 1 || got[0] != (Exported{Login: "k@example.com", First: "K"}) {
		t.Errorf("%+v, %v", got, err)
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

// What nearly looks like an ID is none: it would go into the path of a call.
func TestReadCell_near_IDs(t *testing.T) {
	for _, cell := range []string{"00uaaaaaaaaaaaaaaaa", "00u.aaaaaaaaaaaaaaaa", "01uaaaaaaaaaaaaaaaaa", "00uaaaaaaaaaaaaaaaaaa", "00uaaaaaaaaaaaaaaaa/", "00uaaaaaaaaaaaaaaaa\u0430"} {
		if c := readCell(cell); c.kind == claimID {
			t.Errorf("%q is taken for the ID %q", cell, c.value)
		}
	}
	if c := readCell("00uAZaz09AZaz09AZaz0"); c.kind != claimID || c.value != "00uAZaz09AZaz09AZaz0" {
		t.Errorf("an ID is %+v", c)
	}
}
