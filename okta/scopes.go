package okta

import (
	"context"
	"time"
)

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
