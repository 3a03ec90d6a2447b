package okta

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"factorbot/okta/internal/wire"
)

// Probe is one kind of reading that the bot needs, tried out.
type Probe struct {
	What   string // "list factors"
	Call   string // "GET /api/v1/users/{userId}/factors", as Okta's reference names it
	Scope  string // OAuth scope that a service app needs for it
	Bucket string // rate-limit bucket that it draws on
	Err    error  // nil: Okta allows it; else an *Error, of KindForbidden or KindScope if Okta does not
}

// probed is how a Probe is made: the path has parameters, which earlier
// probes find (yields).
type probed struct{ what, path, query, scope, yields string }

var probes = [...]probed{
	{"list users", "/api/v1/users", "?limit=1", "okta.users.read", "userId"},
	{"look up a user", "/api/v1/users/{id}", "", "okta.users.read", ""},
	{"list factors", "/api/v1/users/{userId}/factors", "", "okta.users.read", ""},
	{"list roles", "/api/v1/users/{userId}/roles", "", "okta.roles.read", ""},
	{"list a user's groups", "/api/v1/users/{id}/groups", "", "okta.users.read", ""},
	{"list groups", "/api/v1/groups", "?limit=1", "okta.groups.read", "groupId"},
	{"look up a group", "/api/v1/groups/{groupId}", "", "okta.groups.read", ""},
	{"list a group's users", "/api/v1/groups/{groupId}/users", "?limit=1", "okta.groups.read", ""},
	{"list administrators", "/api/v1/iam/assignees/users", "?limit=1", "okta.roles.read", ""},
	{"find the Okta Admin Console application", "/api/v1/apps", "", "okta.apps.read", "appId"},
	{"list the users of the Okta Admin Console", "/api/v1/apps/{appId}/users", "?limit=1", "okta.apps.read", ""},
	{"read the System Log", "/api/v1/logs", "?limit=1", "okta.logs.read", ""},
	{"read the user schema", "/api/v1/meta/schemas/user/{schemaId}", "", "okta.schemas.read", ""},
	{"read the org", "/api/v1/org", "", "okta.orgs.read", ""},
}

// Probe makes one small reading of each kind that the bot needs, and no write.
// What nothing can be found to read about is of KindNotFound. After a failure
// that concerns every call (no network, no valid token) the rest is not tried
// and has the same error.
func (c *Client) Probe(ctx context.Context) []Probe {
	done := make([]Probe, 0, len(probes))
	known := map[string]string{"schemaId": "default"}
	var all error
	for _, p := range probes {
		err := all
		if all == nil {
			err = c.try(ctx, p, known)
		}
		if IsKind(err, KindNetwork, KindAuth, KindRedirect, KindCanceled, KindClosed) {
			all = err
		}
		done = append(done, Probe{What: p.what, Call: "GET " + p.path, Scope: p.scope, Bucket: wire.EndpointOf(http.MethodGet, p.path).Bucket, Err: err})
	}
	return done
}

var pathParameter = regexp.MustCompile(`{(\w+)}`)

// try makes the reading, and keeps the IDs that it found.
func (c *Client) try(ctx context.Context, p probed, known map[string]string) error {
	missing := false
	path := pathParameter.ReplaceAllStringFunc(p.path, func(name string) string {
		value := known[name[1:len(name)-1]]
		missing = missing || value == ""
		return value
	})
	if missing {
		return &Error{Op: p.what, Effect: EffectNone, Kind: KindNotFound, Summary: "Okta shows us none to try it with"}
	}
	switch p.yields {
	case "appId":
		id, err := c.adminConsole(ctx)
		known["appId"] = id
		return err
	case "userId":
		err := c.firstID(ctx, p, IsUserID, func(id string) { known["userId"], known["id"] = id, id })
		if IsKind(err, KindForbidden) { // a role that may not list may still look up
			if self, ok, _ := c.Self(ctx); ok {
				known["userId"], known["id"] = self.ID, self.ID
			}
		}
		return err
	case "groupId":
		return c.firstID(ctx, p, IsGroupID, func(id string) { known["groupId"] = id })
	}
	_, _, err := read[json.RawMessage](ctx, c, p.what, path+p.query)
	return err
}

// firstID reads a list for the ID of its first element.
func (c *Client) firstID(ctx context.Context, p probed, valid func(string) bool, keep func(string)) error {
	items, _, err := readList[wireID](ctx, c, p.what, p.path+p.query, nil)
	if i := slices.IndexFunc(items, func(w wireID) bool { return valid(w.ID) }); i >= 0 {
		keep(items[i].ID)
	}
	return err
}
