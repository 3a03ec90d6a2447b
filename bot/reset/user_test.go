package reset_test

import (
	"testing"
	"time"

	"factorbot/bot/reset"
)

// Clocks decide nothing where numbers are there.
func TestNote_NewerThan(t *testing.T) {
	for name, c := range map[string]struct {
		seq, last int64
		at        time.Duration // of the note, after the plan
		want      bool
	}{
		"later":                             {3, 2, time.Minute, true},
		"later, the clock set back":         {3, 2, -time.Hour, true},
		"earlier":                           {2, 2, -time.Minute, false},
		"earlier, the clock set back":       {2, 2, time.Hour, false},
		"an old note, a new plan":           {0, 1, time.Hour, false},
		"a new note, an old plan":           {2, 0, -time.Hour, true},
		"both of an earlier version":        {0, 0, 1, true},
		"both of an earlier version, equal": {0, 0, 0, false},
	} {
		n := reset.Note{At: start.Add(c.at), Seq: c.seq}
		if got := n.NewerThan(reset.Plan{FrozenAt: start, LastNote: c.last}); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
