package oktasim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta/oktasim"
)

const resetAna = "/lifecycle/reset_factors"

func idOf(tb testing.TB, org *oktasim.Org, login string) string {
	tb.Helper()
	u, ok := org.User(login)
	if !ok {
		tb.Fatalf("no user %s", login)
	}
	return u.ID
}

func TestReset(t *testing.T) {
	for _, test := range []struct {
		name   string
		engine oktasim.Engine
		left   []string
		left2  []string // after a second reset
		events []string
	}{
		{"classic", oktasim.Classic, []string{}, []string{}, []string{"user.mfa.factor.reset_all", "user.mfa.factor.reset_all"}},
		{"identity", oktasim.Identity, []string{"email", "question"}, []string{"email"},
			[]string{"user.mfa.factor.deactivate", "user.mfa.factor.deactivate", "user.mfa.factor.deactivate", "user.mfa.factor.deactivate"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := oktasim.User{Login: "ana@example.com", Factors: []oktasim.Factor{{Type: "push"}, {Type: "sms"}, {Type: "email"}, {Type: "question"}, {Type: "question"}}}
			c := MustServe(t, oktasim.Options{Given: []oktasim.User{u}, Engine: test.engine})
			path := "/api/v1/users/" + idOf(t, c.org, "ana@example.com")
			if links := c.do(200, "GET", path).object(t)["_links"].(map[string]any); links["resetFactors"] == nil {
				t.Error("no link to reset what is enrolled")
			}
			answer := c.do(200, "POST", path+resetAna)
			if string(answer.body) != "{}" {
				t.Errorf("body %q", answer.body)
			}
			if left := kinds(t, c.org, "ana@example.com"); !slices.Equal(left, test.left) {
				t.Errorf("left: %v, want %v", left, test.left)
			}
			c.do(200, "POST", path+resetAna)
			if left := kinds(t, c.org, "ana@example.com"); !slices.Equal(left, test.left2) {
				t.Errorf("left at last: %v, want %v", left, test.left2)
			}
			if events := c.all("/api/v1/logs", "eventType"); !slices.Equal(events, test.events) {
				t.Errorf("events %v, want %v", events, test.events)
			}
			resets := c.org.Resets("ana@example.com")
			if len(resets) != 2 || resets[0].RequestID != answer.Header.Get("X-Okta-Request-Id") || resets[0].Call != "reset_factors" || resets[0].Removed[0].Type != "push" {
				t.Errorf("booked: %+v", resets)
			}
		})
	}
}

func TestReset_status(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	path := "/api/v1/users/ana@example.com" + resetAna
	for status, want := range map[string]int{"ACTIVE": 200, "PASSWORD_EXPIRED": 200, "LOCKED_OUT": 200, "RECOVERY": 200, "SUSPENDED": 200, "PROVISIONED": 200, "STAGED": 403, "DEPROVISIONED": 403} {
		if err := c.org.SetStatus("ana@example.com", status); err != nil {
			t.Fatal(err)
		}
		if got := c.do(want, "POST", path); want == 403 && got.code(t) != "E0000038" {
			t.Errorf("%s: %s", status, got.body)
		}
	}
}

func TestReset_superAdmin(t *testing.T) {
	boss := oktasim.User{Login: "boss@example.com", Roles: []string{"SUPER_ADMIN"}, Factors: []oktasim.Factor{{Type: "sms"}}}
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana(), boss}, TokenRole: "HELP_DESK_ADMIN"})
	c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
	if got := c.do(403, "POST", "/api/v1/users/boss@example.com"+resetAna); got.code(t) != "E0000006" {
		t.Errorf("%s", got.body)
	}
	if len(kinds(t, c.org, "boss@example.com")) != 1 {
		t.Error("the super administrator's factor is gone")
	}
}

func TestDeleteFactor_oktaVerify(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	u, _ := c.org.User("ana@example.com")
	path := "/api/v1/users/" + u.ID + "/factors/"
	c.do(204, "DELETE", path+u.Factors[0].ID)
	if got := c.do(404, "DELETE", path+u.Factors[2].ID); got.code(t) != "E0000007" || !strings.Contains(got.object(t)["errorSummary"].(string), "(UserFactor)") {
		t.Errorf("sibling: %s", got.body)
	}
	left := kinds(t, c.org, "ana@example.com")
	if slices.Contains(left, "push") || slices.Contains(left, "signed_nonce") || len(left) != len(u.Factors)-3 {
		t.Errorf("left: %v", left)
	}
	c.do(204, "DELETE", path+u.Factors[3].ID+"?removeRecoveryEnrollment=true")
	c.do(400, "DELETE", path+u.Factors[4].ID+"?removeRecoveryEnrollment=perhaps")
	if books := c.org.Books(); books.Forgotten != 1 || books.Effects != 2 {
		t.Errorf("books: %+v", books)
	}
}

