package series

import (
	"slices"
	"testing"
)

// item is what a series may hold.
type item struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind"`
}

// Whatever is in a value: it is read or refused, and what is read keeps its order when written again.
func FuzzUnpack(f *testing.F) {
	l := Lines{}
	if err := l.Add(item{Seq: 1, Kind: "outcome"}); err != nil {
		f.Fatal(err)
	}
	b, err := l.Deflated(-1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("={\"seq\":1}\n{\"seq\":2}\n"))
	f.Add([]byte("="))
	f.Add([]byte{})
	f.Add([]byte{Deflated, 0xff})
	f.Fuzz(func(t *testing.T, value []byte) {
		items, err := Unpack[item](&Opener{}, value)
		if err != nil {
			return
		}
		again := Lines{}
		for _, i := range items {
			if err := again.Add(i); err != nil {
				t.Fatal(err)
			}
		}
		b, err := again.Deflated(-1)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Unpack[item](&Opener{}, b); err != nil || !slices.Equal(back, items) {
			t.Fatalf("%v became %v: %v", items, back, err)
		}
	})
}
