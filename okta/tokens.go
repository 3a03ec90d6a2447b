package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/internal/wire"
	"factorbot/okta/oauth"
	"factorbot/okta/pacer"
)

// tokens gets access tokens for a service app (private_key_jwt) and renews
// them before they expire, one fetch at a time. The SDK's own way takes
// PKCS#1 keys only, puts the assertion in the query string, fetches once per
// concurrent call, would do so between journal and call, and knows no DPoP.
type tokens struct {
	client   *http.Client
	pacer    *pacer.Pacer
	clock    *wire.Clock
	endpoint *url.URL
	app      *oauth.Client
	prover   *oauth.Prover
	store    oauth.Store

	turn  chan struct{} // holds one: the right to fetch
	alone chan struct{} // holds one: the right to call the API, where nonces serve once
}

func newTokens(cfg Config, way *transport, p *pacer.Pacer) (*tokens, error) {
	endpoint := cfg.origin.JoinPath(wire.TokenBucket)
	app, err := oauth.NewClient(cfg.ClientID, endpoint.String(), cfg.PrivateKey, cfg.PrivateKeyID)
	if err != nil {
		return nil, fmt.Errorf("service app: %w", err)
	}
	prover, err := oauth.NewProver()
	if err != nil {
		return nil, fmt.Errorf("service app: %w", err)
	}
	return &tokens{
		client: &http.Client{Transport: way, CheckRedirect: noRedirect},
		pacer:  p, clock: way.clock, endpoint: endpoint, app: app, prover: prover, turn: make(chan struct{}, 1), alone: make(chan struct{}, 1),
	}, nil
}

// oktaNow is the time by Okta's clock, as far as it is known: Okta refuses
// assertions and proofs of another time.
func (t *tokens) oktaNow() time.Time {
	offset, _ := t.clock.Offset()
	return time.Now().Add(offset)
}

// ready waits until there is a token that will last. A renewal that fails does
// no harm while the old one is good.
func (t *tokens) ready(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if ok, _ := t.store.Fresh(time.Now()); ok {
		return nil
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return lost("get an access token", EffectNone, KindCanceled, "given up", ctx.Err())
	}
	defer func() { <-t.turn }()
	ok, usable := t.store.Fresh(time.Now())
	if ok {
		return nil
	}
	got, asked, err := t.fetch(ctx, Scopes())
	if IsKind(err, KindScope) { // one that may be missing may be the one that is
		got, asked, err = t.fetch(ctx, scopeNames(false))
	}
	if err != nil {
		if usable {
			return nil
		}
		return err
	}
	t.store.Keep(got, asked)
	return nil
}

// fetchTries bounds the requests for one token: a nonce that Okta demands, and a
// clock that its first answer shows, each make another one worth it.
const fetchTries = 3

// fetch gets a token for scopes, and says when it was asked for.
func (t *tokens) fetch(ctx context.Context, scopes []string) (got oauth.Granted, asked time.Time, err error) {
	for range fetchTries {
		offset, known := t.clock.Offset()
		asked = time.Now()
		if got, err = t.ask(ctx, scopes); err == nil {
			return got, asked, nil
		}
		e := typed("get an access token", EffectNone, err)
		now, shown := t.clock.Offset()
		clock := shown && (!known && now.Abs() > time.Second || (now-offset).Abs() > time.Second)
		if e.Code != "use_dpop_nonce" && !(clock && (e.Code == "invalid_client" || e.Code == "invalid_dpop_proof")) {
			return got, asked, e
		}
	}
	return got, asked, err
}

// ask makes one request for a token, with a proof: where the app does not demand
// proofs Okta answers with a token of type Bearer, or with a bound one.
func (t *tokens) ask(ctx context.Context, scopes []string) (got oauth.Granted, err error) {
	const op = "get an access token"
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	g, err := acquire(ctx, t.pacer, op, wire.Endpoint{Bucket: wire.TokenBucket, Kind: wire.TokenBucket}, Urgent, false)
	if err != nil {
		return got, err
	}
	defer g.Release()
	now := t.oktaNow()
	form, err := t.app.Form(now, scopes)
	if err != nil {
		return got, &Error{Op: op, Effect: EffectNone, Kind: KindAuth, Summary: err.Error(), Advice: adviceKey}
	}
	proof, _, err := t.prover.Proof(http.MethodPost, t.endpoint, now, "")
	if err != nil {
		return got, &Error{Op: op, Effect: EffectNone, Kind: KindAuth, Summary: err.Error(), Advice: adviceKey}
	}
	c := &exchange{op: op, grant: g, decode: func(d *json.Decoder) error { return d.Decode(&got) }}
	req, err := http.NewRequestWithContext(withExchange(ctx, c), http.MethodPost, t.endpoint.String(), strings.NewReader(form))
	if err != nil {
		return got, &Error{Op: op, Effect: EffectNone, Kind: KindInvalid, Summary: "malformed org URL"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("DPoP", proof)
	resp, err := t.client.Do(req)
	if err != nil {
		return got, typed(op, EffectNone, err)
	}
	defer func() { _ = resp.Body.Close() }()
	t.prover.Learn(t.endpoint, "", resp.Header.Get("DPoP-Nonce"), "", false)
	if c.ans.status != http.StatusOK || !got.Valid() {
		return got, t.refused(op, c, resp)
	}
	return got, nil
}

func (t *tokens) refused(op string, c *exchange, resp *http.Response) error {
	var body sdk.Error
	if raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody)); err == nil {
		_ = json.Unmarshal(raw, &body) // not JSON: the status has to do
	}
	return answered(op, c.ans, &body)
}

// enter waits until no other call can spoil the nonce of this one's proof. leave follows
// the answer.
func (t *tokens) enter(ctx context.Context) (leave func(), err error) {
	if !t.prover.OneAtATime() {
		return func() {}, nil
	}
	select {
	case t.alone <- struct{}{}:
		return func() { <-t.alone }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// credential is what one request to the API shows.
type credential struct {
	token oauth.Token
	nonce string // that its proof holds
}

// sign puts the present token into a request, with a proof if it is bound. false:
// there is none, and nothing may be sent.
func (t *tokens) sign(req *http.Request) (c credential, ok bool) {
	if c.token = t.store.Current(); c.token.Text == "" {
		return c, false
	}
	req.Header.Set("Authorization", c.token.Scheme()+" "+c.token.Text)
	if !c.token.Bound {
		return c, true
	}
	proof, nonce, err := t.prover.Proof(req.Method, req.URL, t.oktaNow(), c.token.Text)
	if err != nil {
		return c, false
	}
	req.Header.Set("DPoP", proof)
	c.nonce = nonce
	return c, true
}

// judge takes in what an answer says of the credential. A 401 that another token, or
// another nonce, would not meet again is of KindToken.
func (t *tokens) judge(c credential, u *url.URL, status int, h http.Header) Kind {
	nonce := h.Get("DPoP-Nonce")
	spoiled := status == http.StatusUnauthorized && nonce != "" && nonce != c.nonce && wire.Challenge(h.Get("Www-Authenticate")) == "use_dpop_nonce"
	if c.token.Bound {
		t.prover.Learn(u, c.token.Text, nonce, c.nonce, spoiled)
	}
	if status != http.StatusUnauthorized {
		t.store.Accepted(c.token)
		return ""
	}
	switch {
	case spoiled:
		return KindToken
	case t.store.Refused(c.token):
		return KindToken
	}
	return ""
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
