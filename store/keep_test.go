package store

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
)

func TestTerm_Keep(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "record.db")
	for round, want := range [][]byte{nil, []byte("first"), []byte("second")} {
		s, err := Open(path, "https://example.okta.com")
		if err != nil {
			t.Fatal(err)
		}
		term, err := s.Lead(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := term.Value(ctx, "ceilings")
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("round %d: %q, %v; want %q", round, got, err, want)
		}
		if err := term.PutValue(ctx, "ceilings", []byte([]string{"first", "second", "third"}[round])); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
