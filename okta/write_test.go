package okta_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

const someone = "00u00000000000000001"

// respond answers every call in one way.
func respond(status int, header map[string]string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Okta-Request-Id", "req-1")
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func errorBody(code string) string {
	return `{"errorCode":"` + code + `","errorSummary":"Okta's sentence","errorLink":"` + code + `","errorId":"oae1","errorCauses":[{"errorSummary":"a cause"}]}`
}

var asJSON = map[string]string{"Content-Type": "application/json"}

// TestResetFactors_answers is the table of what an answer means for a reset.
func TestResetFactors_answers(t *testing.T) {
	html := map[string]string{"Content-Type": "text/html"}
	bearer := map[string]string{"WWW-Authenticate": `Bearer authorization_uri="http://x/oauth2/v1/authorize", realm="http://x", scope="okta.users.manage", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/api/v1/users"`}
	tests := []struct {
		name     string
		status   int
		header   map[string]string
		body     string
		effect   okta.Effect // "": a success
		kind     okta.Kind
		answered bool
	}{
		{"empty object", 200, asJSON, "{}", "", "", false},
		{"empty", 200, nil, "", "", "", false},
		{"no content", 204, nil, "", "", "", false},
		{"JSON called text", 200, map[string]string{"Content-Type": "text/plain"}, "{}", "", "", false},
		{"a page of somebody else", 200, html, "<html>", okta.EffectDoubt, okta.KindServer, false},
		{"redirect", 302, map[string]string{"Location": "/login"}, "", okta.EffectRejected, okta.KindRedirect, false},
		{"invalid", 400, asJSON, errorBody("E0000001"), okta.EffectRejected, okta.KindInvalid, true},
		{"revoked", 401, asJSON, errorBody("E0000011"), okta.EffectRefused, okta.KindAuth, true},
		{"bare 401", 401, nil, "", okta.EffectRefused, okta.KindAuth, false},
		{"forbidden", 403, asJSON, errorBody("E0000006"), okta.EffectRejected, okta.KindForbidden, true},
		{"status", 403, asJSON, errorBody("E0000038"), okta.EffectRejected, okta.KindStatus, true},
		{"scope", 403, bearer, "", okta.EffectRejected, okta.KindScope, true},
		{"unknown user", 404, asJSON, errorBody("E0000007"), okta.EffectRejected, okta.KindNotFound, true},
		{"method", 405, asJSON, errorBody("E0000022"), okta.EffectRejected, okta.KindInvalid, true},
		{"busy user", 423, asJSON, errorBody("E0000155"), okta.EffectRejected, okta.KindStatus, true},
		{"429 without headers", 429, nil, "", okta.EffectRefused, okta.KindRateLimited, true},
		{"internal", 500, asJSON, errorBody("E0000009"), okta.EffectDoubt, okta.KindServer, true},
		{"a final code with 500", 500, asJSON, errorBody("E0000006"), okta.EffectDoubt, okta.KindServer, true},
		{"gateway", 502, html, "<html>bad gateway</html>", okta.EffectDoubt, okta.KindServer, false},
		{"read only", 503, asJSON, errorBody("E0000010"), okta.EffectDoubt, okta.KindServer, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := MustHandle(t, respond(tt.status, tt.header, tt.body))
			receipt, err := reset(context.Background(), c, "FR-1", someone)
			if tt.effect == "" {
				if err != nil || receipt.RequestID != "req-1" || receipt.At.IsZero() {
					t.Errorf("%+v, %v", receipt, err)
				}
				return
			}
			e := failure(t, err)
			if e.Effect != tt.effect || e.Kind != tt.kind || e.Status != tt.status || e.Answered != tt.answered {
				t.Errorf("%+v", e)
			}
			if e.Advice == "" || e.RequestID != "req-1" || e.Op != "reset factors" {
				t.Errorf("incomplete: %+v", e)
			}
			if strings.HasPrefix(tt.body, "{") && tt.answered && (e.Summary == "" || !strings.HasPrefix(e.Code, "E0000") || len(e.Causes) != 1) {
				t.Errorf("Okta's words are missing: %+v", e)
			}
		})
	}
}

