package oauth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// assertionLife is how long a client assertion lives: Okta takes an hour at most.
const assertionLife = 5 * time.Minute

// Client is a service app that authenticates by its private key.
type Client struct {
	id       string // "0oa..."
	endpoint string // of tokens
	signer   jose.Signer
}

// NewClient reads the app's private key, PEM with PKCS#1 or PKCS#8 (what Okta's
// console offers). keyID may be empty. Its errors never show the key.
func NewClient(id, endpoint, privateKey, keyID string) (*Client, error) {
	key, err := rsaKey(privateKey)
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if keyID != "" {
		options = options.WithHeader("kid", keyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		return nil, errors.New("private key: not usable for RS256")
	}
	return &Client{id: id, endpoint: endpoint, signer: signer}, nil
}

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

// Form is the body of a request for a token with these scopes. now is the time by
// Okta's clock.
func (c *Client) Form(now time.Time, scopes []string) (string, error) {
	assertion, err := jwt.Signed(c.signer).Claims(jwt.Claims{
		Issuer: c.id, Subject: c.id, Audience: jwt.Audience{c.endpoint}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionLife)),
	}).Serialize()
	if err != nil {
		return "", errors.New("the private key cannot sign")
	}
	return url.Values{
		"grant_type":            {"client_credentials"},
		"scope":                 {strings.Join(scopes, " ")},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}.Encode(), nil
}
