package oktasim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one call of Okta's API.
type route struct {
	method  string
	pattern []string // path segments; "{...}" takes any
	bucket  string
	scope   string // that an OAuth token needs; "": the call is public
	handle  func(*call) answer
}

// routes are the calls that the org answers, with the scopes of Okta's OpenAPI
// description. A literal segment stands before a parameter in its place.
func routes(buckets map[string]string) []route {
	var all []route
	add := func(method, path, scope string, handle func(*call) answer) {
		all = append(all, route{method, strings.Split(path[1:], "/"), bucketOf(buckets, method, path), scope, handle})
	}
	add("GET", "/api/v1/users", "okta.users.read", (*call).listUsers)
	add("GET", "/api/v1/users/me", "okta.users.read", (*call).getMe)
	add("GET", "/api/v1/users/{id}", "okta.users.read", with((*call).personByAny, (*call).getUser))
	add("GET", "/api/v1/users/{id}/groups", "okta.users.read", with((*call).personByAny, (*call).listUserGroups))
	add("GET", "/api/v1/users/{id}/roles", "okta.roles.read", with((*call).personByID, (*call).listUserRoles))
	add("DELETE", "/api/v1/users/{id}/sessions", "okta.users.manage", with((*call).personByID, (*call).endSessions))
	add("POST", "/api/v1/users/{id}/lifecycle/reset_factors", "okta.users.manage", with((*call).personByAny, (*call).resetFactors))
	for word := range lifecycle {
		add("POST", "/api/v1/users/{id}/lifecycle/"+word, "okta.users.manage", with((*call).personByAny, (*call).changeStatus))
	}
	add("GET", "/api/v1/users/{id}/factors", "okta.users.read", with((*call).personByID, (*call).listFactors))
	add("GET", "/api/v1/users/{id}/factors/{id}", "okta.users.read", with((*call).enrolment, (*call).getFactor))
	add("DELETE", "/api/v1/users/{id}/factors/{id}", "okta.users.manage", with((*call).enrolment, (*call).deleteFactor))
	add("POST", "/api/v1/users/{id}/factors/{id}/verify", "okta.users.manage", with((*call).enrolment, (*call).verifyFactor))
	add("GET", "/api/v1/users/{id}/factors/{id}/transactions/{id}", "okta.users.read", with((*call).enrolment, (*call).pollPush))
	add("GET", "/api/v1/groups", "okta.groups.read", (*call).listGroups)
	add("GET", "/api/v1/groups/{id}", "okta.groups.read", with((*call).groupByID, (*call).getGroup))
	add("GET", "/api/v1/groups/{id}/users", "okta.groups.read", with((*call).groupByID, (*call).listMembers))
	add("GET", "/api/v1/iam/assignees/users", "okta.roles.read", (*call).listAssignees)
	add("GET", "/api/v1/apps", "okta.apps.read", (*call).listApps)
	add("GET", "/api/v1/apps/{id}", "okta.apps.read", with((*call).appByID, (*call).getApp))
	add("GET", "/api/v1/apps/{id}/users", "okta.apps.read", with((*call).appByID, (*call).listAppUsers))
	add("GET", "/api/v1/logs", "okta.logs.read", (*call).listLogs)
	add("GET", "/api/v1/meta/schemas/user/{id}", "okta.schemas.read", (*call).getSchema)
	add("GET", "/api/v1/org", "okta.orgs.read", (*call).getOrg)
	add("POST", "/oauth2/v1/token", "", (*call).issueToken)
	add("GET", "/.well-known/okta-organization", "", (*call).wellKnown)
	return all
}

// with returns a handler of what the path names: find looks it up, or refuses.
func with[T any](find func(*call) (T, *apiError), handle func(*call, T) answer) func(*call) answer {
	return func(c *call) answer {
		named, refused := find(c)
		if refused != nil {
			return refused.answer()
		}
		return handle(c, named)
	}
}

// moved gives routes the buckets that the options name.
func moved(all []route, buckets map[string]string) []route {
	for i := range all {
		if name, ok := buckets[all[i].name()]; ok {
			all[i].bucket = name
		}
	}
	return all
}

// name is how the settings forbidden and disabled call a route.
func (r *route) name() string { return r.method + " /" + strings.Join(r.pattern, "/") }

// bucketOf looks a route up in the bucket table. What is not on it counts
// with its nearest listed parent (/api/v1/iam/...), or with all the rest.
func bucketOf(buckets map[string]string, method, path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "ID"
		}
	}
	path = strings.Join(segments, "/")
	if name, ok := buckets[method+" "+path]; ok {
		return name
	}
	if strings.HasPrefix(path, "/api/v1/iam/") {
		return "/api/v1/iam"
	}
	return otherBucket
}

// segments are the decoded segments of a request's path. Dot segments are
// taken out as every server does (RFC 3986, 5.2.4), but a slash that came
// encoded stays inside its segment, so that it can name nothing else. One
// slash at the end is ignored.
func segments(u *url.URL) []string {
	var path []string
	for part := range strings.SplitSeq(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		switch part {
		case ".":
		case "..":
			path = path[:max(0, len(path)-1)]
		default:
			decoded, err := url.PathUnescape(part)
			if err != nil {
				decoded = part
			}
			path = append(path, decoded)
		}
	}
	if last := len(path) - 1; last > 0 && path[last] == "" {
		path = path[:last]
	}
	return path
}

// match finds the route of a call and the values of its parameters. Without a
// route, allowed are the methods that the path has.
func match(all []route, method string, path []string) (found *route, params, allowed []string) {
	for i := range all {
		r := &all[i]
		values, ok := r.values(path)
		if !ok {
			continue
		}
		if r.method == method {
			return r, values, nil
		}
		if !slices.Contains(allowed, r.method) {
			allowed = append(allowed, r.method)
		}
	}
	return nil, nil, allowed
}

// values are those of the parameters, if the path fits.
func (r *route) values(path []string) ([]string, bool) {
	if len(path) != len(r.pattern) {
		return nil, false
	}
	var values []string
	for i, want := range r.pattern {
		if want[0] == '{' {
			if path[i] == "" {
				return nil, false
			}
			values = append(values, path[i])
		} else if want != path[i] {
			return nil, false
		}
	}
	return values, true
}

// noRoute is the answer to a path or method that the API does not have.
func noRoute(allowed []string) answer {
	if len(allowed) == 0 {
		return okta("E0000008").answer()
	}
	a := okta("E0000022").answer()
	a.header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
	return a
}
