package oktasim

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"sort"
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
	found := selection{c.org.people, (*person).present}
	var refused *apiError
	switch {
	case search != "":
		found, refused = c.search(search)
	case filter != "":
		found, refused = c.filter(filter)
	case q != "": // does not page (Okta, Find users)
		found.want = func(p *person) bool { return p.present() && p.begins(strings.ToLower(q)) }
		page := c.users(found, 10, maxPage)
		if page.status == http.StatusOK {
			page.header = c.links(0, false)
		}
		return page
	}
	if refused != nil {
		return refused.answer()
	}
	if by := c.query.Get("sortBy"); by != "" {
		return c.sortedUsers(found, by)
	}
	return c.users(found, maxPage, maxPage)
}

// present tells that the person is not deactivated.
func (p *person) present() bool { return p.status != "DEPROVISIONED" }

// begins is what q matches: the start of first name, last name or e-mail.
func (p *person) begins(q string) bool {
	return strings.HasPrefix(strings.ToLower(p.first), q) || strings.HasPrefix(strings.ToLower(p.last), q) || strings.HasPrefix(strings.ToLower(p.email), q)
}

// selection is who may be in a list, in its order, and who of them is.
type selection struct {
	from []*person
	want func(*person) bool
}

// pageOf cuts a list: what is wanted of it, from the cursor on. place is where the
// item at a position has its place, which grows along the list and stays when other
// items go; so a page costs what it shows, wherever it is.
func pageOf[T any](c *call, items []T, place func(at int) int, usual, most int, want func(T) bool) (page []T, next int, more bool, refused *apiError) {
	limit, refused := c.count("limit", usual, most)
	if refused != nil {
		return nil, 0, false, refused
	}
	after, refused := c.after()
	if refused != nil {
		return nil, 0, false, refused
	}
	for at := sort.Search(len(items), func(at int) bool { return place(at) >= after }); at < len(items); at++ {
		if !want(items[at]) {
			continue
		}
		if len(page) == limit {
			return page, next, true, nil
		}
		page, next = append(page, items[at]), place(at)+1
	}
	return page, next, false, nil
}

// position is the place of items that are never taken out of their list.
func position(at int) int { return at }

// inOrder is the place of people.
func inOrder(people []*person) func(at int) int {
	return func(at int) int { return people[at].index }
}

// list answers with a page of a list.
func list[T, B any](c *call, items []T, place func(at int) int, usual, most int, want func(T) bool, show func(T) B) answer {
	page, next, more, refused := pageOf(c, items, place, usual, most, want)
	if refused != nil {
		return refused.answer()
	}
	body := make([]B, len(page))
	for i, item := range page {
		body[i] = show(item)
	}
	return answer{status: http.StatusOK, body: body, header: c.links(next, more)}
}

// users is a page of a selection.
func (c *call) users(s selection, usual, most int) answer {
	return list(c, s.from, inOrder(s.from), usual, most, s.want, c.listed)
}

// sortedUsers is a page in the order of an attribute, which only a search has.
func (c *call) sortedUsers(s selection, by string) answer {
	if c.query.Get("search") == "" {
		return invalid("sortBy", "sortBy is supported for search only").answer()
	}
	all := slices.DeleteFunc(slices.Clone(s.from), func(p *person) bool { return !s.want(p) })
	key := func(p *person) string { return strings.ToLower(text(c.org.attribute(p, by))) }
	slices.SortStableFunc(all, func(a, b *person) int {
		order := strings.Compare(key(a), key(b))
		if strings.HasPrefix(strings.ToLower(c.query.Get("sortOrder")), "desc") {
			return -order
		}
		return order
	})
	return list(c, all, position, maxPage, maxPage, func(*person) bool { return true }, c.listed)
}

// listed is a user of a list, of which the fields parameter leaves only what it
// names, such as id,status,profile:(login,email).
func (c *call) listed(p *person) any {
	u, wanted := c.user(p, false), c.query.Get("fields")
	if wanted == "" {
		return u
	}
	var profile []string
	if before, inside, found := strings.Cut(wanted, "profile:("); found {
		inside, after, _ := strings.Cut(inside, ")")
		wanted, profile = before+"profile"+after, strings.Split(inside, ",")
	}
	top := strings.Split(wanted, ",")
	if profile != nil {
		maps.DeleteFunc(u["profile"].(map[string]any), func(name string, _ any) bool { return !slices.Contains(profile, name) })
	}
	maps.DeleteFunc(u, func(name string, _ any) bool { return !slices.Contains(top, name) })
	return u
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
