package oktasim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	tokenLife     = time.Hour // of access tokens, and the longest of assertions (Okta, service apps)
)

// issueToken is POST /oauth2/v1/token with the client_credentials grant and a
// private_key_jwt assertion, in the form or, as Okta's Go SDK sends it, in the
// query.
func (c *call) issueToken() answer {
	o := c.org
	form := c.form()
	if form.Get("grant_type") != "client_credentials" {
		return oauthFail(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	}
	if form.Get("client_assertion_type") != assertionType || o.set.ClientKey == nil {
		return oauthFail(http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
	}
	claims, signed := readAssertion(form.Get("client_assertion"), o.set.ClientKey)
	if !signed {
		return oauthFail(http.StatusUnauthorized, "invalid_client", "The client_assertion token is malformed, or its signature is invalid.")
	}
	if problem := claims.problem(o.set.ClientID, c.base(), c.now); problem != "" {
		return oauthFail(http.StatusUnauthorized, "invalid_client", problem)
	}
	if claims.ID != "" && o.seen[claims.ID].After(c.now) {
		return oauthFail(http.StatusUnauthorized, "invalid_client", "The client_assertion token has already been used.")
	}
	key, refused := c.proveNew()
	if refused != nil {
		return *refused
	}
	scopes := strings.Fields(form.Get("scope"))
	for _, scope := range scopes {
		if !slices.Contains(o.granted(), scope) {
			return oauthFail(http.StatusBadRequest, "invalid_scope", "One or more scopes are not configured for the client: "+scope)
		}
	}
	if len(scopes) == 0 {
		return oauthFail(http.StatusBadRequest, "invalid_scope", "The authorization server resource does not have any configured default scopes, 'scope' must be provided.")
	}
	o.seen[claims.ID] = time.Unix(claims.Expires, 0)
	token := "eyJ" + randomID(200)
	o.tokens[token] = grant{scopes, c.now.Add(tokenLife), key}
	kind := "Bearer"
	if key != "" {
		kind = "DPoP"
	}
	return answer{status: http.StatusOK, header: http.Header{"Pragma": {"no-cache"}}, body: map[string]any{
		"token_type": kind, "expires_in": int(tokenLife.Seconds()), "access_token": token, "scope": strings.Join(scopes, " "),
	}}
}

// form is the query and the posted form together; the form wins.
func (c *call) form() url.Values {
	all := maps.Clone(c.query)
	if posted, err := url.ParseQuery(string(c.body)); err == nil {
		maps.Copy(all, posted)
	}
	return all
}

func (o *Org) granted() []string {
	if o.set.Scopes != nil {
		return o.set.Scopes
	}
	var all []string
	for _, r := range o.routes {
		if r.scope != "" && !slices.Contains(all, r.scope) {
			all = append(all, r.scope)
		}
	}
	return all
}

// assertion is what Okta reads in a client assertion (RFC 7523, 3).
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience any    `json:"aud"` // a string or a list of them
	Expires  int64  `json:"exp"` // seconds since 1970
	ID       string `json:"jti"`
}

// readAssertion reads the claims of an RS256 token. signed: it is one, by key.
func readAssertion(token string, key *rsa.PublicKey) (claims assertion, signed bool) {
	var header struct {
		Algorithm string `json:"alg"`
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || decodePart(parts[0], &header) != nil || header.Algorithm != "RS256" || decodePart(parts[1], &claims) != nil {
		return claims, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return claims, false
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return claims, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// problem is what Okta objects to: issuer and subject are the client, the
// audience is the token endpoint or the org, it lives, and an hour at most.
func (a assertion) problem(client, base string, now time.Time) string {
	expires := time.Unix(a.Expires, 0)
	switch {
	case a.Issuer != client || a.Subject != client:
		return "The issuer and subject of the client_assertion must be the client ID."
	case !a.meant(base):
		return "The audience claim for client_assertion must be the endpoint invoked for the request."
	case !now.Before(expires):
		return "The client_assertion token has expired."
	case expires.After(now.Add(tokenLife + time.Minute)):
		return "The client_assertion token has an expiration too far into the future."
	}
	return ""
}

func (a assertion) meant(base string) bool {
	audiences := []any{a.Audience}
	if list, ok := a.Audience.([]any); ok {
		audiences = list
	}
	return slices.Contains(audiences, any(base+"/oauth2/v1/token")) || slices.Contains(audiences, any(base))
}
