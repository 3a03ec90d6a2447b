package roster_test

import (
	"bytes"
	"fmt"
	"testing"

	"factorbot/bot/roster"
)

// BenchmarkRead reads the largest roster that is ever asked for.
func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	file.WriteString("User Id,Username,Note\n")
	for i := range 100_000 {
		fmt.Fprintf(&file, "00u%017d,user%d@example.com,\"a note, quoted\"\n", i, i)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := roster.Read(bytes.NewReader(file.Bytes()), roster.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
