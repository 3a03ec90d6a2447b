package oktasim

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// listUsers is GET /users. Without search, filter or q, and with q, it leaves
// out who is deactivated (Okta, List all users).
func (c *call) listUsers() answer {
	search, filter, q := c.query.Get("search"), c.query.Get("filter"), c.query.Get("q")
	if search != "" && filter != "" {
		return okta("E0000033").answer()
	}
	usual := maxPage
	if q != "" {
		usual = 10 // q does not page (Okta, Find users)
	}
	limit, refused := c.count("limit", usual, maxPage)
	if refused != nil {
		return refused.answer()
	}
	var found selection
	switch {
	case search != "":
		found, refused = c.search(search)
	case filter != "":
		found, refused = c.filter(filter)
	case q != "":
		found = selection{c.org.people, func(p *person) bool { return p.status != "DEPROVISIONED" && p.begins(strings.ToLower(q)) }}
	default:
		found = selection{c.org.people, func(p *person) bool { return p.status != "DEPROVISIONED" }}
	}
	if refused != nil {
		return refused.answer()
	}
	if by := c.query.Get("sortBy"); by != "" {
		return c.sortedUsers(found, by, limit)
	}
	return c.users(found, limit, q == "")
}

// begins is what q matches: the start of first name, last name or e-mail.
func (p *person) begins(q string) bool {
	return strings.HasPrefix(strings.ToLower(p.first), q) || strings.HasPrefix(strings.ToLower(p.last), q) || strings.HasPrefix(strings.ToLower(p.email), q)
}

// selection is who may be in a list, in its order, and who of them is.
type selection struct {
	from []*person
	want func(*person) bool
}

// users is a page of a selection. The cursor is the place of the last person
// shown, so a page costs what it shows, wherever it is.
func (c *call) users(s selection, limit int, paged bool) answer {
	after, refused := c.after()
	if refused != nil {
		return refused.answer()
	}
	start, _ := slices.BinarySearchFunc(s.from, after, func(p *person, after int) int { return p.index - after })
	page, last, more := []userBody{}, 0, false
	for _, p := range s.from[start:] {
		if !s.want(p) {
			continue
		}
		if len(page) == limit {
			more = true
			break
		}
		page = append(page, c.user(p, false))
		last = p.index
	}
	return answer{status: http.StatusOK, body: c.fields(page), header: c.links(last+1, more && paged)}
}

// sortedUsers is a page in the order of an attribute, which only a search has.
func (c *call) sortedUsers(s selection, by string, limit int) answer {
	if c.query.Get("search") == "" {
		return invalid("sortBy", "sortBy is supported for search only").answer()
	}
	start, refused := c.after()
	if refused != nil {
		return refused.answer()
	}
	all := slices.Collect(func(yield func(*person) bool) {
		for _, p := range s.from {
			if s.want(p) && !yield(p) {
				return
			}
		}
	})
	key := func(p *person) string { return strings.ToLower(text(c.org.attribute(p, by))) }
	slices.SortStableFunc(all, func(a, b *person) int {
		order := strings.Compare(key(a), key(b))
		if strings.HasPrefix(strings.ToLower(c.query.Get("sortOrder")), "desc") {
			return -order
		}
		return order
	})
	start = min(start, len(all))
	end := min(start+limit, len(all))
	page := []userBody{}
	for _, p := range all[start:end] {
		page = append(page, c.user(p, false))
	}
	return answer{status: http.StatusOK, body: c.fields(page), header: c.links(end, end < len(all))}
}

// fields leaves of each user only what the fields parameter names, such as
// id,status,profile:(login,email).
func (c *call) fields(page []userBody) any {
	wanted := c.query.Get("fields")
	if wanted == "" {
		return page
	}
	var profile []string
	if before, inside, found := strings.Cut(wanted, "profile:("); found {
		inside, after, _ := strings.Cut(inside, ")")
		wanted, profile = before+"profile"+after, strings.Split(inside, ",")
	}
	top := strings.Split(wanted, ",")
	cut := make([]map[string]any, len(page))
	for i, u := range page {
		if profile != nil {
			maps.DeleteFunc(u.Profile, func(name string, _ any) bool { return !slices.Contains(profile, name) })
		}
		cut[i] = map[string]any{"id": u.ID, "status": u.Status, "created": u.Created, "activated": u.Activated, "statusChanged": u.StatusChanged,
			"lastLogin": u.LastLogin, "lastUpdated": u.LastUpdated, "passwordChanged": u.PasswordChanged, "type": u.Type, "profile": u.Profile,
			"credentials": u.Credentials, "_links": u.Links}
		maps.DeleteFunc(cut[i], func(name string, _ any) bool { return !slices.Contains(top, name) })
	}
	return cut
}

// count reads a parameter that is a number of things. More than the most is
// taken as the most, as Okta does for users.
func (c *call) count(name string, usual, most int) (int, *apiError) {
	given := c.query.Get(name)
	if given == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		return 0, invalid(name, "must be a positive integer")
	}
	return min(n, most), nil
}

// after reads the cursor: where the page begins.
func (c *call) after() (int, *apiError) {
	cursor := c.query.Get("after")
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	n, bad := strconv.Atoi(strings.TrimPrefix(string(raw), "from "))
	if err != nil || bad != nil || n < 0 {
		return 0, invalid("after", "invalid cursor")
	}
	return n, nil
}

// cursor is the opaque form of where the next page begins.
func cursor(next int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("from " + strconv.Itoa(next)))
}

// links are the Link headers of a list: itself, and the next page if there is
// one.
func (c *call) links(next int, more bool) http.Header {
	all := []string{"<" + c.base() + c.request.URL.RequestURI() + `>; rel="self"`}
	if more {
		all = append(all, "<"+c.next(cursor(next))+`>; rel="next"`)
	}
	return http.Header{"Link": all}
}

// next is the URL of the same list after a cursor.
func (c *call) next(after string) string {
	u, query := *c.request.URL, c.request.URL.Query()
	query.Set("after", after)
	u.RawQuery = query.Encode()
	return c.base() + u.RequestURI()
}
