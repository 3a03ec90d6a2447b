package series_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"factorbot/store/internal/series"
)

// item is what a series may hold.
type item struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind"`
}

// mustPack returns items as one value.
func mustPack(tb testing.TB, items ...item) []byte {
	tb.Helper()
	var lines bytes.Buffer
	for _, i := range items {
		if err := json.NewEncoder(&lines).Encode(i); err != nil {
			tb.Fatal(err)
		}
	}
	var zip series.Deflater
	return zip.Value(lines.Bytes())
}

// Whatever is in a value: it is read or refused, and what is read keeps its order when written again.
func FuzzUnpack(f *testing.F) {
	f.Add(mustPack(f, item{Seq: 1, Kind: "outcome"}))
	f.Add([]byte("={\"seq\":1}\n{\"seq\":2}\n")) // as an earlier version wrote them
	f.Add([]byte("="))
	f.Add([]byte{})
	f.Add([]byte{'z', 0xff})
	f.Fuzz(func(t *testing.T, value []byte) {
		items, err := series.Unpack[item](value)
		if err != nil {
			return
		}
		if back, err := series.Unpack[item](mustPack(t, items...)); err != nil || !slices.Equal(back, items) {
			t.Fatalf("%v became %v: %v", items, back, err)
		}
	})
}
