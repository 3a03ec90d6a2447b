package okta

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSearchWidth: the most that a server takes is found in a few refusals, to within a sixteenth.
func TestSearchWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 300).Draw(t, "most")
		w := newSearchWidth()
		refusals, calls := 0, 0
		for {
			n, settled := w.next()
			if settled {
				break
			}
			if calls++; calls > 30 {
				t.Fatal("it is never settled")
			}
			if n > most {
				refusals++
				w.refuse(n)
			} else {
				w.accept(n)
			}
		}
		got, _ := w.next()
		want := min(most, mostWidth)
		if got > want || got < want-max(want/16, 1) || refusals > 9 {
			t.Errorf("%d found of %d after %d refusals", got, most, refusals)
		}
		if w.renew(); got >= firstWidth {
			if again, _ := w.next(); again != got {
				t.Errorf("a good width was forgotten")
			}
		}
	})
}
