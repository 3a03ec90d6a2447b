package app

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
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

// A service app is nobody in Okta; readiness asks Okta all the same, and notices that
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
