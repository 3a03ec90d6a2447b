package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Prover makes DPoP proofs with a key of its own, which lives as long as the process.
// It is safe for concurrent use.
type Prover struct {
	signer jose.Signer

	mu      sync.Mutex
	nonces  map[string]string // by origin and path of a token endpoint, or by origin alone
	strikes int               // nonces that were refused though they were the newest, since one was taken twice
}

// NewProver makes the key: ES256, which Okta lists among its signing algorithms for
// DPoP.
func NewProver() (*Prover, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, errors.New("make a key for DPoP")
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		return nil, errors.New("make a signer for DPoP")
	}
	return &Prover{signer: signer, nonces: map[string]string{}}, nil
}

type proofClaims struct {
	ID       string           `json:"jti"`
	Method   string           `json:"htm"`
	URL      string           `json:"htu"` // without query and fragment
	IssuedAt *jwt.NumericDate `json:"iat"`
	Nonce    string           `json:"nonce,omitempty"`
	Token    string           `json:"ath,omitempty"` // hash of the access token
}

// Proof is the DPoP header of one request: method and URL, the time by Okta's clock,
// and the access token that goes with it, "" for a request for one. nonce is the one
// that it holds, "" for none.
func (p *Prover) Proof(method string, u *url.URL, now time.Time, token string) (proof, nonce string, err error) {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	nonce = p.nonce(u, token)
	claims := proofClaims{ID: rand.Text(), Method: method, URL: bare.String(), IssuedAt: jwt.NewNumericDate(now), Nonce: nonce}
	if token != "" {
		hash := sha256.Sum256([]byte(token))
		claims.Token = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	proof, err = jwt.Signed(p.signer).Claims(claims).Serialize()
	if err != nil {
		return "", "", errors.New("the key for DPoP cannot sign")
	}
	return proof, nonce, nil
}

// place is what a nonce is good for: Okta's authorization server and its API hand out
// their own.
func place(u *url.URL, token string) string {
	if token == "" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	return u.Scheme + "://" + u.Host
}

func (p *Prover) nonce(u *url.URL, token string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nonces[place(u, token)]
}

// Learn keeps the nonce that an answer handed out for the next proofs, "" for none. held
// is the one that the request's proof had, and refused says that it was not taken.
func (p *Prover) Learn(u *url.URL, token, nonce, held string, refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case refused && held != "":
		p.strikes++
	case !refused && (nonce == "" || nonce == held):
		p.strikes = 0
	}
	if nonce != "" {
		p.nonces[place(u, token)] = nonce
	}
}

// mostStrikes is more than what one new nonce costs, as a rule.
const mostStrikes = 4

// OneAtATime says that each answer hands out another nonce and no older one is taken, so
// that calls at the same time spoil each other's.
func (p *Prover) OneAtATime() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.strikes >= mostStrikes
}
