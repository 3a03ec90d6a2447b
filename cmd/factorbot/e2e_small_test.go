package main

import (
	"path/filepath"
	"testing"
)

// doctor has nothing to complain of in a small tenant, whose limits are 50 calls a minute
// and 10 for applications, twice in a row, and need not wait for another window.
func TestDoctor_smallTenant(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "40", "--limits", "small")
	config, db := mustConfig(t, ""), filepath.Join(t.TempDir(), "f.db")
	for range 2 {
		code, found, text := s.examined(db, config)
		for check, f := range found {
			if f.Fatal {
				t.Errorf("%s: %+v", check, f)
			}
		}
		if code != 0 {
			t.Errorf("exit code %d: %s", code, text)
		}
	}
	if n := s.okta().Okta.Throttled; n != 0 {
		t.Errorf("%d calls were answered 429", n)
	}
}
