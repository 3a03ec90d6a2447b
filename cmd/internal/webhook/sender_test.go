package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"factorbot/cmd/internal/config"
)

// testKey signs what the tests send.
const testKey = "a key that only the tests know"

func TestHookSender_refuses(t *testing.T) {
	elsewhere := 0
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(target.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	answers := map[string]http.HandlerFunc{
		"redirects": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", target.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"answered 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"":             func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 64<<10)) },
	}
	for says, answer := range answers {
		srv := httptest.NewServer(answer)
		err := newHookSender(srv.URL+"/canary-path", config.NewSecret(testKey), time.Now).send(t.Context(), Body{Delivery: "one"})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
		srv.Close()
	}
	err := newHookSender(gone.URL+"/canary-path", config.NewSecret(testKey), time.Now).send(t.Context(), Body{Delivery: "one"})
	if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), testKey) {
		t.Errorf("unreachable: %v", err)
	}
	var status *hookStatusError
	if errors.As(err, &status) || elsewhere != 0 {
		t.Errorf("%v; %d calls elsewhere", err, elsewhere)
	}
}
