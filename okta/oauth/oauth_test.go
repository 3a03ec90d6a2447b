package oauth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
	"time"

	"factorbot/okta/oauth"
)

func TestNewClient(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for name, tt := range map[string]struct{ key, want string }{
		"PKCS#1":        {text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), ""},
		"PKCS#8":        {text("PRIVATE KEY", pkcs8), ""},
		"on one line":   {strings.ReplaceAll(text("PRIVATE KEY", pkcs8), "\n", `\n`), ""},
		"no PEM":        {"canary-of-a-key", "not PEM"},
		"another thing": {text("PRIVATE KEY", []byte("canary-of-a-key")), "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := oauth.NewClient("0oa1", "https://example.okta.com/oauth2/v1/token", tt.key, "key-1")
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
			body, err := c.Form(now, []string{"okta.users.read", "okta.logs.read"})
			if err != nil {
				t.Fatal(err)
			}
			form, err := url.ParseQuery(body)
			if err != nil {
				t.Fatal(err)
			}
			claims := decoded(t, form.Get("client_assertion"), 1)
			if form.Get("scope") != "okta.users.read okta.logs.read" || claims["iss"] != "0oa1" || claims["iat"] != float64(now.Unix()) || claims["exp"] != float64(now.Add(5*time.Minute).Unix()) {
				t.Errorf("%v, %v", form, claims)
			}
		})
	}
}

// decoded is the header (0) or the claims (1) of a JWT.
func decoded(t *testing.T, token string, part int) (into map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	if err == nil {
		err = json.Unmarshal(raw, &into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return into
}

// Proofs are for one request each, name no query, and hold the nonce of their place only.
func TestProver(t *testing.T) {
	p, err := oauth.NewProver()
	if err != nil {
		t.Fatal(err)
	}
	api := &url.URL{Scheme: "https", Host: "example.okta.com", Path: "/api/v1/users", RawQuery: "search=secret"}
	endpoint := &url.URL{Scheme: "https", Host: "example.okta.com", Path: "/oauth2/v1/token"}
	p.Learn(endpoint, "", "nonce-of-the-endpoint", "", false)
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	first, nonce, err := p.Proof("GET", api, now, "token")
	if err != nil || nonce != "" {
		t.Fatal(nonce, err)
	}
	head, claims := decoded(t, first, 0), decoded(t, first, 1)
	key, _ := head["jwk"].(map[string]any)
	if head["typ"] != "dpop+jwt" || head["alg"] != "ES256" || key["crv"] != "P-256" || key["d"] != nil {
		t.Errorf("%v", head)
	}
	if claims["htu"] != "https://example.okta.com/api/v1/users" || claims["htm"] != "GET" || claims["iat"] != float64(now.Unix()) || claims["nonce"] != nil || claims["ath"] == nil {
		t.Errorf("%v", claims)
	}
	second, _, err := p.Proof("GET", api, now, "token")
	if err != nil || decoded(t, second, 1)["jti"] == claims["jti"] {
		t.Error("two proofs have one ID", err)
	}
	forToken, nonce, err := p.Proof("POST", endpoint, now, "")
	if err != nil || nonce != "nonce-of-the-endpoint" || decoded(t, forToken, 1)["nonce"] != nonce || decoded(t, forToken, 1)["ath"] != nil {
		t.Errorf("%q, %v", nonce, err)
	}
}

// A new nonce that meets a few calls at once is nothing; one with each answer, which makes
// the others' proofs worthless, is.
func TestProver_oneAtATime(t *testing.T) {
	p, err := oauth.NewProver()
	if err != nil {
		t.Fatal(err)
	}
	api := &url.URL{Scheme: "https", Host: "example.okta.com", Path: "/api/v1/users"}
	for range 3 {
		p.Learn(api, "token", "n2", "n1", true)
	}
	p.Learn(api, "token", "n2", "n2", false)
	for i := range 3 {
		p.Learn(api, "token", "n", "o", true)
		if p.Learn(api, "token", "m", "n", false); p.OneAtATime() {
			t.Errorf("after %d", i)
		}
	}
	if p.Learn(api, "token", "n", "o", true); !p.OneAtATime() {
		t.Error("proofs go on spoiling each other")
	}
	if p.Learn(api, "token", "", "n", false); p.OneAtATime() {
		t.Error("it never ends")
	}
}

// A token lasts by the wall clock, and a refused one is forgotten once.
func TestStore(t *testing.T) {
	var s oauth.Store
	asked := time.Now()
	s.Keep(oauth.Granted{AccessToken: "a", TokenType: "DPoP", ExpiresIn: 3600}, asked)
	wall := asked.Round(0)
	for after, want := range map[time.Duration][2]bool{
		0: {true, true}, 54 * time.Minute: {true, true}, 56 * time.Minute: {false, true}, 59*time.Minute + time.Second: {false, false}, 2 * time.Hour: {false, false},
	} {
		if fresh, usable := s.Fresh(wall.Add(after)); fresh != want[0] || usable != want[1] {
			t.Errorf("after %v: %v, %v", after, fresh, usable)
		}
	}
	a := s.Current()
	if a.Scheme() != "DPoP" || s.Refused(a) {
		t.Error("a new token that is refused at once would be refused again")
	}
	if s.Current().Text != "" {
		t.Error("it is still sent")
	}
	s.Keep(oauth.Granted{AccessToken: "b", TokenType: "Bearer", ExpiresIn: 3600}, asked)
	b := s.Current()
	s.Accepted(b)
	if b.Scheme() != "Bearer" || !s.Refused(b) || !s.Refused(b) {
		t.Error("a token that Okta had taken is worth another one")
	}
}
