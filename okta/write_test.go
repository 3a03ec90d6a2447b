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
	"testing/synctest"
	"time"

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

// TestResetFactors_late: begins within 2 s of the record, by both clocks, or not at all.
func TestResetFactors_late(t *testing.T) {
	var hits atomic.Int32
	c := MustHandle(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	now := time.Now()
	for name, asked := range map[string]time.Time{
		"3 s ago":                  now.Add(-3 * time.Second),
		"wall clock went an hour":  now.Round(0).Add(-time.Hour),
		"wall clock was set back":  now.Round(0).Add(time.Hour),
		"a journal without a time": {},
	} {
		slot, err := c.Take(context.Background(), "FR-1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.ResetFactors(context.Background(), slot, asked, someone)
		if e := failure(t, err); e.Effect != okta.EffectNone || e.Kind != okta.KindLate {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d calls were sent", hits.Load())
	}
	if s := c.Stats(); s.InFlight != 0 {
		t.Errorf("%d slots are lost", s.InFlight)
	}
}

// hang is a transport whose server never answers.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestResetFactors_end: over within 30 s of the record; and a connection that
// does not come in 2 s means that nothing was sent.
func TestResetFactors_end(t *testing.T) {
	sdk := MustSDK(t)
	unreachable := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	tests := []struct {
		name      string
		transport http.RoundTripper
		after     time.Duration
		effect    okta.Effect
		kind      okta.Kind
	}{
		{"no answer", hang{}, 30 * time.Second, okta.EffectDoubt, okta.KindNetwork},
		{"no connection", unreachable, 2 * time.Second, okta.EffectNone, okta.KindLate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := MustClient(t, okta.Config{SDK: sdk, Transport: tt.transport})
				asked := time.Now()
				_, err := reset(context.Background(), c, "FR-1", someone)
				if e := failure(t, err); e.Effect != tt.effect || e.Kind != tt.kind {
					t.Errorf("%+v", e)
				}
				if took := time.Since(asked); took != tt.after {
					t.Errorf("given up after %v", took)
				}
			})
		})
	}
}

// TestResetFactors_throttled: a 429 comes back typed, at once, and says when to come again.
func TestResetFactors_throttled(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 20, AllActive: true, RateLimit: 10, Window: 10 * time.Second}, okta.Config{SDK: sdk})
		other := MustClient(t, okta.Config{SDK: sdk, Transport: org.Transport()})
		people := org.Users()
		if _, err := reset(context.Background(), c, "FR-1", people[0].ID); err != nil {
			t.Fatal(err)
		}
		slot, err := c.Take(context.Background(), "FR-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range people[1:10] { // the others take the rest of the window
			if _, err := reset(context.Background(), other, "", u.ID); err != nil {
				t.Fatal(err)
			}
		}
		_, err = c.ResetFactors(context.Background(), slot, time.Now(), people[11].ID)
		var e *okta.Error
		if !errors.As(err, &e) {
			return // the window had turned meanwhile
		}
		if e.Effect != okta.EffectRefused || e.Kind != okta.KindRateLimited || !e.RetryAt.After(time.Now()) || e.Code != "E0000047" {
			t.Errorf("%+v", e)
		}
		if n := throttled(c); n != 1 {
			t.Errorf("%d counted", n)
		}
	})
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

func TestDeleteFactor(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{KeepCalls: true, Given: []oktasim.User{{Login: "ana@example.com",
		Factors: []oktasim.Factor{{Type: "sms"}, {Type: "push"}, {Type: "signed_nonce"}, {Type: "webauthn"}}}}})
	ana, _ := org.User("ana@example.com")
	factors, err := c.Factors(ctx, ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range factors {
		slot, err := c.Take(ctx, "FR-1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.DeleteFactor(ctx, slot, time.Now(), ana.ID, f.ID, f.Type == "sms")
		if gone := f.Type == "signed_nonce"; gone != okta.IsKind(err, okta.KindNotFound) || (err != nil && !gone) {
			t.Errorf("%s: %v", f.Type, err)
		}
	}
	if left, err := c.Factors(ctx, ana.ID); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if n := org.Books().Forgotten; n != 1 {
		t.Errorf("%d numbers forgotten", n)
	}
}

func TestClearSessions(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{Given: []oktasim.User{{Login: "ana@example.com"}}})
	ana, _ := org.User("ana@example.com")
	slot, err := c.Take(ctx, "FR-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ClearSessions(ctx, slot, time.Now(), ana.ID); err != nil || org.Books().Sessions != 1 {
		t.Errorf("%v, %d", err, org.Books().Sessions)
	}
}

func TestSlot(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{Users: 3, AllActive: true})
	id := org.Users()[0].ID
	slot, err := c.Take(ctx, "FR-1")
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Stats().InFlight; n != 1 {
		t.Errorf("%d in flight", n)
	}
	if _, err := c.ResetFactors(ctx, slot, time.Now(), id); err != nil {
		t.Error(err)
	}
	slot.Release()
	slot.Release()
	_, err = c.ResetFactors(ctx, slot, time.Now(), id)
	if e := failure(t, err); e.Effect != okta.EffectNone {
		t.Errorf("a slot used twice: %+v", e)
	}
	unused, err := c.Take(ctx, "FR-1")
	if err != nil {
		t.Fatal(err)
	}
	unused.Release()
	if _, err := c.ResetFactors(ctx, unused, time.Now(), id); failure(t, err).Effect != okta.EffectNone {
		t.Errorf("a released slot: %v", err)
	}
	if n := c.Stats().InFlight; n != 0 || len(org.Resets(id)) != 1 {
		t.Errorf("%d in flight, %d resets", n, len(org.Resets(id)))
	}
}

func TestTake_given_up(t *testing.T) {
	_, c := MustServe(t, oktasim.Options{Users: 3})
	var slots []*okta.Slot
	first, err := c.Take(context.Background(), "FR-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ResetFactors(context.Background(), first, time.Now(), someone); !okta.IsKind(err, okta.KindNotFound) {
		t.Fatal(err)
	}
	for range 8 {
		s, err := c.Take(context.Background(), "FR-1")
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan error, 2)
	for _, ctx := range []context.Context{ctx, context.Background()} {
		go func() {
			_, err := c.Take(ctx, "FR-1")
			waited <- err
		}()
	}
	cancel()
	if e := failure(t, <-waited); e.Kind != okta.KindCanceled || e.Effect != okta.EffectNone || !errors.Is(e, context.Canceled) {
		t.Errorf("%+v", e)
	}
	c.Close()
	if e := failure(t, <-waited); e.Kind != okta.KindClosed {
		t.Errorf("%+v", e)
	}
	for _, s := range slots {
		s.Release()
	}
}
