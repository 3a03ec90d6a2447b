package oktasim_test

import (
	"net/http"
	"testing"

	"factorbot/okta/oktasim"
)

// Every call that the contract has, on both engines; client.do checks the
// answers against it.
func TestContract(t *testing.T) {
	for _, engine := range []oktasim.Engine{oktasim.Classic, oktasim.Identity} {
		t.Run(string(engine), func(t *testing.T) {
			admin := oktasim.User{Login: "admin@example.com", FirstName: "Ad", LastName: "Min", Roles: []string{"HELP_DESK_ADMIN", "CUSTOM"}, Groups: []string{"Desk"},
				Factors: []oktasim.Factor{{Type: "sms"}}, Profile: map[string]any{"badge": 7.0, "contractor": true, "teams": []any{"a"}, "nickName": "A"}}
			c := MustServe(t, oktasim.Options{Users: 300, Given: []oktasim.User{ana(), admin}, Engine: engine, RateLimit: 1000,
				GroupRoles: map[string]string{"Desk": "READ_ONLY_ADMIN"}})
			ana, _ := c.org.User("ana@example.com")
			adminID := c.do(200, "GET", "/api/v1/users/admin@example.com").object(t)["id"].(string)
			group := c.do(200, "GET", query("/api/v1/groups", "q", "sales")).list(t)[0]["id"].(string)
			console := c.do(200, "GET", query("/api/v1/apps", "q", "Okta Admin")).list(t)[0]
			if console["name"] != "saasure" || console["label"] != "Okta Admin Console" {
				t.Errorf("console app: %v", console)
			}
			for _, path := range []string{
				"/api/v1/users", "/api/v1/users?limit=5", query("/api/v1/users", "search", `profile.department eq "Sales"`),
				query("/api/v1/users", "filter", `status eq "ACTIVE"`), "/api/v1/users?q=an", "/api/v1/users/me", "/api/v1/users/" + ana.ID,
				"/api/v1/users/" + ana.ID + "/groups", "/api/v1/users/" + adminID + "/roles", "/api/v1/users/" + ana.ID + "/factors",
				"/api/v1/users/" + ana.ID + "/factors/" + ana.Factors[0].ID, "/api/v1/groups", "/api/v1/groups/" + group,
				"/api/v1/groups/" + group + "/users", "/api/v1/iam/assignees/users", "/api/v1/iam/assignees/users?limit=1", "/api/v1/apps",
				"/api/v1/apps/" + console["id"].(string), "/api/v1/apps/" + console["id"].(string) + "/users", "/api/v1/meta/schemas/user/default",
				"/api/v1/org", "/.well-known/okta-organization",
			} {
				c.do(http.StatusOK, "GET", path)
			}
			c.do(http.StatusCreated, "POST", "/api/v1/users/"+ana.ID+"/factors/"+ana.Factors[0].ID+"/verify")
			for _, answer := range []string{"ignore", "reject", "approve"} { // WAITING, REJECTED, SUCCESS, with numbers and without
				MustSet(t, c.org, `{"push_answer":"`+answer+`","push_after":0}`)
				for _, body := range []string{`{"useNumberMatchingChallenge":true}`, ""} {
					got, err := c.try("POST", "/api/v1/users/"+ana.ID+"/factors/"+ana.Factors[0].ID+"/verify", body)
					if err != nil || got.StatusCode != http.StatusCreated {
						t.Fatal(err, got.StatusCode)
					}
					embedded, _ := got.object(t)["_embedded"].(map[string]any)
					if (embedded["challenge"] != nil) != (body != "") {
						t.Errorf("%s: %v", body, got.object(t))
					}
					c.do(http.StatusOK, "GET", got.object(t)["_links"].(map[string]any)["poll"].(map[string]any)["href"].(string))
				}
			}
			c.do(http.StatusOK, "POST", "/api/v1/users/"+ana.ID+"/factors/"+ana.Factors[3].ID+"/verify")
			c.do(http.StatusNoContent, "DELETE", "/api/v1/users/"+ana.ID+"/factors/"+ana.Factors[3].ID)
			c.do(http.StatusNoContent, "DELETE", "/api/v1/users/"+ana.ID+"/sessions?oauthTokens=true")
			c.do(http.StatusOK, "POST", "/api/v1/users/"+ana.ID+"/lifecycle/reset_factors")
			c.do(http.StatusOK, "POST", "/api/v1/users/"+ana.ID+"/lifecycle/suspend")
			if events := c.do(http.StatusOK, "GET", "/api/v1/logs?limit=1000").list(t); len(events) < 5 {
				t.Errorf("%d events", len(events))
			}
			for _, path := range []string{"/api/v1/users/00uXXXXXXXXXXXXXXXXX", "/api/v1/groups/00gX", "/api/v1/apps/0oaX/users", "/api/v1/users/00uX/factors",
				"/api/v1/users/" + ana.ID + "/factors/opfX", "/api/v1/users/" + ana.ID + "/factors/opfX/transactions/x", "/api/v1/meta/schemas/user/other",
				"/api/v1/nothing", "/api/v1/users//lifecycle/reset_factors"} {
				c.do(http.StatusNotFound, "GET", path)
			}
		})
	}
}

// The list of codes here is Okta's.
func TestErrorCodes(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	for code, listed := range errorCodes(t) {
		if err := c.org.Refuse("ana@example.com", code); err != nil {
			continue // not one that this org answers with
		}
		got := c.do(listed.StatusCode, "GET", "/api/v1/users/ana@example.com")
		want := listed.ErrorSummary
		if cut := len(want) - len("{0}"); cut > 0 && want[cut:] == "{0}" {
			want = want[:cut]
		}
		if summary := got.object(t)["errorSummary"]; got.code(t) != code || summary != want {
			t.Errorf("%s: %q, Okta says %q", code, summary, want)
		}
	}
}
