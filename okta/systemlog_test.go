package okta_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// entry is a log entry about ana, with what a test says in place of Okta's usual members.
func entry(members string) string {
	return `{"uuid":"e766d84e-a0a8-11ed-a750-9f5fc296ce63","published":"2026-11-23T14:18:01.558Z","eventType":"user.mfa.factor.deactivate",
		"actor":{"id":"` + someone + `","type":"User","detailEntry":null},"outcome":{"result":"SUCCESS","reason":null},
		"client":null,"device":null,"debugContext":null,"legacyEventType":null,"target":[{"id":"` + someone + `","type":"User","detailEntry":null}]` + members + `}`
}

func TestEvent(t *testing.T) {
	target := func(detail string) string {
		return `,"target":[{"id":"` + someone + `","type":"User"},{"id":"opf1","type":"AuthenticatorEnrollment","displayName":"Okta Verify","detailEntry":` + detail + `}]`
	}
	activate := func(reason, uri string) string {
		return `,"eventType":"user.mfa.factor.activate","outcome":{"result":"SUCCESS","reason":"` + reason + `"},"debugContext":{"debugData":{"requestUri":` + uri + `}}`
	}
	tests := map[string]struct {
		members   string
		factor    string
		automatic bool
		targets   int
	}{
		"the reason names it":               {`,"outcome":{"result":"SUCCESS","reason":"User reset FIDO_WEBAUTHN factor"}`, "webauthn", false, 1},
		"a set-up":                          {activate("User set up OKTA_VERIFY_PUSH factor", `"/idp/idx/challenge/answer"`), "push", false, 1},
		"a standalone authenticator":        {activate("User set up okta_verify_fastpass factor", `null`), "signed_nonce", false, 1},
		"the reason before the data":        {`,"outcome":{"result":"SUCCESS","reason":"User reset SMS_FACTOR factor"},"debugContext":{"debugData":{"factor":"CALL_FACTOR"}}`, "sms", false, 1},
		"the data alone":                    {`,"debugContext":{"debugData":{"factor":"OKTA_SOFT_TOKEN"}}`, "token:software:totp", false, 1},
		"the enrolment's method":            {target(`{"methodTypeUsed":"Use Okta FastPass"}`), "signed_nonce", false, 1},
		"an enrolment without one":          {target(`null`), "", false, 1},
		"a reason of another kind":          {`,"outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"}`, "", false, 1},
		"all factors":                       {`,"eventType":"user.mfa.factor.reset_all","outcome":{"result":"SUCCESS"}`, "", false, 1},
		"no target":                         {`,"target":null`, "", false, 0},
		"e-mail with the user's creation":   {activate("User set up EMAIL_FACTOR factor", `"/api/v1/users"`), "email", true, 1},
		"e-mail with an activation":         {activate("User set up EMAIL_FACTOR factor", `"/api/v1/users/`+someone+`/lifecycle/activate"`), "email", true, 1},
		"e-mail by the user's own call":     {activate("User set up EMAIL_FACTOR factor", `"/api/v1/users/`+someone+`/factors"`), "email", false, 1},
		"e-mail at sign-in":                 {activate("User set up EMAIL_FACTOR factor", `"/idp/idx/challenge/answer"`), "email", false, 1},
		"e-mail, nobody knows how":          {activate("User set up EMAIL_FACTOR factor", `null`), "email", false, 1},
		"another factor with the creation":  {activate("User set up SMS_FACTOR factor", `"/api/v1/users"`), "sms", false, 1},
		"a time that cannot be read":        {`,"published":"2022-06-22 18:18:29.015"`, "", false, 1},
		"a reason that is not even a text":  {`,"outcome":{"result":"SUCCESS","reason":{"x":1}}`, "", false, 1},
		"everything null that can be":       {`,"actor":null,"outcome":null,"target":null,"published":null`, "", false, 0},
		"a path that only looks like users": {activate("User set up EMAIL_FACTOR factor", `"/api/v1/usersettings"`), "email", false, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, "["+entry(tt.members)+"]")
			})
			events, err := c.EventsBetween(context.Background(), time.Time{}, time.Now())
			if err != nil || len(events) != 1 {
				t.Fatalf("%v, %v", events, err)
			}
			e := events[0]
			if got := okta.FactorType(e.Factor); got != tt.factor || e.Automatic != tt.automatic || len(e.Targets) != tt.targets {
				t.Errorf("factor %q (%q), automatic %v, targets %v", got, e.Factor, e.Automatic, e.Targets)
			}
		})
	}
}

// An e-mail that Okta enrols by itself is nobody's enrolment, in the log and in the list.
func TestEnrolledSince_not_by_okta(t *testing.T) {
	for name, lag := range map[string]time.Duration{"log": 0, "list": time.Hour} {
		t.Run(name, func(t *testing.T) {
			org, c := MustOrg(t, oktasim.Options{Users: 3, AllActive: true, LogLag: lag}, okta.Config{})
			people := generatedOnly(org.Users())
			since := map[string]time.Time{}
			before := time.Now().Add(-2 * time.Second)
			for _, u := range people {
				since[u.ID] = before
				if err := org.EnrolByOkta(u.ID); err != nil {
					t.Fatal(err)
				}
			}
			if err := org.Enrol(people[1].ID, "push"); err != nil {
				t.Fatal(err)
			}
			found, err := c.EnrolledSince(context.Background(), since)
			if err != nil || len(found) != 1 || okta.FactorType(found[people[1].ID].Factor) != "push" {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
}
