package oktasim_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"factorbot/okta/oktasim"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestToken(t *testing.T) {
	c := MustServe(t, oktasim.Options{Token: "secret"})
	for _, test := range []struct {
		auth   string
		status int
		code   string
	}{
		{"SSWS secret", 200, ""},
		{"ssws secret", 200, ""},
		{"SSWSsecret", 200, ""}, // as Okta's own Postman collection has it
		{"SSWS wrong", 401, "E0000011"},
		{"SSWS", 401, "E0000011"},
		{"Bearer secret", 401, "E0000011"},
		{"Basic c2VjcmV0", 403, "E0000005"},
		{"", 403, "E0000005"},
	} {
		c.auth = test.auth
		if got := c.do(test.status, "GET", usersPath); test.code != "" && got.code(t) != test.code {
			t.Errorf("%q: %s", test.auth, got.body)
		}
	}
	c.auth = ""
	c.do(200, "GET", "/.well-known/okta-organization")
	c.auth = "SSWS secret"
	MustSet(t, c.org, `{"token_revoked":true}`)
	c.do(401, "GET", usersPath)
	MustSet(t, c.org, `{"token_revoked":false}`)
	me := c.do(200, "GET", "/api/v1/users/me").object(t)
	if err := c.org.SetStatus(me["id"].(string), "SUSPENDED"); err != nil {
		t.Fatal(err)
	}
	c.do(401, "GET", usersPath) // the token of a user who is not active
}

const client0 = "0oaservice00000000001"

// signed is a client assertion by this key.
func signed(tb testing.TB, key *rsa.PrivateKey, claims map[string]any) string {
	tb.Helper()
	encode := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := encode(map[string]string{"alg": "RS256"}) + "." + encode(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func MustKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func TestOAuth(t *testing.T) {
	key, other := MustKey(t), MustKey(t)
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}, ClientID: client0, ClientKey: &key.PublicKey, Scopes: []string{"okta.users.read", "okta.users.manage"}})
	c.auth = ""
	now := time.Now()
	good := map[string]any{"iss": client0, "sub": client0, "aud": c.url + "/oauth2/v1/token", "exp": now.Add(10 * time.Minute).Unix(), "jti": "1"}
	with := func(name string, value any) map[string]any {
		claims := map[string]any{}
		for k, v := range good {
			claims[k] = v
		}
		claims[name] = value
		return claims
	}
	form := func(assertion, scope string) url.Values {
		return url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	}
	post := func(values url.Values, inQuery bool) (int, map[string]any) {
		body, path := values.Encode(), "/oauth2/v1/token"
		if inQuery {
			body, path = "", path+"?"+body
		}
		got, err := c.try("POST", path, body, "Content-Type", "application/x-www-form-urlencoded")
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, got.object(t)
	}
	for name, test := range map[string]struct {
		form   url.Values
		status int
		code   string
	}{
		"other key":  {form(signed(t, other, with("jti", "2")), "okta.users.read"), 401, "invalid_client"},
		"expired":    {form(signed(t, key, with("exp", now.Add(-time.Second).Unix())), "okta.users.read"), 401, "invalid_client"},
		"long life":  {form(signed(t, key, with("exp", now.Add(2*time.Hour).Unix())), "okta.users.read"), 401, "invalid_client"},
		"audience":   {form(signed(t, key, with("aud", "https://elsewhere.example")), "okta.users.read"), 401, "invalid_client"},
		"issuer":     {form(signed(t, key, with("iss", "0oaother")), "okta.users.read"), 401, "invalid_client"},
		"nonsense":   {form("a.b.c", "okta.users.read"), 401, "invalid_client"},
		"scope":      {form(signed(t, key, with("jti", "3")), "okta.logs.read"), 400, "invalid_scope"},
		"no scope":   {form(signed(t, key, with("jti", "4")), ""), 400, "invalid_scope"},
		"grant type": {url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
	} {
		if status, body := post(test.form, false); status != test.status || body["error"] != test.code || body["error_description"] == "" {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	status, body := post(form(signed(t, key, good), "okta.users.read"), true)
	if status != 200 || body["token_type"] != "Bearer" || body["expires_in"] != 3600.0 {
		t.Fatalf("%d %v", status, body)
	}
	if status, _ := post(form(signed(t, key, good), "okta.users.read"), true); status != 401 {
		t.Error("the assertion was taken twice")
	}
	c.auth = "Bearer " + body["access_token"].(string)
	c.do(200, "GET", usersPath)
	refused := c.do(403, "POST", "/api/v1/users/ana@example.com"+resetAna)
	if challenge := refused.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.HasPrefix(challenge, "Bearer ") || refused.code(t) != "E0000006" {
		t.Errorf("%q %s", challenge, refused.body)
	}
	c.do(404, "GET", "/api/v1/users/me") // an app is no user
	_, body = post(form(signed(t, key, with("jti", "5")), "okta.users.manage"), false)
	c.auth = "Bearer " + body["access_token"].(string)
	c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
	c.auth = "SSWS sandbox-token"
	event := c.do(200, "GET", logsPath).list(t)[0]
	if actor := event["actor"].(map[string]any); actor["type"] != "PublicClientApp" || actor["id"] != client0 || actor["alternateId"] != client0 {
		t.Errorf("actor %v", actor)
	}
}

func TestOAuth_expires(t *testing.T) {
	key := MustKey(t)
	c := MustServe(t, oktasim.Options{ClientID: client0, ClientKey: &key.PublicKey})
	claims := map[string]any{"iss": client0, "sub": client0, "aud": c.url + "/oauth2/v1/token", "exp": time.Now().Add(10 * time.Minute).Unix()}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"okta.users.read"}, "client_assertion": {signed(t, key, claims)},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	got, err := c.try("POST", "/oauth2/v1/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%v %s", err, got.body)
	}
	c.auth = "Bearer " + got.object(t)["access_token"].(string)
	c.do(200, "GET", usersPath)
	MustSet(t, c.org, `{"clock_offset":"61m"}`)
	if refused := c.do(401, "GET", usersPath); !strings.Contains(refused.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("%v", refused.Header)
	}
}

