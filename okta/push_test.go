package okta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func phoneOwner() oktasim.User {
	return oktasim.User{Login: "ana@example.com", FirstName: "Ana", Factors: []oktasim.Factor{{Type: "push"}, {Type: "push", Status: "INACTIVE"}, {Type: "sms"}}}
}

// TestChallenge asks a phone and reads what comes of it, whatever that is.
func TestChallenge(t *testing.T) {
	sdk := MustSDK(t)
	for name, tc := range map[string]struct {
		settings map[string]any
		tap      func(p oktasim.Push, right int) map[string]any // nil: nobody answers
		want     okta.PushResult
	}{
		"the right number": {nil, func(p oktasim.Push, right int) map[string]any { return map[string]any{"push": p.ID, "number": right} }, okta.PushSuccess},
		"a wrong number is refused": {nil, func(p oktasim.Push, right int) map[string]any {
			return map[string]any{"push": p.ID, "number": other(p, right)}
		}, okta.PushRejected},
		"a wrong number changes nothing": {map[string]any{"push_wrong": "wait"}, func(p oktasim.Push, right int) map[string]any {
			return map[string]any{"push": p.ID, "number": other(p, right)}
		}, okta.PushTimeout},
		"it's not me":    {nil, func(p oktasim.Push, _ int) map[string]any { return map[string]any{"push": p.ID, "reject": true} }, okta.PushRejected},
		"nobody answers": {nil, nil, okta.PushTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				org, c := MustOrg(t, oktasim.Options{Given: []oktasim.User{phoneOwner()}}, okta.Config{SDK: sdk})
				set(t, org, "push_answer", "phone")
				for k, v := range tc.settings {
					set(t, org, k, v)
				}
				ana, _ := org.User("ana@example.com")
				devices, err := c.Devices(t.Context(), ana.ID)
				if err != nil || len(devices) != 1 || devices[0].Name != "Ana's phone" || devices[0].Created.IsZero() {
					t.Fatalf("%+v, %v: one active device was expected", devices, err)
				}
				ch, err := c.Challenge(t.Context(), ana.ID, devices[0].FactorID)
				if err != nil || !ch.Numbered || ch.Transaction == "" || ch.ExpiresAt.IsZero() {
					t.Fatalf("%+v, %v", ch, err)
				}
				if got, err := c.Answer(t.Context(), ana.ID, devices[0].FactorID, ch.Transaction); got != okta.PushWaiting || err != nil {
					t.Fatalf("at once %q, %v", got, err)
				}
				pushes := org.Pushes()
				if len(pushes) != 1 || len(pushes[0].Numbers) != 3 {
					t.Fatalf("the phone shows %+v", pushes)
				}
				if tc.tap != nil {
					set(t, org, "answer_push", tc.tap(pushes[0], ch.Number))
				}
				<-time.After(6 * time.Minute)
				if got, err := c.Answer(t.Context(), ana.ID, devices[0].FactorID, ch.Transaction); got != tc.want || err != nil {
					t.Errorf("%q, %v; %q was expected", got, err, tc.want)
				}
			})
		})
	}
}

func other(p oktasim.Push, right int) int {
	for _, n := range p.Numbers {
		if n != right {
			return n
		}
	}
	return 0
}

// TestChallenge_withoutNumbers tells a push that a plain yes would answer from one with a number.
func TestChallenge_withoutNumbers(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Given: []oktasim.User{phoneOwner()}}, okta.Config{})
	set(t, org, "number_matching", false)
	ana, _ := org.User("ana@example.com")
	ch, err := c.Challenge(t.Context(), ana.ID, ana.Factors[0].ID)
	if err != nil || ch.Numbered {
		t.Errorf("%+v, %v", ch, err)
	}
}

