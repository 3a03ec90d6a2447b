package okta

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/jwt"
	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/pacer"
)

const (
	assertionLife = 5 * time.Minute // Okta takes an hour at most; our clock may be ahead
	renewBefore   = 5 * time.Minute // or a fifth of the token's life, if that is less
)

// tokens gets access tokens for a service app (private_key_jwt) and renews
// them before they expire, one fetch at a time. The SDK's own way takes
// PKCS#1 keys only, puts the assertion in the query string, fetches once per
// concurrent call, and would do so between journal and call.
type tokens struct {
	client   *http.Client
	pacer    *pacer.Pacer
	tally    *tally
	endpoint string
	clientID string
	signer   jose.Signer

	turn chan struct{} // holds one: the right to fetch

	mu      sync.Mutex
	token   string
	renewAt time.Time
	expires time.Time
}

func newTokens(cfg Config, base http.RoundTripper, traced bool, p *pacer.Pacer) (*tokens, error) {
	key, err := rsaKey(cfg.PrivateKey)
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if cfg.PrivateKeyID != "" {
		options = options.WithHeader("kid", cfg.PrivateKeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		return nil, errors.New("private key: not usable for RS256")
	}
	return &tokens{
		client:   &http.Client{Transport: &transport{base: base, traced: traced, org: cfg.origin, agent: userAgent(cfg)}, CheckRedirect: noRedirect},
		pacer:    p,
		endpoint: cfg.origin.String() + tokenBucket, clientID: cfg.ClientID, signer: signer, turn: make(chan struct{}, 1),
	}, nil
}

// rsaKey reads a PEM key, PKCS#1 or PKCS#8 (what Okta's console offers). Its
// errors never show the key.
func rsaKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, errors.New("private key: not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("private key: neither PKCS#1 nor PKCS#8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("private key: not RSA")
	}
	return key, nil
}

// current is the token to send; ready has seen to it that there is one.
func (t *tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token
}

// drop forgets a token that Okta did not take.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token, t.renewAt, t.expires = "", time.Time{}, time.Time{}
	}
}

// fresh says whether no fetch is needed now, and whether the token would still do without one.
func (t *tokens) fresh(now time.Time) (fresh, usable bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token != "" && now.Before(t.renewAt), t.token != "" && now.Add(time.Minute).Before(t.expires)
}

// ready waits until there is a token that will last. A renewal that fails does
// no harm while the old one is good.
func (t *tokens) ready(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if ok, _ := t.fresh(time.Now()); ok {
		return nil
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return lost("get an access token", EffectNone, KindCanceled, "given up", ctx.Err())
	}
	defer func() { <-t.turn }()
	ok, usable := t.fresh(time.Now())
	if ok {
		return nil
	}
	if err := t.fetch(ctx, Scopes(), t.keep); err != nil && !usable {
		return err
	}
	return nil
}

type grantedToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// fetch gets a token for scopes; keep is told of it, and when it was asked for.
func (t *tokens) fetch(ctx context.Context, scopes []string, keep func(grantedToken, time.Time)) error {
	const op = "get an access token"
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	g, err := acquire(ctx, t.pacer, op, endpoint{tokenBucket, tokenBucket}, Urgent, false)
	if err != nil {
		return err
	}
	defer g.Release()
	form, err := t.form(time.Now(), scopes)
	if err != nil {
		return &Error{Op: op, Effect: EffectNone, Kind: KindAuth, Summary: "the private key cannot sign", Advice: adviceKey}
	}
	var got grantedToken
	c := &exchange{op: op, grant: g, decode: func(d *json.Decoder) error { return d.Decode(&got) }}
	defer t.tally.count(c)
	req, err := http.NewRequestWithContext(withExchange(ctx, c), http.MethodPost, t.endpoint, strings.NewReader(form))
	if err != nil {
		return &Error{Op: op, Effect: EffectNone, Kind: KindInvalid, Summary: "malformed org URL"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	asked := time.Now()
	resp, err := t.client.Do(req)
	if err != nil {
		return typed(op, EffectNone, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if c.ans.status != http.StatusOK || got.AccessToken == "" || !strings.EqualFold(got.TokenType, "Bearer") {
		return t.refused(op, c, resp)
	}
	keep(got, asked)
	return nil
}

// keep makes a token the one that is sent.
func (t *tokens) keep(got grantedToken, asked time.Time) {
	life := time.Duration(got.ExpiresIn) * time.Second
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.expires = got.AccessToken, asked.Add(life)
	t.renewAt = t.expires.Add(-min(renewBefore, life/5))
}

// form is the body of a token request for scopes (RFC 7523).
func (t *tokens) form(now time.Time, scopes []string) (string, error) {
	assertion, err := jwt.Signed(t.signer).Claims(jwt.Claims{
		Issuer: t.clientID, Subject: t.clientID, Audience: jwt.Audience{t.endpoint}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionLife)),
	}).CompactSerialize()
	if err != nil {
		return "", err
	}
	return url.Values{
		"grant_type":            {"client_credentials"},
		"scope":                 {strings.Join(scopes, " ")},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}.Encode(), nil
}

func (t *tokens) refused(op string, c *exchange, resp *http.Response) error {
	var body sdk.Error
	if raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody)); err == nil {
		_ = json.Unmarshal(raw, &body) // not JSON: the status has to do
	}
	return answered(op, c.ans, &body)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Scopes are what a service app must be granted. An unknown or ungranted one
// makes Okta refuse the token altogether.
func Scopes() []string {
	return []string{"okta.users.manage", "okta.users.read", "okta.roles.read", "okta.groups.read",
		"okta.logs.read", "okta.apps.read", "okta.schemas.read", "okta.orgs.read"}
}

// ScopeGrant says whether a service app has been granted an OAuth scope.
type ScopeGrant struct {
	Scope   string // "okta.users.read"
	Granted bool
}

// GrantedScopes asks which of Scopes the service app has: for all of them at
// once, and only if Okta refuses that, for each alone. For an API token there
// are none: what it may do follows its owner's role (see Roles and Probe).
func (c *Client) GrantedScopes(ctx context.Context) ([]ScopeGrant, error) {
	if c.auth == nil {
		return nil, nil
	}
	all, err := c.auth.granted(ctx, Scopes()...)
	if err != nil {
		return nil, err
	}
	var grants []ScopeGrant
	for _, scope := range Scopes() {
		granted := all
		if !all {
			if granted, err = c.auth.granted(ctx, scope); err != nil {
				return nil, err
			}
		}
		grants = append(grants, ScopeGrant{scope, granted})
	}
	return grants, nil
}

// granted says whether Okta gives a token for all of scopes. The token is not used.
func (t *tokens) granted(ctx context.Context, scopes ...string) (bool, error) {
	err := t.fetch(ctx, scopes, func(grantedToken, time.Time) {})
	if IsKind(err, KindScope) {
		return false, nil
	}
	return err == nil, err
}
