package roster

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
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
