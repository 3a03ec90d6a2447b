package okta

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/internal/width"
	"factorbot/okta/internal/wire"
	"factorbot/okta/pacer"
)

// Client talks to one Okta org. It is safe for concurrent use.
type Client struct {
	sdk       *sdk.Client
	transport *transport
	pacer     *pacer.Pacer
	clock     *wire.Clock
	auth      *tokens // nil: SSWS
	base      http.RoundTripper
	log       *slog.Logger
	clientID  string
	marker    string
	width     *width.Search
}

// New makes a client; nothing is sent. Close must follow.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("okta: %w", err)
	}
	if cfg.SDK == nil {
		prepared, err := NewSDK()
		if err != nil {
			return nil, fmt.Errorf("okta: %w", err)
		}
		cfg.SDK = prepared
	}
	c := &Client{sdk: cfg.SDK.client, base: cfg.Transport, log: cfg.Logger, clientID: cfg.ClientID, marker: cfg.Marker, width: &width.Search{}, clock: &wire.Clock{}}
	if c.base == nil {
		c.base = wire.NewTransport(cfg.Concurrency)
	}
	c.pacer = pacer.New(pacer.Options{Reserve: cfg.Reserve, Concurrency: cfg.Concurrency, Ceilings: cfg.Ceilings, OnCeiling: cfg.OnCeiling})
	_, traced := c.base.(*http.Transport)
	c.transport = &transport{base: c.base, traced: traced, org: cfg.origin, clock: c.clock, agent: userAgent(cfg), token: cfg.Token}
	if cfg.ClientID == "" {
		return c, nil
	}
	bare := *c.transport
	auth, err := newTokens(cfg, &bare, c.pacer)
	if err != nil {
		c.pacer.Close()
		return nil, fmt.Errorf("okta: %w", err)
	}
	c.auth, c.transport.auth = auth, auth
	return c, nil
}

// userAgent is what we add to the SDK's User-Agent; the marker is in
// parentheses, so that no marker is found within another.
func userAgent(cfg Config) string {
	version := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune("()", r) {
			return '-'
		}
		return r
	}, cfg.Version)
	return "factorbot/" + cmp.Or(version, "dev") + " (" + cfg.Marker + ")"
}

// Close ends what waits for its turn, and waits for what the client started.
// Calls in flight end by themselves.
func (c *Client) Close() {
	c.pacer.Close()
	if t, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Clock is Okta's clock minus ours, from the Date headers of all answers; ok
// is false before the first.
func (c *Client) Clock() (offset time.Duration, ok bool) { return c.clock.Offset() }

// Retries of reads: full jitter, doubling.
const (
	readTries    = 5
	throttleRuns = 20 // waits for a window, which the pacer does
	tokenRuns    = 5  // with another access token, or another proof
	firstBackoff = 200 * time.Millisecond
	mostBackoff  = 5 * time.Second
)

// get reads path, an /api/v1 path of ours or a next link, and gives a 2xx body
// to decode, which may be called again after a failure and must then start
// afresh. A 429 is waited for; 5xx and network faults are tried again.
func (c *Client) get(ctx context.Context, op, path string, header http.Header, decode func(*json.Decoder) error) (answer, error) {
	for failures, throttles, tokens := 0, 0, 0; ; {
		ans, err := c.getOnce(ctx, op, path, header, decode)
		if err == nil {
			return ans, nil
		}
		e, _ := errors.AsType[*Error](err)
		switch {
		case e == nil || ctx.Err() != nil:
			return answer{}, err
		case e.Kind == KindToken && tokens < tokenRuns:
			tokens++
			continue
		case e.Kind == KindRateLimited || e.Kind == KindConcurrency:
			c.log.WarnContext(ctx, "okta throttled a read", "op", op, "kind", e.Kind, "request_id", e.RequestID)
			if throttles++; throttles >= throttleRuns {
				return answer{}, err
			}
			continue
		case e.Kind != KindServer && e.Kind != KindNetwork:
			return answer{}, err
		}
		if failures++; failures >= readTries {
			return answer{}, err
		}
		select {
		case <-time.After(backoff(failures)):
		case <-ctx.Done():
			return answer{}, lost(op, EffectNone, KindCanceled, "given up", ctx.Err())
		}
	}
}

func (c *Client) getOnce(ctx context.Context, op, path string, header http.Header, decode func(*json.Decoder) error) (answer, error) {
	asked := time.Now()
	if err := c.auth.ready(ctx); err != nil {
		return answer{}, err
	}
	g, err := acquire(ctx, c.pacer, op, wire.EndpointOf(http.MethodGet, path), LaneOf(ctx), false)
	if err != nil {
		return answer{}, err
	}
	left := time.Now()
	g.CountTurn(asked)
	cl := &exchange{op: op, transport: c.transport, grant: g, decode: decode, header: header}
	err = c.through(ctx, cl, func(ctx context.Context) (*sdk.Response, error) {
		return c.request(ctx, http.MethodGet, path, nil, nil)
	})
	cl.ans.left = left
	return cl.ans, err
}

// read reads one object.
func read[T any](ctx context.Context, c *Client, op, path string) (got T, ans answer, err error) {
	ans, err = c.get(ctx, op, path, nil, func(d *json.Decoder) error {
		var object T // afresh: it may be called again
		err := d.Decode(&object)
		got = object
		return err
	})
	return got, ans, err
}

// readList reads a list, or one page of it.
func readList[T any](ctx context.Context, c *Client, op, path string, header http.Header) (items []T, ans answer, err error) {
	if ans, err = c.get(ctx, op, path, header, array(&items)); err != nil {
		return nil, ans, err
	}
	return items, ans, nil
}

// request makes a call for which the SDK has no method, or one that returns what must
// not be held.
func (c *Client) request(ctx context.Context, method, path string, body, into any) (*sdk.Response, error) {
	rq := c.sdk.CloneRequestExecutor()
	req, err := rq.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	return rq.Do(ctx, req, into)
}

// through runs one call of the SDK and turns all that can come out of it into
// an Error: its untyped errors, its panics, and the statuses that it takes for success.
func (c *Client) through(ctx context.Context, cl *exchange, do func(context.Context) (*sdk.Response, error)) (err error) {
	defer cl.grant.Release()
	within := readWithin
	if cl.write {
		within = max(endWithin-time.Since(cl.asked), 0)
	}
	ctx, cancel := context.WithTimeout(withExchange(ctx, cl), within)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = cl.outcome(fmt.Errorf("the SDK panicked: %v", r))
		}
	}()
	_, err = do(ctx)
	return cl.outcome(err)
}

