package roster_test

import (
	"bytes"
	"fmt"
	"testing"

	"factorbot/bot/roster"
)

// BenchmarkRead reads the largest lists that are ever asked for, and tells how much memory that takes.
func BenchmarkRead(b *testing.B) {
	var csv bytes.Buffer
	csv.WriteString("User Id,Username,Note\n")
	for i := range 100_000 {
		fmt.Fprintf(&csv, "00u%017d,user%d@example.com,\"a note, quoted\"\n", i, i)
	}
	for name, content := range map[string][]byte{"csv": csv.Bytes(), "xlsx": largeBook(b, 100_000)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			var most uint64
			for b.Loop() {
				most = max(most, peak(func() {
					if _, err := roster.Read(bytes.NewReader(content), roster.Limits{}); err != nil {
						b.Fatal(err)
					}
				}))
			}
			b.ReportMetric(float64(most>>20), "peak-MB")
		})
	}
}