func TestDPoP(t *testing.T) {
	key := MustKey(t)
	c := MustServe(t, oktasim.Options{ClientID: client0, ClientKey: &key.PublicKey, DPoP: true})
	claims := map[string]any{"iss": client0, "sub": client0, "aud": c.url, "exp": time.Now().Add(time.Minute).Unix()}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"okta.users.read"}, "client_assertion": {signed(t, key, claims)},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	got, err := c.try("POST", "/oauth2/v1/token", form.Encode())
	if err != nil || got.StatusCode != 400 || got.object(t)["error"] != "invalid_dpop_proof" {
		t.Errorf("%v %s", err, got.body)
	}
}

// What the token endpoint says of a proof that is not one.
func TestDPoP_proofs(t *testing.T) {
	app := MustKey(t)
	c := MustServe(t, oktasim.Options{ClientID: client0, ClientKey: &app.PublicKey, DPoP: true})
	other := MustKey(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	proof := func(alg jose.SignatureAlgorithm, key any, kind string, embedded any) string {
		options := (&jose.SignerOptions{}).WithType(jose.ContentType(kind))
		if embedded != nil {
			options.WithHeader("jwk", jose.JSONWebKey{Key: embedded})
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Signed(signer).Claims(map[string]any{
			"jti": rand.Text(), "htm": "POST", "htu": c.url + "/oauth2/v1/token", "iat": time.Now().Unix(),
		}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	const typ = "dpop+jwt"
	for name, test := range map[string]struct{ proof, says string }{
		"good":              {proof(jose.ES256, key, typ, &key.PublicKey), "requires nonce"},
		"good, RSA":         {proof(jose.RS256, other, typ, &other.PublicKey), "requires nonce"},
		"nonsense":          {"a.b.c", "malformed"},
		"private key":       {proof(jose.ES256, key, typ, key), "malformed"},
		"other algorithm":   {proof(jose.RS512, other, typ, &other.PublicKey), "malformed"},
		"other type":        {proof(jose.ES256, key, "JWT", &key.PublicKey), "wrong header"},
		"no key":            {proof(jose.ES256, key, typ, nil), "wrong header"},
		"of another key":    {proof(jose.RS256, other, typ, &app.PublicKey), "invalid signature"},
		"other kind of key": {proof(jose.RS256, other, typ, &key.PublicKey), "invalid signature"},
		"weak key":          {proof(jose.RS256, weak, typ, &weak.PublicKey), "invalid signature"},
	} {
		claims := map[string]any{"iss": client0, "sub": client0, "aud": []string{"x", c.url}, "exp": time.Now().Add(time.Minute).Unix()}
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {"okta.users.read"}, "client_assertion": {signed(t, app, claims)},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		got, err := c.try("POST", "/oauth2/v1/token", form.Encode(), "DPoP", test.proof)
		if err != nil || got.StatusCode != 400 || !strings.Contains(fmt.Sprint(got.object(t)["error_description"]), test.says) {
			t.Errorf("%s: %v %s, want %s", name, err, got.body, test.says)
		}
	}
}
