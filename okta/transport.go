package okta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/internal/wire"
	"factorbot/okta/pacer"
)

// Sizes of what is read from Okta. A page of a thousand log events is about 5 MB.
const (
	maxAnswer = 64 << 20
	maxBody   = 1 << 20 // of an error, or of the answer to a write
)

// longestPause is the longest Retry-After that is believed.
const longestPause = time.Minute

// exchange is one call of Okta and its answer, carried in the context through the SDK
// to the transport, which fills in what came of it.
type exchange struct {
	op        string
	transport *transport // nil: the caller has its own http.Client
	grant     *pacer.Grant
	asked     time.Time                 // writes: when the journal's commit was asked for
	write     bool                      // may change something: never repeated, bounded by asked
	decode    func(*json.Decoder) error // reads: takes a 2xx body as a stream
	header    http.Header               // reads: added to the SDK's

	used   bool
	ans    answer
	failed *Error // set when there is no usable answer
}

// answer is what the transport saw of Okta's answer.
type answer struct {
	status     int
	requestID  string
	date       time.Time // zero: none
	left       time.Time // of a read: when it left, by our clock
	next       string    // path and query of the next page
	kind       Kind      // found by the transport: a 429's
	retryAt    time.Time
	oauthError string // of WWW-Authenticate
	ours       bool   // 2xx: the body is empty or JSON, as Okta's are
}

type exchangeKey struct{}

func withExchange(ctx context.Context, c *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, c)
}

// transport is the one way out: the http.RoundTripper under the SDK. It lets each
// call through once, keeps the promises about time, reads the rate headers,
// and gives the SDK nothing that it handles badly: no EOF, no 429, no Link.
type transport struct {
	base   http.RoundTripper
	traced bool // base is a *http.Transport, which tells when a connection is there
	org    *url.URL
	clock  *wire.Clock
	agent  string  // added to the User-Agent
	token  string  // SSWS; or
	auth   *tokens // OAuth; with neither, the caller authenticates itself
}

// RoundTrip sends the call that the request's context carries.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if c == nil {
		return nil, &Error{Op: "send", Effect: EffectNone, Kind: KindInvalid, Summary: "a call without a slot"}
	}
	if c.used {
		return nil, c.again()
	}
	c.used = true
	if err := c.start(req.Context()); err != nil {
		c.grant.Release()
		c.failed = err
		return nil, err
	}
	a := pacer.Answer{Sent: time.Now(), Class: "none"}
	resp, err := t.exchange(req, c, &a)
	a.Got = time.Now()
	if c.failed != nil && c.failed.Effect == EffectNone {
		c.grant.Release()
	} else {
		c.ans.retryAt = c.grant.Answer(a)
		t.clock.Observe(a.Sent, a.Got, a.Date)
	}
	if c.ans.kind == KindRateLimited || c.ans.kind == KindConcurrency {
		if resp != nil {
			_ = resp.Body.Close()
		}
		c.failed = c.throttled()
	}
	if c.failed != nil {
		return nil, c.failed
	}
	return resp, err
}

// start takes the place of the call, which a write has to have soon after its record.
func (c *exchange) start(ctx context.Context) *Error {
	if !c.write {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, beginWithin-elapsed(c.asked, time.Now()))
	defer cancel()
	if err := c.grant.Start(soon); err != nil {
		return c.unsent(err)
	}
	return nil
}

// unsent is the Error of a call that waited too long, or was given up, before it left.
func (c *exchange) unsent(err error) *Error {
	if errors.Is(err, pacer.ErrPaused) {
		return &Error{Op: c.op, Effect: EffectRefused, Kind: KindRateLimited, Summary: "Okta refused other calls meanwhile, so nothing was sent", Advice: adviceRate}
	}
	if c.write && elapsed(c.asked, time.Now()) >= beginWithin {
		return &Error{Op: c.op, Effect: EffectNone, Kind: KindLate, Summary: "more than 2 s since it was recorded, so nothing was sent", Advice: adviceLate}
	}
	return lost(c.op, EffectNone, KindCanceled, "given up before it was sent", err)
}

// acquire waits for a call's turn.
func acquire(ctx context.Context, p *pacer.Pacer, op string, e wire.Endpoint, l Lane, slot bool) (*pacer.Grant, error) {
	g, err := p.Acquire(ctx, e.Bucket, e.Kind, l, slot)
	switch {
	case errors.Is(err, pacer.ErrClosed):
		return nil, &Error{Op: op, Effect: EffectNone, Kind: KindClosed, Summary: "the client is closed"}
	case err != nil:
		return nil, lost(op, EffectNone, KindCanceled, "given up before its turn came", err)
	}
	return g, nil
}

