package okta

import "context"

// scope is an OAuth scope, and what the bot does not do without it: "" if it needs it.
type scope struct{ name, without string }

func scopes() []scope {
	return []scope{
		{name: "okta.users.manage"}, {name: "okta.users.read"}, {name: "okta.roles.read"},
		{name: "okta.groups.read"}, {name: "okta.logs.read"}, {name: "okta.apps.read"},
		{"okta.schemas.read", "exports offer no attributes of the org's own"},
		{"okta.orgs.read", "the org's name isn't shown"},
	}
}

// scopeNames names the scopes, the optional ones too or not.
func scopeNames(optional bool) []string {
	var names []string
	for _, s := range scopes() {
		if optional || s.without == "" {
			names = append(names, s.name)
		}
	}
	return names
}

// Scopes are what a service app should be granted. An unknown or ungranted one
// makes Okta refuse the token altogether; then one without the optional ones is
// asked for.
func Scopes() []string { return scopeNames(true) }

// ScopeGrant says whether a service app has been granted an OAuth scope.
type ScopeGrant struct {
	Scope   string // "okta.users.read"
	Granted bool
	Without string // what the bot does not do without it; "": it needs it
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
	for _, s := range scopes() {
		granted := all
		if !all {
			if granted, err = c.auth.granted(ctx, s.name); err != nil {
				return nil, err
			}
		}
		grants = append(grants, ScopeGrant{Scope: s.name, Granted: granted, Without: s.without})
	}
	return grants, nil
}

// granted says whether Okta gives a token for all of scopes. The token is not used.
func (t *tokens) granted(ctx context.Context, scopes ...string) (bool, error) {
	_, _, err := t.fetch(ctx, scopes)
	if IsKind(err, KindScope) {
		return false, nil
	}
	return err == nil, err
}
