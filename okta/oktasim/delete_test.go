package oktasim_test

import (
	"net/http"
	"strings"
	"testing"

	"factorbot/okta/oktasim"
)

// Half a reset: the first factor is gone and logged, the others are there, and the answer is an error.
func TestFault_part(t *testing.T) {
	for _, engine := range []oktasim.Engine{oktasim.Classic, oktasim.Identity} {
		u := oktasim.User{Login: "ana@example.com", Factors: []oktasim.Factor{{Type: "push"}, {Type: "sms"}}}
		c := MustServe(t, oktasim.Options{Given: []oktasim.User{u}, Engine: engine})
		c.org.FailNext("POST", resetAna, oktasim.Part, 1)
		path := "/api/v1/users/" + idOf(t, c.org, "ana@example.com")
		c.do(http.StatusInternalServerError, "POST", path+resetAna)
		if left := kinds(t, c.org, "ana@example.com"); strings.Join(left, " ") != "sms" {
			t.Errorf("%s: left is %v", engine, left)
		}
		if log := string(c.do(http.StatusOK, "GET", "/api/v1/logs?filter="+`eventType+sw+"user.mfa.factor"`).body); strings.Count(log, `"eventType"`) != 1 {
			t.Errorf("%s: the log has %s", engine, log)
		}
		if resets := c.org.Resets("ana@example.com"); len(resets) != 1 || len(resets[0].Removed) != 1 {
			t.Errorf("%s: booked is %+v", engine, resets)
		}
	}
}

// A deleted user is nowhere: not by ID, login or search, not in lists nor groups.
func TestDelete(t *testing.T) {
	given := []oktasim.User{
		{Login: "ana@example.com", Groups: []string{"Legal"}, Factors: []oktasim.Factor{{Type: "push"}}},
		{Login: "bob@example.com", Groups: []string{"Legal"}},
	}
	c := MustServe(t, oktasim.Options{Given: given})
	id := idOf(t, c.org, "ana@example.com")
	c.do(http.StatusOK, "POST", "/api/v1/users/"+id+resetAna)
	MustSet(t, c.org, `{"deleted":["ana@example.com","nobody@example.com"]}`)
	for _, path := range []string{id, "ana@example.com", "ana", id + "/factors", id + "/roles"} {
		if got := c.do(http.StatusNotFound, "GET", "/api/v1/users/"+path); got.code(t) != "E0000007" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	for _, path := range []string{"users", "users?search=profile.login+eq+%22ana@example.com%22", "users?filter=id+eq+%22" + id + "%22"} {
		if got := c.do(http.StatusOK, "GET", "/api/v1/"+path); strings.Contains(string(got.body), "ana@example.com") {
			t.Errorf("%s has a deleted user", path)
		}
	}
	if _, err := c.org.Add(oktasim.User{Login: "ana@example.com"}); err != nil {
		t.Errorf("the login is not free: %v", err)
	}
	if gone := c.org.Deleted(); len(gone) != 1 || gone[0].ID != id || len(c.org.Resets(id)) != 1 {
		t.Errorf("the books have %v, %v", gone, c.org.Resets(id))
	}
}
