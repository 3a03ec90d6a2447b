package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The org gets another address: what was pending at the old one is approved and run at
// the new one, with the same record, and the org's log tells of it.
func TestRun_goesOnAtAnotherAddressOfTheOrg(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	logs, stop := s.mustRun(db, config)
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	s.await("the record to be bound", func() bool { return strings.Contains(logs.String(), "the record is bound to the org's ID") })
	if code := stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	_, stop = s.mustRun(db, config, "OKTA_ORG_URL="+strings.Replace(s.url, "127.0.0.1", "localhost", 1))
	s.click("U_APPROVER1", pending, "approve")
	s.awaitResults(1)
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	out, problems, code := output(t, "audit", "export", "--db", db)
	if code != 0 || !strings.Contains(out, "org_address") || !strings.Contains(out, "localhost") {
		t.Errorf("%d, %s: the audit trail does not tell of the address", code, problems)
	}
}
