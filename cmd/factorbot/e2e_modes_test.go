package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const logsBucket = "/api/v1/logs"

// mustGroup has a bot with this configuration reset the members of a group, over 25
// of them, in a sandbox. It returns the approval message, the rows of the result that
// were reset, what their users had, and how many calls each bucket got for it.
func mustGroup(t *testing.T, config, options string) (s *sandbox, pending message, rows [][]string, had map[string]string, calls map[string]int) {
	s = mustSandbox(t, "--no-bot", "--users", "400", "--rate-limit", "6000")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 1000}\n"+config))
	had = map[string]string{}
	for _, p := range s.people() {
		had[p.Login] = p.types()
	}
	before := s.okta().Okta.Requests
	s.ask(`group:"Legal" ` + options + `because phishing`)
	pending, all := s.mustFinish(1)
	calls = s.okta().Okta.Requests
	for bucket := range calls {
		calls[bucket] -= before[bucket]
	}
	for _, r := range all {
		if r[4] == "reset" {
			rows = append(rows, r)
		}
	}
	if len(rows) <= 25 {
		t.Fatalf("only %d rows are reset: choose another group", len(rows))
	}
	return s, pending, rows, had, calls
}

// Each user's factors are listed after the reset, and the log is not read.
func TestRun_verify_each(t *testing.T) {
	s, pending, rows, _, calls := mustGroup(t, "verify: each\n", "")
	wantWords(t, pending, "listed after the reset, which doubles the time")
	checkResets(t, s, rows)
	for _, r := range rows {
		if r[10] != "factors" {
			t.Errorf("proof %q: %v", r[10], r)
		}
	}
	if calls[logsBucket] != 0 || calls[usersBucket] < 2*len(rows) {
		t.Errorf("%d rows, calls %v", len(rows), calls)
	}
}

// Nothing is read after the resets, and the result claims no proof.
func TestRun_verify_off(t *testing.T) {
	s, _, rows, _, calls := mustGroup(t, "verify: \"off\"\n", "")
	checkResets(t, s, rows)
	for _, r := range rows {
		if r[10] != "" {
			t.Errorf("proof %q: %v", r[10], r)
		}
	}
	if calls[logsBucket] != 0 || calls[usersBucket] > len(rows)+10 {
		t.Errorf("%d rows, calls %v", len(rows), calls)
	}
}

// The factors of each are read for the plan, which says what that costs, and stand
// in the result.
func TestRun_inspect_each(t *testing.T) {
	s, pending, rows, had, calls := mustGroup(t, "inspect: each\n", "")
	checkResets(t, s, rows)
	wantWords(t, pending, "Factors and roles of each of", "were read for this plan")
	for _, r := range rows {
		var want []string
		if had[r[3]] != "" {
			want = slices.Compact(strings.Fields(had[r[3]]))
		}
		if r[7] != strings.Join(want, " ") || len(want) > 0 && r[10] != "log" {
			t.Errorf("%s had %q: %v", r[3], had[r[3]], r)
		}
		if alreadyClear := r[5] == "already_clear"; alreadyClear != (len(want) == 0) {
			t.Errorf("%s had %q: %v", r[3], had[r[3]], r)
		}
	}
	if calls[usersBucket] < 2*len(rows) {
		t.Errorf("%d rows, calls %v", len(rows), calls)
	}
}

// With the factors on a phone Okta forgets the number too, and of no other factor.
func TestRun_forget_phones(t *testing.T) {
	s, pending, rows, had, _ := mustGroup(t, "forget_phones: true\n", "factors:sms,push ")
	wantWords(t, pending, "Okta forgets the phone numbers of these factors")
	phones := 0
	for _, r := range rows {
		if strings.Contains(" "+had[r[3]]+" ", " sms ") {
			phones++
		}
		if left := s.someone(r[3]).types(); strings.Contains(left, "sms") || strings.Contains(left, "push") {
			t.Errorf("%s has %q left", r[3], left)
		}
	}
	if n := s.okta().Okta.Forgotten; phones == 0 || n != phones {
		t.Errorf("%d numbers forgotten, of %d", n, phones)
	}
}

// Unless it is asked for, no number is forgotten.
func TestRun_keeps_phones(t *testing.T) {
	s, _, _, _, _ := mustGroup(t, "", "factors:sms ")
	if n := s.okta().Okta.Forgotten; n != 0 {
		t.Errorf("%d numbers forgotten", n)
	}
}
