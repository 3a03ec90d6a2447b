package roster_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"factorbot/bot/roster"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares got with a file, or writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

// TestRead_samples reads rosters as people have them.
func TestRead_samples(t *testing.T) {
	files, err := filepath.Glob("testdata/rosters/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample rosters: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := roster.Read(bytes.NewReader(raw), roster.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			fmt.Fprintf(&out, "column %q, format %q, %d bytes, notes %q\n", got.Column, got.Format, got.Bytes, got.Notes)
			for i, line := range brief(got.Rows) {
				fmt.Fprintf(&out, "%s\n\tinput %q\n", line, got.Rows[i].Input)
			}
			golden(t, filepath.Join("testdata", "golden", filepath.Base(file)+".txt"), out.Bytes())
		})
	}
}