// TestChallenge_refused passes Okta's refusals on, and never sends a push twice.
func TestChallenge_refused(t *testing.T) {
	const verify = "POST /api/v1/users/{id}/factors/{id}/verify"
	for name, tc := range map[string]struct {
		key   string
		value any
		kind  okta.Kind
	}{
		"the role may not":          {"forbidden", []string{verify}, okta.KindForbidden},
		"the org has it disabled":   {"disabled", []string{verify}, okta.KindForbidden},
		"the rate limit is used up": {"limits", map[string]int{"/api/v1/users/{userId}/factors/{userFactorIdOrFactorType}/verify": 1}, okta.KindRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			org, c := MustOrg(t, oktasim.Options{Given: []oktasim.User{phoneOwner()}, RateLimit: 100, Window: time.Hour}, okta.Config{})
			ana, _ := org.User("ana@example.com")
			set(t, org, tc.key, tc.value)
			if tc.kind == okta.KindRateLimited { // another client of the org's has used it up
				_, other := org, MustClient(t, okta.Config{Transport: org.Transport()})
				if _, err := other.Challenge(t.Context(), ana.ID, ana.Factors[0].ID); err != nil {
					t.Fatal(err)
				}
			}
			before := len(org.Pushes())
			_, err := c.Challenge(t.Context(), ana.ID, ana.Factors[0].ID)
			if e := failure(t, err); e.Kind != tc.kind {
				t.Errorf("%v is %s", e, e.Kind)
			}
			if n := len(org.Pushes()) - before; n != 0 {
				t.Errorf("%d pushes were sent", n)
			}
		})
	}
}

// TestAnswer_foreign takes nothing for a success but Okta's own word for it, from the
// transaction that was asked about.
func TestAnswer_foreign(t *testing.T) {
	const user, factor = "00u1a2b3c4d5e6f7g8h9", "opf1a2b3c4d5e6f7g8h9"
	for _, body := range []string{`{}`, `{"factorResult":"success"}`, `{"factorResult":"SUCCESS_WITH_NUMBER"}`, `{"factorResult":null}`, `[]`, ``} {
		c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		if got, err := c.Answer(t.Context(), user, factor, "v2mst.x"); err == nil || got != "" {
			t.Errorf("%s: %q", body, got)
		}
	}
	c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"factorResult":"WAITING (with number matching challenge)"}`)
	})
	if got, err := c.Answer(t.Context(), user, factor, "v2mst.x"); got != okta.PushWaiting || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, id := range []string{"", "..", "../x", "a/b", "a?b", "x#y", strings.Repeat("a", 201)} {
		if _, err := c.Answer(t.Context(), user, factor, id); !okta.IsKind(err, okta.KindUnsafeID) {
			t.Errorf("%q was sent: %v", id, err)
		}
	}
}

// TestChallenge_foreignLink takes no transaction but one of the very factor that was asked.
func TestChallenge_foreignLink(t *testing.T) {
	const user, factor = "00u1a2b3c4d5e6f7g8h9", "opf1a2b3c4d5e6f7g8h9"
	own := "/api/v1/users/" + user + "/factors/" + factor + "/transactions/"
	for link, fine := range map[string]bool{
		own + "v2mst.GldKV5VxTrifyeZmWSQguA":                                             true,
		"/api/v1/users/" + user + "/factors/opfX/transactions/v2mst.x":                   false,
		"/api/v1/users/00uZZZZZZZZZZZZZZZZZ/factors/" + factor + "/transactions/v2mst.x": false,
		own: false, own + "a/b": false, own + "../../x": false, "": false,
	} {
		c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"factorResult":"WAITING","_embedded":{"challenge":{"correctAnswer":0}},"_links":{"poll":{"href":"https://org.example.com%s"}}}`, link)
		})
		ch, err := c.Challenge(t.Context(), user, factor)
		if (err == nil) != fine || fine && (!ch.Numbered || ch.Number != 0) {
			t.Errorf("%s: %+v, %v", link, ch, err)
		}
	}
}
