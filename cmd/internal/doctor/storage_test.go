package doctor

import (
	"path/filepath"
	"strings"
	"testing"

	"factorbot/cmd/internal/config"
	"factorbot/store"
)

// A record whose org was found at another address since is of this org, at both.
func TestCheckDatabase_org_at_another_address(t *testing.T) {
	const old, now = "https://example.okta.com", "https://login.example.com"
	path := filepath.Join(t.TempDir(), "record.db")
	file, err := store.Open(path, old)
	if err != nil {
		t.Fatal(err)
	}
	term, err := file.Lead(t.Context())
	if err == nil {
		err = term.BindOrg(t.Context(), "00o1", old)
	}
	if err == nil {
		err = term.BindOrg(t.Context(), "00o1", now)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{old: "of this org", now: "of this org", "https://other.okta.com": "is the record of " + old} {
		cfg := &config.Config{DB: path}
		cfg.Okta.OrgURL = address
		if f := checkDatabase(cfg); !strings.Contains(f.Found, want) {
			t.Errorf("%s: %+v", address, f)
		}
	}
}
