package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"maps"
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

func TestReadiness_namesWhatIsWrongAndAsksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrote, asked int
		var diskFull, revoked error
		r := newReadiness(func() int { return 1 },
			func(context.Context) error { wrote++; return diskFull },
			func(context.Context) error { asked++; return revoked })
		check := func(want string) {
			t.Helper()
			got := "ready"
			if err := r.check(t.Context()); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("check() says %q, want %q", got, want)
			}
		}
		check("ready")
		check("ready")
		if wrote != 1 || asked != 1 {
			t.Errorf("two probes wrote %d times and asked Okta %d times", wrote, asked)
		}
		diskFull, revoked = errors.New("disk full"), errors.New("401\nE0000011")
		<-time.After(time.Minute)
		check("store: disk full\nokta: 401; E0000011")
		diskFull, revoked = nil, nil
		check("okta: 401; E0000011")
		<-time.After(10 * time.Second)
		check("ready")
	})
}

func TestReadiness_isBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return errors.New("no answer") }
		r := newReadiness(func() int { return 0 }, func(context.Context) error { return nil }, hang)
		begun := time.Now()
		err := r.check(t.Context())
		if want := "slack: no socket to Slack is open\nokta: no answer"; err == nil || err.Error() != want {
			t.Errorf("check() = %v, want %q", err, want)
		}
		if took := time.Since(begun); took != readyTime { // the bubble's clock
			t.Errorf("it took %s", took)
		}
	})
}

// A service app is nobody in Okta; readiness still asks Okta, and notices that
// its access was taken away.
func TestOktaAnswers_ofAServiceApp(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	org, err := oktasim.New(oktasim.Options{Users: 3, Token: "unused", ClientID: "0oaService", ClientKey: &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(org.Close)
	var calls atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			calls.Add(1)
		}
		org.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	client, err := okta.New(okta.Config{
		OrgURL: srv.URL, ClientID: "0oaService", Marker: "test", Version: "test", Logger: slog.New(slog.DiscardHandler),
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if err := oktaAnswers(t.Context(), client); err != nil || calls.Load() == 0 {
		t.Fatalf("%v after %d calls", err, calls.Load())
	}
	srv.Close()
	if err := oktaAnswers(t.Context(), client); err == nil {
		t.Error("ready without Okta")
	}
}

// A token that nobody uses for 30 days is gone: it is used once a day, no more often,
// on days too when Okta did not answer, and until the bot ends.
func TestKeepToken_usesTheTokenOnceADay(t *testing.T) {
	sdk, err := okta.NewSDK() // outside of the bubble: it starts a goroutine that never ends
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		wire := &days{}
		client, err := okta.New(okta.Config{
			OrgURL: "http://127.0.0.1:1", Token: "secret", Marker: "test", Version: "test",
			Logger: slog.New(slog.DiscardHandler), Transport: wire, SDK: sdk,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		var said bytes.Buffer
		begun := time.Now()
		go func() { done <- keepToken(ctx, client, slog.New(slog.NewTextHandler(&said, nil))) }()
		<-time.After(4*24*time.Hour + time.Hour)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("it ended with %v", err)
		}
		answered := map[int]int{}
		for _, at := range wire.answered {
			answered[int(at.Sub(begun)/(24*time.Hour))]++
		}
		if want := map[int]int{1: 1, 3: 1, 4: 1}; !maps.Equal(answered, want) { // calls a day; nobody answers on day 2
			t.Errorf("answered calls by day: %v, want %v", answered, want)
		}
		if n := strings.Count(said.String(), "level=ERROR"); n != 1 || strings.Contains(said.String(), "secret") {
			t.Errorf("the log of four days, of which one was bad: %s", &said)
		}
	})
}

// days is an Okta that refuses the token on the second day of its life and answers on others.
type days struct {
	first    time.Time
	answered []time.Time
}

func (d *days) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.first.IsZero() {
		d.first = time.Now()
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Header.Get("Authorization") != "SSWS secret":
		return nil, errors.New("the token was not used")
	case time.Since(d.first) > 12*time.Hour && time.Since(d.first) < 36*time.Hour:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.WriteString(`{"errorCode":"E0000011","errorSummary":"Invalid token provided"}`)
	default:
		d.answered = append(d.answered, time.Now())
		_, _ = w.WriteString(`{"id":"00uAnaLima0000000001","status":"ACTIVE","profile":{"login":"ana@example.com"}}`)
	}
	answer := w.Result()
	answer.Request = r
	return answer, nil
}
