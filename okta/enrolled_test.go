package okta_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// TestEnrolledSince: 40 users by the log; the same org with a log that lags, 25 by their factors.
func TestEnrolledSince(t *testing.T) {
	sdk := MustSDK(t)
	tests := map[string]struct {
		users int
		lag   time.Duration
		found int
	}{
		"log":           {40, 0, 40},
		"log that lags": {40, time.Hour, 0},
		"few":           {okta.FewEnrolments, time.Hour, okta.FewEnrolments},
		"few, by log":   {okta.FewEnrolments, 0, okta.FewEnrolments},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				org, c := MustOrg(t, oktasim.Options{Users: tt.users + 1, AllActive: true, LogLag: tt.lag, EnrolAgain: 1, EnrolAfter: time.Minute,
					KeepCalls: true}, okta.Config{SDK: sdk})
				since := map[string]time.Time{}
				for _, u := range generatedOnly(org.Users())[:tt.users] {
					r, err := reset(ctx, c, "FR-1", u.ID)
					if err != nil {
						t.Fatal(err)
					}
					since[u.ID] = r.At
				}
				if early, err := c.EnrolledSince(ctx, since); err != nil || len(early) != 0 {
					t.Errorf("before anybody has: %v, %v", early, err)
				}
				<-time.After(3 * time.Minute)
				before := len(org.Calls())
				found, err := c.EnrolledSince(ctx, since)
				if err != nil || len(found) != tt.found {
					t.Fatalf("%d found, want %d: %v", len(found), tt.found, err)
				}
				for id, e := range found {
					if e.Factor == "" || !e.At.After(since[id]) {
						t.Errorf("%s: %+v after %v", id, e, since[id])
					}
				}
				listed := 0
				for _, call := range org.Calls()[before:] {
					if strings.HasSuffix(call.Path, "/factors") {
						listed++
					}
				}
				if want := map[bool]int{true: tt.users}[tt.users <= okta.FewEnrolments && tt.lag > 0]; listed != want {
					t.Errorf("%d users were asked for their factors, want %d", listed, want)
				}
			})
		})
	}
}

// TestEnrolledSince_own: everybody's own moment counts, and others' enrolments do not.
func TestEnrolledSince_own(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Users: 3, AllActive: true}, okta.Config{})
	people := generatedOnly(org.Users())
	for _, u := range people {
		if err := org.Enrol(u.ID, "sms"); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	found, err := c.EnrolledSince(context.Background(), map[string]time.Time{people[0].ID: now.Add(-time.Hour), people[1].ID: now.Add(time.Minute)})
	if err != nil || len(found) != 1 || found[people[0].ID].Factor != "SMS_FACTOR" {
		t.Errorf("%v, %v", found, err)
	}
	if none, err := c.EnrolledSince(context.Background(), nil); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}

// generatedOnly leaves out the token's owner.
func generatedOnly(users []oktasim.User) []oktasim.User {
	var kept []oktasim.User
	for _, u := range users {
		if len(u.Roles) == 0 {
			kept = append(kept, u)
		}
	}
	return kept
}
