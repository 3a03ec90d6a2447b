package oktasim

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"
)

// credential is who calls, as far as the call itself tells.
type credential struct {
	id     string // of the token or app, for its share of a bucket; "": nobody
	app    bool   // an OAuth service app, not a user's token
	scopes []string
	owner  *person // of an SSWS token
}

// may tells whether the credential reaches a call. What a token may do follows
// its owner's role, not a scope.
func (who *credential) may(scope string) bool {
	return !who.app || slices.Contains(who.scopes, scope)
}

// grant is an access token of the service app.
type grant struct {
	scopes  []string
	expires time.Time
	key     string // thumbprint of the key that it is bound to; "": none
}

// identify finds the caller. With no or a wrong credential, the refusal.
// "SSWStoken" without the space is taken too: the collection of Okta's own
// bulk-reset article sends it so. The lock is held.
func (o *Org) identify(r *http.Request, base string, now time.Time) (*credential, *answer) {
	header := r.Header.Get("Authorization")
	if token, ok := cutScheme(header, "SSWS"); ok {
		if subtle.ConstantTimeCompare([]byte(token), []byte(o.opt.Token)) == 1 && !o.set.TokenRevoked && o.owner.status == "ACTIVE" {
			return &credential{id: o.key, owner: o.owner}, nil
		}
		return &credential{}, refuse(okta("E0000011"), "")
	}
	token, bound := cutScheme(header, "DPoP")
	if !bound {
		token, _ = cutScheme(header, "Bearer")
	}
	if token != "" {
		g, ok := o.tokens[token]
		if ok && now.Before(g.expires) && !o.set.TokenRevoked && bound == (g.key != "") {
			if bound {
				if refusal := o.proveBound(r, base, token, g, now); refusal != nil {
					return &credential{}, refusal
				}
			}
			return &credential{id: o.set.ClientID, app: true, scopes: g.scopes}, nil
		}
		return &credential{}, refuse(okta("E0000011"), `Bearer error="invalid_token", error_description="The access token is invalid or has expired."`)
	}
	return &credential{}, refuse(okta("E0000005"), "") // as a browser without a session
}

func cutScheme(header, scheme string) (token string, ok bool) {
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimSpace(header[len(scheme):]), true
}

func refuse(e *apiError, challenge string) *answer {
	a := e.answer()
	if challenge != "" {
		a.header = http.Header{"Www-Authenticate": {challenge}}
	}
	return &a
}

// insufficientScope is the refusal of RFC 6750, 3.1, with Okta's body.
func insufficientScope(scope string) answer {
	return *refuse(okta("E0000006"), `Bearer error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", scope="`+scope+`"`)
}