// A person who enrols again after the reset, and is reset again, is in the books.
func TestEnrolAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, err := oktasim.New(oktasim.Options{Given: []oktasim.User{ana()}, EnrolAgain: 1, EnrolAfter: 4 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer org.Close()
		changes := org.Watch(t.Context())
		c := &client{t, org, "http://okta.test", "SSWS sandbox-token", &http.Client{Transport: org.Transport()}}
		c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
		for len(kinds(t, org, "ana@example.com")) == 0 {
			<-changes
		}
		c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
		resets := org.Resets("ana@example.com")
		if after := resets[1].At.Sub(resets[0].At); after < 2*time.Second || after > 6*time.Second {
			t.Errorf("enrolled again after %s", after)
		}
		if !resets[1].Removed[0].New || resets[0].Removed[0].New || org.Books().NewRemoved != 1 {
			t.Errorf("new factor not booked: %+v", resets)
		}
		events := c.all("/api/v1/logs", "eventType")
		if want := []string{"user.mfa.factor.reset_all", "user.mfa.factor.activate", "user.mfa.factor.reset_all"}; !slices.Equal(events, want) {
			t.Errorf("events %v", events)
		}
	})
}

func TestLifecycle(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	path := "/api/v1/users/" + idOf(t, c.org, "ana@example.com")
	c.do(200, "POST", path+"/lifecycle/suspend")
	c.do(400, "POST", path+"/lifecycle/suspend")
	c.do(200, "POST", path+"/lifecycle/unsuspend")
	c.do(200, "POST", path+"/lifecycle/deactivate")
	if u, _ := c.org.User("ana@example.com"); u.Status != "DEPROVISIONED" || len(u.Factors)+len(u.Groups) != 0 {
		t.Errorf("deactivated: %+v", u)
	}
}

func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, err := oktasim.New(oktasim.Options{Given: []oktasim.User{ana()}})
		if err != nil {
			t.Fatal(err)
		}
		defer org.Close()
		c := &client{t, org, "http://okta.test", "SSWS sandbox-token", &http.Client{Transport: org.Transport()}}
		u, _ := org.User("ana@example.com")
		sms, push := u.Factors[3], u.Factors[0]
		verify := "/api/v1/users/" + u.ID + "/factors/"
		for _, test := range []struct {
			id, body string
			status   int
			result   string
		}{
			{sms.ID, "", 200, "CHALLENGE"}, {sms.ID, `{"passCode":"nonsense"}`, 403, ""}, {sms.ID, `{"passCode":"` + oktasim.Passcode(sms.ID) + `"}`, 200, "SUCCESS"},
			{u.Factors[6].ID, `{}`, 400, ""}, {u.Factors[6].ID, `{"answer":"` + oktasim.Passcode(u.Factors[6].ID) + `"}`, 200, "SUCCESS"},
			{u.Factors[7].ID, "", 200, "CHALLENGE"}, {u.Factors[14].ID, "", 403, ""}, {sms.ID, "{", 400, ""},
		} {
			got, err := c.try("POST", verify+test.id+"/verify", test.body)
			if err != nil || got.StatusCode != test.status || test.result != "" && got.object(t)["factorResult"] != test.result {
				t.Errorf("%s %s: %v %s", test.id, test.body, err, got.body)
			}
		}
		for answer, want := range map[string]string{"approve": "SUCCESS", "reject": "REJECTED", "ignore": "TIMEOUT"} {
			MustSet(t, org, `{"push_answer":"`+answer+`","push_after":"10s"}`)
			links := c.do(201, "POST", verify+push.ID+"/verify").object(t)["_links"].(map[string]any)
			poll := links["poll"].(map[string]any)["href"].(string)
			if got := c.do(200, "GET", poll).object(t)["factorResult"]; got != "WAITING" {
				t.Errorf("%s: at once %v", answer, got)
			}
			<-time.After(6 * time.Minute)
			if got := c.do(200, "GET", poll).object(t)["factorResult"]; got != want {
				t.Errorf("%s: %v, want %s", answer, got, want)
			}
		}
	})
}
