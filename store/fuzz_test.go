package store

import (
	"testing"

	"factorbot/bot/reset"
)

// Whatever is in a value: it is read or refused, and what is read keeps its order when written again.
func FuzzUnpack(f *testing.F) {
	l := lines{}
	if err := l.add(outcome(1, userID(1), t0)); err != nil {
		f.Fatal(err)
	}
	b, err := l.deflated(-1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("={\"seq\":1}\n{\"seq\":2}\n"))
	f.Add([]byte("="))
	f.Add([]byte{})
	f.Add([]byte{deflated, 0xff})
	f.Fuzz(func(t *testing.T, value []byte) {
		entries, err := unpack[reset.Entry](&opener{}, value)
		if err != nil {
			return
		}
		again := lines{}
		for _, e := range entries {
			if err := again.add(e); err != nil {
				return // a time that JSON cannot write, such as the year 10000
			}
		}
		b, err := again.deflated(-1)
		if err != nil {
			t.Fatal(err)
		}
		back, err := unpack[reset.Entry](&opener{}, b)
		if err != nil || len(back) != len(entries) {
			t.Fatalf("%d entries became %d: %v", len(entries), len(back), err)
		}
		for i := range back {
			if back[i].Seq != entries[i].Seq || back[i].Kind != entries[i].Kind {
				t.Errorf("entry %d became %+v, was %+v", i, back[i], entries[i])
			}
		}
	})
}
