package wire

import (
	"net/http"
	"slices"
	"strings"
)

// UsersBucket is the rate-limit bucket of resets, and of a user's factors,
// roles, groups and sessions, and of the search of users.
const UsersBucket = "/api/v1/users"

const (
	meBucket     = "/api/v1/users/me"
	userBucket   = "/api/v1/users/{id:.+}"
	verifyBucket = "/api/v1/users/{userId}/factors/{userFactorIdOrFactorType}/verify"
	groupsBucket = "/api/v1/groups"
	TokenBucket  = "/oauth2/v1/token"
	otherBucket  = "/api/v1"
)

// Endpoint is a kind of call, and the bucket that it draws on by Okta's map.
type Endpoint struct{ Bucket, Kind string }

// EndpointOf tells what a call of ours draws on, by the map that Okta generates for
// its own Terraform provider (okta/terraform-provider-okta, apimutex). It is where
// the pacer starts: Okta's support changes limits per org, so the headers decide.
// Only the calls that this package makes are told apart.
func EndpointOf(method, path string) Endpoint {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 3 || parts[0] != "api" {
		if path == TokenBucket {
			return Endpoint{TokenBucket, TokenBucket}
		}
		return Endpoint{otherBucket, method + " " + path}
	}
	kind := slices.Clone(parts[2:])
	for i := 1; i < len(kind); i += 2 { // users/ID/factors/ID
		if kind[i] != "assignees" && kind[i] != "schemas" && kind[i] != "me" {
			kind[i] = "ID"
		}
	}
	e := Endpoint{otherBucket, method + " /" + strings.Join(kind, "/")}
	switch parts[2] {
	case "users":
		switch {
		case len(parts) == 4 && parts[3] == "me" && method == http.MethodGet:
			e.Bucket = meBucket
		case len(parts) == 4:
			e.Bucket = userBucket
		case len(parts) == 7 && parts[6] == "verify" && method == http.MethodPost:
			e.Bucket = verifyBucket
		default:
			e.Bucket = UsersBucket
		}
	case "groups":
		if e.Bucket = groupsBucket; len(parts) == 4 {
			e.Bucket += "/{id}"
		}
	case "apps", "iam", "logs":
		e.Bucket += "/" + parts[2]
	}
	return e
}
