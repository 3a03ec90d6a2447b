package width_test

import (
	"testing"

	"pgregory.net/rapid"

	"factorbot/okta/internal/width"
)

// TestSearchWidth: the most that a server takes is found in a few refusals, to within a sixteenth.
func TestSearchWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 300).Draw(t, "most")
		w := &width.Search{}
		refusals, calls := 0, 0
		for {
			n, settled := w.Next()
			if settled {
				break
			}
			if calls++; calls > 30 {
				t.Fatal("it is never settled")
			}
			if n > most {
				refusals++
				w.Refuse(n)
			} else {
				w.Accept(n)
			}
		}
		got, _ := w.Next()
		want := min(most, width.Most)
		if got > want || got < want-max(want/16, 1) || refusals > 9 {
			t.Errorf("%d found of %d after %d refusals", got, most, refusals)
		}
		if w.Renew(); got >= 20 {
			if again, _ := w.Next(); again != got {
				t.Errorf("a good width was forgotten")
			}
		}
	})
}
