package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"factorbot/bot/reset"
)

// Whatever is in a file: the check ends, without a panic, and a file that bbolt
// and we have written passes.
func FuzzCheckPages(f *testing.F) {
	whole := mustFile(f)
	page := os.Getpagesize()
	f.Add(uint32(0), []byte{})
	f.Add(uint32(2*page), []byte{1, 2, 3})
	f.Add(uint32(5*page+8), []byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) // a leaf that says it is a branch
	f.Add(uint32(3*page+8), []byte{0x10, 0, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint32, damage []byte) {
		b := bytes.Clone(whole)
		copy(b[int(at)%len(b):], damage)
		c := &pageCheck{file: bytes.NewReader(b), pageSize: int64(page)}
		err := c.run(int64(len(b)))
		if same := bytes.Equal(b, whole); same && err != nil {
			t.Errorf("an undamaged file: %v", err)
		}
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "factorbot.db") // what we let pass, bbolt must be able to use
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, testOrg)
		if err != nil {
			t.Fatal(err)
		}
		mustTerm(t, s)
		collect(t, s.Requests(t.Context(), Query{}))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

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
