package cli

import "testing"

// FuzzNearest holds that a distance is one: nothing only between equal words,
// the same in both directions, at most the longer word.
func FuzzNearest(f *testing.F) {
	f.Add("approvals", "aprovals")
	f.Add("", "x")
	f.Add("over", "ovre")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 60 || len(b) > 60 {
			return
		}
		ra, rb := []rune(a), []rune(b)
		d := distance(ra, rb)
		if (d == 0) != (string(ra) == string(rb)) || d != distance(rb, ra) || d > max(len(ra), len(rb)) {
			t.Errorf("distance(%q, %q) = %d", a, b, d)
		}
		if got := Nearest(a, []string{a, b}); len(a) > 0 && got != a && got != b {
			t.Errorf("nearest(%q) = %q, want itself", a, got)
		}
	})
}