// again refuses the SDK's own repetitions of a call.
func (c *exchange) again() *Error {
	if c.failed != nil {
		return c.failed
	}
	return &Error{Op: c.op, Effect: EffectDoubt, Kind: KindNetwork, Summary: "a repetition was held back"}
}

// throttled makes the Error of a 429, whatever its body says.
func (c *exchange) throttled() *Error {
	words := "too many requests"
	if c.ans.kind == KindConcurrency {
		words = "too many calls at once in the org"
	}
	return answered(c.op, c.ans, &sdk.Error{ErrorCode: "E0000047", ErrorSummary: words})
}

// exchange sends the request and reads the whole answer, so that no half-read
// body is left to anybody else.
func (t *transport) exchange(req *http.Request, c *exchange, a *pacer.Answer) (*http.Response, error) {
	watch, ctx, late := watchCall(req.Context(), c, t.traced)
	defer watch.stop()
	if late != nil {
		c.failed = late
		return nil, late
	}
	if t.auth != nil {
		leave, err := t.auth.enter(ctx)
		if err != nil {
			c.failed = c.unsent(err)
			return nil, c.failed
		}
		defer leave()
	}
	req, shown, unsent := t.dressed(ctx, req, c)
	if unsent != nil {
		c.failed = unsent
		return nil, unsent
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		c.failed = watch.failure(err)
		return nil, c.failed
	}
	body, err := c.read(resp)
	c.see(resp, a)
	if err != nil {
		c.failed = watch.broken(err, c.ans.status)
		return nil, c.failed
	}
	if t.auth != nil && !notAllowed(c.ans.status, body) {
		if kind := t.auth.judge(shown, req.URL, c.ans.status, resp.Header); kind != "" {
			c.ans.kind = kind
		}
	}
	c.ans.ours = len(bytes.TrimSpace(body)) == 0 || json.Valid(body)
	resp.Header.Del("Link") // the SDK panics on a malformed one
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

// notAllowed says whether a 401 is Okta's word for a call that is not allowed, which no
// other token would change.
func notAllowed(status int, body []byte) bool {
	var e struct {
		Code string `json:"errorCode"`
	}
	return status == http.StatusUnauthorized && json.Unmarshal(body, &e) == nil && e.Code == codeNotAllowed
}

// dressed is a copy of the SDK's request that goes to the org, as us.
func (t *transport) dressed(ctx context.Context, req *http.Request, c *exchange) (_ *http.Request, shown credential, unsent *Error) {
	req = req.WithContext(ctx) // shallow: what is changed below is copied first
	target := *req.URL
	target.Scheme, target.Host = t.org.Scheme, t.org.Host
	req.URL, req.Host = &target, t.org.Host
	req.Header = maps.Clone(req.Header)
	maps.Copy(req.Header, c.header)
	req.Header.Set("User-Agent", strings.TrimSpace(req.Header.Get("User-Agent")+" "+t.agent))
	switch {
	case t.auth != nil:
		var ok bool
		if shown, ok = t.auth.sign(req); !ok {
			return nil, shown, &Error{Op: c.op, Effect: EffectNone, Kind: KindLate, Summary: "the access token has just been refused, so nothing was sent", Advice: adviceToken}
		}
	case t.token != "":
		req.Header.Set("Authorization", "SSWS "+t.token)
	}
	return req, shown, nil
}

// read takes the body: a read's good answer as a stream, everything else whole
// and bounded.
func (c *exchange) read(resp *http.Response) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	if c.decode == nil || resp.StatusCode < 200 || resp.StatusCode > 299 {
		return io.ReadAll(io.LimitReader(resp.Body, maxBody))
	}
	dec := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer))
	if err := c.decode(dec); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	} else if err != nil && resp.ContentLength != 0 {
		return nil, io.ErrUnexpectedEOF
	}
	_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)) // so that the connection is kept
	return nil, err
}

// see notes what status and headers tell.
func (c *exchange) see(resp *http.Response, a *pacer.Answer) {
	h := resp.Header
	c.ans = answer{status: resp.StatusCode, requestID: h.Get("X-Okta-Request-Id"), next: wire.NextPage(h["Link"])}
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		c.ans.date, a.Date = d, d
	}
	c.ans.oauthError = clip(wire.Challenge(h.Get("Www-Authenticate")), 60)
	a.Served = resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests
	a.Throttled = resp.StatusCode == http.StatusTooManyRequests
	if a.Class = strconv.Itoa(resp.StatusCode/100) + "xx"; a.Throttled {
		a.Class = "429"
	}
	a.Limit, a.Remaining, a.Reset, a.Rated = wire.RateLimit(h, a.Date)
	a.Retry = min(wire.RetryAfter(h), longestPause)
	switch {
	case a.Crowded():
		c.ans.kind = KindConcurrency
	case a.Throttled:
		c.ans.kind = KindRateLimited
	}
}
