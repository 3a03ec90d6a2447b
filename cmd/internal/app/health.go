package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"factorbot/bot/slackapi"
	"factorbot/cmd/internal/metrics"
	"factorbot/okta"
)

// Health answers the probes of an orchestrator, and serves the metrics.
type Health struct {
	ready   atomic.Pointer[readiness]
	metrics *metrics.Metrics // nil: not served
}

// NewHealth is the health of a program that may run a bot.
func NewHealth() *Health { return &Health{metrics: metrics.New()} }

// Mount adds the probes to a mux. A program without bot is alive and not ready.
func (h *Health) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ready := h.ready.Load()
		if ready == nil {
			answer(w, http.StatusServiceUnavailable, "the bot is not running")
			return
		}
		if err := ready.check(r.Context()); err != nil {
			answer(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		answer(w, http.StatusOK, ready.words(r.Context()))
	})
	if h.metrics != nil {
		h.metrics.Mount(mux)
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// readiness is whether the bot can work now: a socket is open, the record can
// be written, Okta answers. The parts are asked side by side.
type readiness struct {
	parts []*readyPart
	say   func(context.Context) string // who leads; nil: nobody has to know
}

func (r *readiness) words(ctx context.Context) string {
	if r.say == nil {
		return "ready"
	}
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	return "ready; " + r.say(ctx)
}

// readyPart is one thing that the bot cannot work without. What it says is kept
// for a while, so that a probe each second asks no more of anybody.
type readyPart struct {
	name  string // "okta"
	ask   func(context.Context) error
	good  time.Duration // how long a good answer is kept
	bad   time.Duration // how long a bad one is
	mu    sync.Mutex
	until time.Time
	err   error
}

// readyTime bounds one probe.
const readyTime = 5 * time.Second

// errNoSocket says that no person reaches the bot now.
var errNoSocket = errors.New("no socket to Slack is open")

// newReadiness asks for a socket, whether the record works, and unless answers is nil for Okta.
func newReadiness(sockets func() int, write, answers func(context.Context) error) *readiness {
	socket := func(context.Context) error {
		if sockets() == 0 {
			return errNoSocket
		}
		return nil
	}
	r := &readiness{parts: []*readyPart{
		{name: "slack", ask: socket},
		{name: "store", ask: write, good: 10 * time.Second},
	}}
	if answers != nil {
		r.parts = append(r.parts, &readyPart{name: "okta", ask: answers, good: time.Minute, bad: 10 * time.Second})
	}
	return r
}

// check returns nil, or what is wrong, a line for each part.
func (r *readiness) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	errs := make([]error, len(r.parts))
	var wg sync.WaitGroup
	for i, p := range r.parts {
		wg.Go(func() { errs[i] = p.check(ctx, time.Now()) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *readyPart) check(ctx context.Context, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		return p.err
	}
	err := p.ask(ctx)
	keep := p.good
	if err != nil {
		keep, err = p.bad, errors.New(p.name+": "+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if ctx.Err() == nil { // a probe that was given up says nothing
		p.until, p.err = now.Add(keep), err
	}
	return err
}

// tokenUse is how often the token is used at least: Okta revokes an API token that was
// not used for 30 days (help.okta.com, API token management).
const tokenUse = 24 * time.Hour

// keepToken uses the token once a day, so that it does not expire while nobody asks
// for anything, until ctx ends.
func keepToken(ctx context.Context, client *okta.Client, log *slog.Logger) error {
	for slackapi.Pause(ctx, tokenUse) == nil {
		if err := oktaAnswers(ctx, client); err != nil && ctx.Err() == nil {
			log.Error("Okta does not take the token, or cannot be reached", "err", err)
		}
	}
	return nil
}

// writable asks whether the record takes a write.
func writable(values valueStore) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := values.PutValue(ctx, "last-probe", []byte(time.Now().UTC().Format(time.RFC3339))); err != nil {
			return fmt.Errorf("the record cannot be written: %w", err)
		}
		return nil
	}
}

// oktaAnswers asks whether Okta answers and takes our token. A refusal for want
// of a role is an answer. A service app is nobody in Okta that could be asked about, so
// it looks for a group, whose calls have a limit of their own.
func oktaAnswers(ctx context.Context, client *okta.Client) error {
	ctx = okta.WithLane(ctx, okta.Urgent)
	_, isUser, err := client.Self(ctx)
	if err == nil && !isUser {
		_, err = client.GroupsByName(ctx, "factorbot readiness")
	}
	if err == nil || okta.IsKind(err, okta.KindForbidden, okta.KindNotFound, okta.KindRateLimited) {
		return nil
	}
	return err
}