// outcome judges what the transport saw; what the SDK made of it only adds words.
func (cl *exchange) outcome(err error) error {
	switch {
	case cl.failed != nil:
		return cl.failed
	case cl.ans.status == 0:
		if err == nil {
			err = errors.New("nothing was sent")
		}
		effect := EffectNone
		if cl.used {
			effect = EffectDoubt
		}
		return typed(cl.op, effect, err)
	case cl.ans.status >= 200 && cl.ans.status < 300 && cl.ans.ours:
		return nil
	}
	return answered(cl.op, cl.ans, err)
}

// typed finds the Error in err, or makes one.
func typed(op string, effect Effect, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return lost(op, effect, KindNetwork, networkWords(err), err)
}

func backoff(failures int) time.Duration {
	return rand.N(min(firstBackoff<<min(failures, 10), mostBackoff))
}

// SDK is Okta's SDK, prepared so that everything it sends goes through the
// transport of the Client on whose behalf it is sent, which also puts in the org
// and the token: the SDK knows neither. It can serve any number of Clients.
//
// The SDK starts a goroutine that never ends (a sweeper of its token cache).
// A test in a testing/synctest bubble therefore makes its SDK outside.
type SDK struct{ client *sdk.Client }

// nowhere is the org that the SDK believes in. The transport replaces it.
const nowhere = "https://okta.invalid"

// NewSDK sets every option of the SDK, because what is left open comes from
// okta.yaml files and OKTA_CLIENT_* variables. Its cache would show the
// factors of before a reset, and its retries know nothing of our pace.
func NewSDK() (*SDK, error) {
	_, client, err := sdk.NewClient(context.Background(),
		sdk.WithOrgUrl(nowhere), sdk.WithAuthorizationMode("SSWS"), sdk.WithToken("none"),
		sdk.WithClientId(""), sdk.WithClientAssertion(""), sdk.WithScopes(nil), sdk.WithPrivateKey(""),
		sdk.WithPrivateKeyId(""), sdk.WithPrivateKeySigner(nil),
		sdk.WithCache(false), sdk.WithCacheManager(nil), sdk.WithCacheTtl(0), sdk.WithCacheTti(0),
		sdk.WithConnectionTimeout(0), sdk.WithRequestTimeout(0),
		sdk.WithRateLimitMaxRetries(0), sdk.WithRateLimitMaxBackOff(0),
		sdk.WithProxyHost(""), sdk.WithProxyPort(0), sdk.WithProxyUsername(""), sdk.WithProxyPassword(""),
		sdk.WithUserAgentExtra(""), sdk.WithTestingDisableHttpsCheck(false),
		sdk.WithHttpClientPtr(&http.Client{Transport: transports{}, CheckRedirect: noRedirect}),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the Okta SDK: %w", err)
	}
	return &SDK{client: client}, nil
}

// transports is the transport of the SDK: each exchange brings its own.
type transports struct{}

func (transports) RoundTrip(req *http.Request) (*http.Response, error) {
	c, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if c == nil || c.transport == nil {
		return nil, &Error{Op: "send", Effect: EffectNone, Kind: KindInvalid, Summary: "a call without a slot"}
	}
	return c.transport.RoundTrip(req)
}
