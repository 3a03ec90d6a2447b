package okta

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"
)

// Selection says whose data to list; at most one of its fields is set. The
// zero value is everybody but the DEPROVISIONED.
type Selection struct {
	Search string // `status eq "ACTIVE"`; case ignored, DEPROVISIONED users too
	Filter string // older and case-sensitive; DEPROVISIONED users too
	Q      string // start of first name, last name or e-mail; 200 users at most
	Group  string // ID of the group whose users they are
}

// Listed is a user with the whole profile, for an export.
type Listed struct {
	User
	TypeID  string                     // "oty..."
	Profile map[string]json.RawMessage // every attribute that has a value or null, custom ones too
	times   userTimes
}

// userTimes are what Okta dates of a user, by Okta's clock; zero where it has none.
type userTimes struct {
	Created         moment `json:"created"`
	Activated       moment `json:"activated"`
	StatusChanged   moment `json:"statusChanged"`
	LastLogin       moment `json:"lastLogin"`
	LastUpdated     moment `json:"lastUpdated"`
	PasswordChanged moment `json:"passwordChanged"`
}

type wireListed struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	userTimes
	Type    wireID                     `json:"type"`
	Profile map[string]json.RawMessage `json:"profile"`
}

func (w wireListed) key() string { return w.ID }

func (w wireListed) listed() Listed {
	word := func(name string) string {
		var t text
		_ = json.Unmarshal(w.Profile[name], &t) // what is no string counts as absent
		return string(t)
	}
	return Listed{
		User: User{ID: w.ID, Status: w.Status, Created: w.Created.Time, Login: word("login"), Email: word("email"),
			FirstName: word("firstName"), LastName: word("lastName"), Department: word("department")},
		TypeID: w.Type.ID, Profile: w.Profile, times: w.userTimes,
	}
}

// mostOfQ is how many users Okta shows for q at most: it does not page them
// (Okta, List all users).
const mostOfQ = 200

// mostOfSearch is after how many users Okta is said to answer a search's next
// page with an error (oktadeveloper/okta-blog-archive, pull request 2335).
const mostOfSearch = 50_000

// List streams the selected users page after page, 200 a call, and holds one
// page at a time. A wrong expression is an error of KindExpression with Okta's
// own complaint. What q or search found beyond the users that Okta shows is
// told by an error of KindTruncated after the last of them.
func (c *Client) List(ctx context.Context, s Selection) iter.Seq2[Listed, error] {
	const op = "list users"
	return func(yield func(Listed, error) bool) {
		path, refused := s.path(op)
		if refused != nil {
			yield(Listed{}, refused)
			return
		}
		shown := 0
		for w, err := range pages[wireListed](ctx, c, op, path, briefUsers) {
			if err != nil {
				yield(Listed{}, s.refused(op, shown, err))
				return
			}
			shown++
			if IsUserID(w.ID) && !yield(w.listed(), nil) {
				return
			}
		}
		if s.Q != "" && shown >= mostOfQ {
			yield(Listed{}, truncated(op, "Okta shows no more than the first 200 users for q",
				"Select with search instead, which has no such limit, such as search:profile.lastName sw \"A\"."))
		}
	}
}

func truncated(op, summary, advice string) *Error {
	return &Error{Op: op, Effect: EffectRejected, Kind: KindTruncated, Summary: summary, Advice: advice}
}

// refused tells the end of what Okta shows of a search from a wrong expression.
func (s Selection) refused(op string, shown int, err error) error {
	if s.Search != "" && shown >= mostOfSearch && IsKind(err, KindExpression, KindInvalid) {
		return truncated(op, fmt.Sprintf("Okta shows only the first %d users for this search", shown),
			"Split the search, for instance by profile.lastName or by status, or list a group or everybody.")
	}
	return err
}

// path is the list's first page.
func (s Selection) path(op string) (string, *Error) {
	path, given := "/api/v1/users?limit=200", 0
	for name, value := range map[string]string{"search": s.Search, "filter": s.Filter, "q": s.Q} {
		if value != "" {
			path, given = path+"&"+name+"="+url.QueryEscape(value), given+1
		}
	}
	if s.Group != "" {
		path, given = "/api/v1/groups/"+s.Group+"/users?limit=200", given+1
	}
	switch {
	case given > 1:
		return "", &Error{Op: op, Effect: EffectNone, Kind: KindInvalid, Summary: "more than one of search, filter, q and group", Advice: adviceExpression}
	case s.Group != "" && !IsGroupID(s.Group):
		return "", unsafeID(op, "the group ID")
	}
	return path, nil
}

// UserColumns are what Column knows of a user beside the profile, by Okta's names.
func UserColumns() []string {
	return []string{"id", "status", "created", "activated", "statusChanged", "lastLogin", "lastUpdated", "passwordChanged", "type"}
}

// Column is a cell of an export: one of UserColumns, or a profile attribute,
// also as profile.NAME. Times are RFC 3339 in UTC, the elements of an array are
// joined by "; ", null and what is absent are "".
func (l Listed) Column(name string) string {
	switch name {
	case "id":
		return l.ID
	case "status":
		return l.Status
	case "type":
		return l.TypeID
	}
	times := map[string]moment{"created": l.times.Created, "activated": l.times.Activated, "statusChanged": l.times.StatusChanged,
		"lastLogin": l.times.LastLogin, "lastUpdated": l.times.LastUpdated, "passwordChanged": l.times.PasswordChanged}
	if t, ok := times[name]; ok {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	return cell(l.Profile[strings.TrimPrefix(name, "profile.")])
}

// cell is a profile attribute in words.
func cell(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var word string
	if json.Unmarshal(raw, &word) == nil {
		return word
	}
	var several []json.RawMessage
	if json.Unmarshal(raw, &several) != nil {
		return string(raw)
	}
	words := make([]string, len(several))
	for i, one := range several {
		words[i] = cell(one)
	}
	return strings.Join(words, "; ")
}
