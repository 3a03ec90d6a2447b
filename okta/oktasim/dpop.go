package oktasim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	proofAge  = 5 * time.Minute // how far a proof's time may be off
	nonceLife = 24 * time.Hour  // of a DPoP nonce (Okta, configure DPoP)
)

// proof is what is read in a DPoP header (RFC 9449, 4.2).
type proof struct {
	thumbprint string // of its key (RFC 7638)
	claims     struct {
		ID       string `json:"jti"`
		Method   string `json:"htm"`
		URL      string `json:"htu"`
		IssuedAt int64  `json:"iat"`
		Nonce    string `json:"nonce"`
		Token    string `json:"ath"`
	}
}

// readProof reads and checks the proof of a request. problem: what is wrong with it. token is
// the one that comes with it, "" at the token endpoint. The lock is held.
func (o *Org) readProof(r *http.Request, base, token string, now time.Time) (p proof, problem string) {
	header := r.Header.Values("DPoP")
	if len(header) == 0 || header[0] == "" {
		return p, "The DPoP proof JWT header is missing."
	}
	signed, err := jwt.ParseSigned(header[0], []jose.SignatureAlgorithm{jose.ES256, jose.RS256}) // refuses a private key
	if len(header) > 1 || err != nil {
		return p, "The DPoP proof JWT is malformed."
	}
	head := signed.Headers[0]
	if head.ExtraHeaders[jose.HeaderType] != "dpop+jwt" || head.JSONWebKey == nil {
		return p, "The DPoP proof JWT has a wrong header."
	}
	key, isRSA := head.JSONWebKey.Key.(*rsa.PublicKey)
	thumbprint, err := head.JSONWebKey.Thumbprint(crypto.SHA256)
	if isRSA && key.N.BitLen() < 2048 || err != nil || signed.Claims(head.JSONWebKey, &p.claims) != nil {
		return p, "The DPoP proof JWT has an invalid signature."
	}
	p.thumbprint = base64.RawURLEncoding.EncodeToString(thumbprint)
	return p, o.objection(p, r, base, token, now)
}

// objection is what the org says against what a good proof says.
func (o *Org) objection(p proof, r *http.Request, base, token string, now time.Time) string {
	issued := time.Unix(p.claims.IssuedAt, 0)
	hash := sha256.Sum256([]byte(token))
	switch {
	case p.claims.Method != r.Method || p.claims.URL != base+r.URL.EscapedPath():
		return "The DPoP proof JWT is for another request."
	case issued.Before(now.Add(-proofAge)) || issued.After(now.Add(proofAge)):
		return "The DPoP proof JWT was issued at another time."
	case p.claims.ID == "" || o.seen["dpop "+p.claims.ID].After(now):
		return "The DPoP proof JWT has already been used."
	case token != "" && p.claims.Token != base64.RawURLEncoding.EncodeToString(hash[:]):
		return "The DPoP proof JWT is for another access token."
	}
	o.seen["dpop "+p.claims.ID] = now.Add(2 * proofAge)
	return ""
}

// nonce is the present one of a place: the token endpoint or the API.
func (o *Org) nonce(place string, now time.Time) string {
	n := o.nonces[place]
	if n.text == "" || !now.Before(n.until) {
		n = nonce{text: randomID(32), until: now.Add(nonceLife)}
		o.nonces[place] = n
	}
	return n.text
}

type nonce struct {
	text  string
	until time.Time
}

// NewNonces makes the org demand new nonces.
func (o *Org) NewNonces() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.nonces)
}

// ForgetTokens makes every access token so far invalid, as if it had expired.
func (o *Org) ForgetTokens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tokens)
}

// proveBound checks the proof of a call with a bound token. nil: it is good.
func (o *Org) proveBound(r *http.Request, base, token string, g grant, now time.Time) *answer {
	p, problem := o.readProof(r, base, token, now)
	if problem == "" && p.thumbprint != g.key {
		problem = "The access token is bound to another key."
	}
	if problem != "" {
		return refuse(okta("E0000011"), `DPoP error="invalid_dpop_proof", error_description="`+problem+`"`)
	}
	if o.set.DPoPNonce && p.claims.Nonce != o.nonce("api", now) {
		a := refuse(okta("E0000011"), `DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"`)
		a.header["Dpop-Nonce"] = []string{o.nonce("api", now)}
		return a
	}
	return nil
}

// proveNew checks the proof of a request for a token. The thumbprint is "" for a request
// without one from an app that does not demand it.
func (c *call) proveNew() (thumbprint string, refusal *answer) {
	o := c.org
	if len(c.request.Header.Values("DPoP")) == 0 && !o.set.DPoP {
		return "", nil
	}
	p, problem := o.readProof(c.request, c.base(), "", c.now)
	if problem != "" {
		a := oauthFail(http.StatusBadRequest, "invalid_dpop_proof", problem)
		return "", &a
	}
	if p.claims.Nonce != o.nonce("token", c.now) {
		a := oauthFail(http.StatusBadRequest, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
		a.header["Dpop-Nonce"] = []string{o.nonce("token", c.now)}
		return "", &a
	}
	return p.thumbprint, nil
}
