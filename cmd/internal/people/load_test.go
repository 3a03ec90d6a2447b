package people

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/store"
)

// 60 commands in two minutes, each planned and announced, stay far within
// Slack's limits, and none is lost.
func TestDirectory_sixtyCommandsInTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, d := mustPeople(t)
		rules := policy.Rules{
			Channels: []reset.Channel{"C_FACTORS"}, MaxTargets: 10, Approvals: 1,
			Approvers: policy.Group{Users: []reset.Person{"U_APPROVER1", "U_APPROVER2"}},
		}
		p.Okta, p.Rules = &oneOrg{}, func() policy.Rules { return rules }
		file, err := store.Open(filepath.Join(t.TempDir(), "factorbot.db"), "https://example.okta.com")
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		}()
		term, err := file.Lead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rec := term
		office := &desk.Desk{Record: rec, Plans: rec, Freezes: rec, People: p, Rules: p.Rules, Org: "https://example.okta.com", Now: time.Now}
		told := Approvers{People: p, Plans: rec}
		c, err := roster.ParseCommand("ana@example.com because lost phone")
		if err != nil {
			t.Fatal(err)
		}
		persist := func(what string, ask func() error) {
			for {
				err := ask()
				limited := (*slack.RateLimitedError)(nil)
				if !errors.As(err, &limited) {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
					return
				}
				<-time.After(limited.RetryAfter)
			}
		}
		opened := 0
		for n := range 60 {
			in := desk.Intent{Op: fmt.Sprint("op ", n), By: []reset.Person{"U_REQUESTER", "U_ANA"}[n%2], Team: "T_SANDBOX", Channel: "C_FACTORS", Asked: time.Now()}
			var r *reset.Request
			persist("open", func() (err error) {
				if r, err = office.OpenCommand(t.Context(), in, c); err == nil {
					opened++
				}
				return err
			})
			persist("plan", func() error { _, err := p.Persons(t.Context(), in.By); return err })
			persist("terms", func() error { _, err := p.Approvers(t.Context()); return err })
			persist("announce", func() error { _, err := told.MayApprove(t.Context(), r); return err })
			<-time.After(2 * time.Second)
		}
		books := d.Books()
		calls, limited := 0, 0
		for _, method := range []string{"users.info", "users.lookupByEmail", "conversations.members"} {
			calls += books.Calls[method]
			limited += books.RateLimited[method]
		}
		t.Logf("%d calls, %d of them refused: %v", calls, limited, books.Calls)
		if opened != 60 || limited != 0 || calls > 110 {
			t.Errorf("%d of 60 opened with %d calls, %d of them refused", opened, calls, limited)
		}
	})
}
