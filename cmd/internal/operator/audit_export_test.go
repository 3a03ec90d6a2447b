package operator_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/operator"
	"factorbot/store"
)

// An export that meets damage on its way has written what could be read before, to the last row.
func TestRunAudit_exportOfADamagedRecord(t *testing.T) {
	db := filepath.Join(t.TempDir(), "factorbot.db")
	file, err := store.Open(db, "https://example.okta.com")
	if err != nil {
		t.Fatal(err)
	}
	term, err := file.Lead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 140 { // the record keeps a log in blocks: more than one
		if err := term.AppendOrgFacts(t.Context(), reset.Fact{Name: []string{"early_fact", "late_fact"}[n/139], At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(db, bytes.ReplaceAll(whole, []byte("late_fact"), []byte("last_fact")), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = operator.RunAudit(t.Context(), []string{"export", "--db", db, "--format", "csv"}, cli.Env{Stdout: &out, Stderr: &out})
	if damaged := (*store.DamagedError)(nil); !errors.As(err, &damaged) {
		t.Errorf("error %v, want one about the damage", err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) < 50 || strings.Contains(out.String(), "last_fact") {
		t.Errorf("%d rows, %v:\n%.2000s", len(rows), err, out.String())
	}
}
