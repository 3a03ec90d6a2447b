package okta

import (
	"net/http"
	"strings"
)

// UsersBucket is the rate-limit bucket of resets, and of a user's factors,
// roles, groups and sessions, and of the search of users.
const UsersBucket = "/api/v1/users"

const (
	meBucket     = "/api/v1/users/me"
	userBucket   = "/api/v1/users/{id:.+}"
	groupsBucket = "/api/v1/groups"
	tokenBucket  = "/oauth2/v1/token"
	otherBucket  = "/api/v1"
)

// bucketOf names the bucket that a call of ours draws on, by the map that
// Okta generates for its own Terraform provider (okta/terraform-provider-okta,
// apimutex). Only the calls that this package makes are told apart.
func bucketOf(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 3 || parts[0] != "api" {
		if path == tokenBucket {
			return tokenBucket
		}
		return otherBucket
	}
	switch parts[2] {
	case "users":
		switch {
		case len(parts) == 4 && parts[3] == "me" && method == http.MethodGet:
			return meBucket
		case len(parts) == 4:
			return userBucket
		}
		return UsersBucket
	case "groups":
		if len(parts) == 4 {
			return groupsBucket + "/{id}"
		}
		return groupsBucket
	case "apps", "iam", "logs":
		return otherBucket + "/" + parts[2]
	}
	return otherBucket
}
