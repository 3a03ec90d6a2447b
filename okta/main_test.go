package okta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// sweeper is the goroutine that the Okta SDK starts and never ends.
var sweeper = goleak.IgnoreAnyFunction("github.com/patrickmn/go-cache.(*janitor).Run")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, sweeper) }

// MustSDK is made outside of synctest bubbles.
func MustSDK(tb testing.TB) *okta.SDK {
	tb.Helper()
	sdk, err := okta.NewSDK()
	if err != nil {
		tb.Fatal(err)
	}
	return sdk
}

const (
	token  = "sandbox-token"
	marker = "marker-of-tests"
)

// MustClient is a client whose canary token must not turn up in its log.
func MustClient(tb testing.TB, cfg okta.Config) *okta.Client {
	tb.Helper()
	if cfg.Token == "" && cfg.ClientID == "" {
		cfg.Token = token
	}
	if cfg.Marker == "" {
		cfg.Marker = marker
	}
	if cfg.OrgURL == "" {
		cfg.OrgURL = "http://127.0.0.1:1" // nobody is there: the transport is in memory
	}
	log := &lines{}
	cfg.Logger = slog.New(slog.NewJSONHandler(log, nil))
	c, err := okta.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		c.Close()
		if cfg.Token != "" && strings.Contains(log.String(), cfg.Token) {
			tb.Error("the token is in the log")
		}
	})
	return c
}

// lines is a log in memory.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// MustOrg is a simulated org and a client of it, without a network.
func MustOrg(tb testing.TB, opt oktasim.Options, cfg okta.Config) (*oktasim.Org, *okta.Client) {
	tb.Helper()
	org, err := oktasim.New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(org.Close)
	if cfg.Transport == nil {
		cfg.Transport = org.Transport()
	}
	return org, MustClient(tb, cfg)
}

// MustServe is a simulated org behind a real server, and a client of it.
func MustServe(tb testing.TB, opt oktasim.Options) (*oktasim.Org, *okta.Client) {
	tb.Helper()
	org, err := oktasim.New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(org)
	tb.Cleanup(func() {
		server.Close()
		org.Close()
	})
	return org, MustClient(tb, okta.Config{OrgURL: server.URL})
}

// MustHandle is a client of one handler.
func MustHandle(tb testing.TB, h http.HandlerFunc) *okta.Client {
	tb.Helper()
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return MustClient(tb, okta.Config{OrgURL: server.URL})
}

func set(tb testing.TB, org *oktasim.Org, key string, value any) {
	tb.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	if unknown, err := org.Set(map[string]json.RawMessage{key: raw}); err != nil || len(unknown) > 0 {
		tb.Fatal(unknown, err)
	}
}

// reset takes a slot and resets at once.
func reset(ctx context.Context, c *okta.Client, lane okta.Lane, id string) (okta.Receipt, error) {
	slot, err := c.Take(ctx, lane, okta.StepReset)
	if err != nil {
		return okta.Receipt{}, err
	}
	defer slot.Release()
	return c.ResetFactors(ctx, slot, time.Now(), id)
}

// failure finds the Error that every failure holds.
func failure(tb testing.TB, err error) *okta.Error {
	tb.Helper()
	var e *okta.Error
	if !errors.As(err, &e) {
		tb.Fatalf("not an okta.Error: %v", err)
	}
	return e
}

// throttled counts the 429s so far, in every bucket.
func throttled(c *okta.Client) int64 { return c.Stats().Throttled }
