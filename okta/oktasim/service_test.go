package oktasim_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"testing"
	"time"

	"factorbot/okta/oktasim"
)

// A service app is registered, limited to a scope and taken away while the org runs.
func TestOAuth_set(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	c.auth = ""
	key := MustKey(t)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(scope string) (int, map[string]any) {
		claims := map[string]any{"iss": client0, "sub": client0, "aud": c.url, "exp": time.Now().Add(time.Minute).Unix()}
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {signed(t, key, claims)},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		got, err := c.try("POST", "/oauth2/v1/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, got.object(t)
	}
	set := func(values map[string]any) {
		raw, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		MustSet(t, c.org, string(raw))
	}
	if status, body := ask("okta.users.read"); status != 401 || body["error"] != "invalid_client" {
		t.Errorf("no app: %d %v", status, body)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	set(map[string]any{"client_id": client0, "client_key": public, "client_scopes": []string{"okta.users.read"}})
	if got := c.org.Settings()["client_key"]; got != public {
		t.Errorf("the key reads %v", got)
	}
	if status, body := ask("okta.users.manage"); status != 400 || body["error"] != "invalid_scope" {
		t.Errorf("a scope not granted: %d %v", status, body)
	}
	status, body := ask("okta.users.read")
	if status != 200 {
		t.Fatalf("%d %v", status, body)
	}
	c.auth = "Bearer " + body["access_token"].(string)
	c.do(200, "GET", usersPath)
	c.do(403, "DELETE", "/api/v1/users/ana@example.com/sessions")
	set(map[string]any{"client_key": ""})
	if status, body := ask("okta.users.read"); status != 401 || body["error"] != "invalid_client" {
		t.Errorf("taken away: %d %v", status, body)
	}
}

// A role that does not reach a call is refused, and only there.
func TestForbidden(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	ana, _ := c.org.User("ana@example.com")
	MustSet(t, c.org, `{"forbidden": ["GET /api/v1/logs", "POST /api/v1/users/{id}/lifecycle/reset_factors"]}`)
	for _, call := range [][2]string{{"GET", "/api/v1/logs?limit=1"}, {"POST", "/api/v1/users/" + ana.ID + "/lifecycle/reset_factors"}} {
		if got := c.do(403, call[0], call[1]); got.code(t) != "E0000006" {
			t.Errorf("%v: %s", call, got.code(t))
		}
	}
	c.do(200, "GET", "/api/v1/users/"+ana.ID+"/factors")
	if books := c.org.Books(); books.Asked != 0 {
		t.Errorf("%d resets were let in", books.Asked)
	}
	for _, wrong := range []string{`["GET /api/v1/nothing"]`, `["POST /oauth2/v1/token"]`, `"GET /api/v1/logs"`} {
		if _, err := c.org.Set(map[string]json.RawMessage{"forbidden": json.RawMessage(wrong)}); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
	MustSet(t, c.org, `{"forbidden": null}`)
	c.do(200, "GET", "/api/v1/logs?limit=1")
}