// TestResetFactors_dropped: the SDK replays a POST on EOF without end; one call must stay one call.
func TestResetFactors_dropped(t *testing.T) {
	for _, how := range []string{"EOF", "reset", "half an answer"} {
		t.Run(how, func(t *testing.T) {
			var hits atomic.Int32
			c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
				hits.Add(1)
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				switch how {
				case "reset":
					_ = conn.(*net.TCPConn).SetLinger(0)
				case "half an answer":
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{")
				}
				_ = conn.Close()
			})
			_, err := reset(context.Background(), c, "FR-1", someone)
			e := failure(t, err)
			if e.Effect != okta.EffectDoubt || e.Kind != okta.KindNetwork || e.Answered {
				t.Errorf("%+v", e)
			}
			if errors.Is(err, io.EOF) || hits.Load() != 1 {
				t.Errorf("%d calls, EOF %v", hits.Load(), errors.Is(err, io.EOF))
			}
		})
	}
}

// TestRead_dropped: a read is tried again, and what its first try had read is forgotten.
func TestRead_dropped(t *testing.T) {
	var hits atomic.Int32
	c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := `[{"id":"sms00000000000000001","factorType":"sms"},{"id":"opf00000000000000002","factorType":"push"}]`
		if hits.Add(1) < 3 {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = io.WriteString(w, body[:60])
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, body)
	})
	factors, err := c.Factors(context.Background(), someone)
	if err != nil || len(factors) != 2 || hits.Load() != 3 {
		t.Errorf("%v, %v after %d calls", factors, err, hits.Load())
	}
}

// TestResetFactors_unsent: what failed before a byte was written is not in doubt.
func TestResetFactors_unsent(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	defer secure.Close()
	for name, url := range map[string]string{"refused": closed.URL, "untrusted certificate": secure.URL} {
		t.Run(name, func(t *testing.T) {
			c := MustClient(t, okta.Config{OrgURL: url})
			_, err := reset(context.Background(), c, "FR-1", someone)
			if e := failure(t, err); e.Effect != okta.EffectNone || e.Kind != okta.KindNetwork || e.Advice == "" {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestMalformedLink: the SDK panics on one.
func TestMalformedLink(t *testing.T) {
	for _, link := range []string{`<:%zz>; rel="next"`, `<http://[::1>; rel="next"`, `;;;`, `<>; rel="next"`, `< https://x/ >; rel=next`} {
		c := MustHandle(t, respond(200, map[string]string{"Content-Type": "application/json", "Link": link}, "[]"))
		for _, err := range c.Search(context.Background(), "x") {
			t.Errorf("%s: %v", link, err)
		}
		if _, err := reset(context.Background(), c, "FR-1", someone); err != nil {
			t.Errorf("%s: %v", link, err)
		}
	}
}

// TestPages_astray: the token goes nowhere but to the org.
func TestPages_astray(t *testing.T) {
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer thief.Close()
	var hits atomic.Int32
	c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if hits.Add(1) == 1 {
			w.Header().Set("Link", "<"+thief.URL+`/api/v1/users?after=2>; rel="next"`)
		}
		_, _ = io.WriteString(w, `[{"id":"`+someone+`"}]`)
	})
	if got := collect(t, c.Search(context.Background(), "x")); len(got) != 2 || stolen.Load() != 0 {
		t.Errorf("%d users, %d calls went astray", len(got), stolen.Load())
	}
}

// TestStraySettings: the SDK's own settings change nothing.
func TestStraySettings(t *testing.T) {
	for k, v := range map[string]string{
		"OKTA_CLIENT_ORGURL": "https://stray.okta.com", "OKTA_CLIENT_TOKEN": "stray", "OKTA_CLIENT_AUTHORIZATIONMODE": "PrivateKey",
		"OKTA_CLIENT_CLIENTID": "0oaStray", "OKTA_CLIENT_PRIVATEKEY": "stray", "OKTA_CLIENT_SCOPES": "stray", "OKTA_CLIENT_CACHE_ENABLED": "true",
		"OKTA_CLIENT_RATE_LIMIT_MAX_RETRIES": "5", "OKTA_CLIENT_REQUEST_TIMEOUT": "1", "OKTA_TESTING_DISABLE_HTTPS_CHECK": "true",
		"OKTA_CLIENT_PROXY_HOST": "stray.example.com",
	} {
		t.Setenv(k, v)
	}
	org, c := MustServe(t, oktasim.Options{Given: []oktasim.User{{Login: "ana@example.com", Factors: []oktasim.Factor{{Type: "sms"}}}}})
	ana, _ := org.User("ana@example.com")
	before, err := c.Factors(context.Background(), ana.ID)
	if err != nil || len(before) != 1 {
		t.Fatal(before, err)
	}
	if _, err := reset(context.Background(), c, "FR-1", ana.ID); err != nil {
		t.Fatal(err)
	}
	if after, err := c.Factors(context.Background(), ana.ID); err != nil || len(after) != 0 {
		t.Errorf("the factors of before: %v, %v", after, err)
	}
}
