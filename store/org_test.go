package store

import (
	"errors"
	"path/filepath"
	"testing"

	"factorbot/bot/reset"
)

// The record is that of an org, not of an address: a new subdomain, a custom domain and
// a port go on with it, with a fact each; another org is refused, and so is an address of
// which nobody knows the org.
func TestOpen_same_org_at_another_address(t *testing.T) {
	const old, renamed, other = "https://old.okta.com", "https://new.okta.com", "https://other.okta.com"
	const id, otherID = "00o1aaaaaaaaaaaaaaaa", "00o2bbbbbbbbbbbbbbbb"
	path := filepath.Join(t.TempDir(), "record.db")
	// open opens the record, binds it, and returns how many facts tell of an address.
	open := func(address, bind string, o ...Option) (told int, err error) {
		t.Helper()
		s, err := Open(path, address, o...)
		if err != nil {
			return 0, err
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		term, err := s.Lead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if bind != "" {
			if err := term.BindOrg(t.Context(), bind, address); err != nil {
				return 0, err
			}
		}
		if s.Org() != old {
			t.Errorf("the org's chain begins with %s", s.Org())
		}
		for e, err := range term.OrgLog(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == reset.EntryFact && e.Fact.Name == "org_address" {
				told++
			}
		}
		return told, nil
	}
	steps := []struct {
		name    string
		address string
		bind    string
		know    []Option
		told    int
		refused bool
	}{
		{"made before IDs were kept", old, "", nil, 0, false},
		{"another address, not bound yet", renamed, "", []Option{SameOrg(id)}, 0, true},
		{"bound", old, id, nil, 0, false},
		{"the default port", old + ":443", id, nil, 0, false},
		{"another address, nobody knows whose", renamed, "", nil, 0, true},
		{"renamed", renamed, id, []Option{SameOrg(id)}, 1, false},
		{"renamed, Okta away", renamed, "", nil, 1, false},
		{"again, without another fact", renamed, id, nil, 1, false},
		{"a custom domain", "https://login.example.com", id, []Option{SameOrg(id)}, 2, false},
		{"another org", other, "", []Option{SameOrg(otherID)}, 0, true},
		{"another org at the address", old, otherID, nil, 0, true},
		{"back at the first address", old, id, []Option{SameOrg(id)}, 3, false},
	}
	for _, step := range steps {
		told, err := open(step.address, step.bind, step.know...)
		if wrong := (*OrgError)(nil); errors.As(err, &wrong) != step.refused || err != nil && !step.refused || told != step.told {
			t.Errorf("%s: %d facts, %v", step.name, told, err)
		}
	}
}
