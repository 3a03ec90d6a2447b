package oktasim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
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
	var claims jwt.Claims
	token, err := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || token.Claims(o.set.ClientKey, &claims) != nil {
		return oauthFail(http.StatusUnauthorized, "invalid_client", "The client_assertion token is malformed, or its signature is invalid.")
	}
	if problem := assertionProblem(claims, o.set.ClientID, c.base(), c.now); problem != "" {
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
	o.seen[claims.ID] = claims.Expiry.Time()
	issued := "eyJ" + randomID(200)
	o.tokens[issued] = grant{scopes, c.now.Add(tokenLife), key}
	kind := "Bearer"
	if key != "" {
		kind = "DPoP"
	}
	return answer{status: http.StatusOK, header: http.Header{"Pragma": {"no-cache"}}, body: map[string]any{
		"token_type": kind, "expires_in": int(tokenLife.Seconds()), "access_token": issued, "scope": strings.Join(scopes, " "),
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

// assertionProblem is what Okta objects to in a client assertion (RFC 7523, 3): issuer and
// subject are the client, the audience is the token endpoint or the org, it lives, and an
// hour at most.
func assertionProblem(a jwt.Claims, client, base string, now time.Time) string {
	expires := a.Expiry.Time()
	switch {
	case a.Issuer != client || a.Subject != client:
		return "The issuer and subject of the client_assertion must be the client ID."
	case !a.Audience.Contains(base+"/oauth2/v1/token") && !a.Audience.Contains(base):
		return "The audience claim for client_assertion must be the endpoint invoked for the request."
	case !now.Before(expires):
		return "The client_assertion token has expired."
	case expires.After(now.Add(tokenLife + time.Minute)):
		return "The client_assertion token has an expiration too far into the future."
	}
	return ""
}
