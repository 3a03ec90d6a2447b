package okta_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestList(t *testing.T) {
	ctx := context.Background()
	org, c := MustOrg(t, oktasim.Options{Users: 450, AllActive: true, Given: []oktasim.User{
		{Login: "ana@example.com", FirstName: "Ana", Department: "Legal", Groups: []string{"Few"},
			Profile: map[string]any{"badge": 1234567890123456, "contractor": true, "teams": []any{"a", "b;c"}, "nickName": nil}},
		{Login: "gone@example.com", FirstName: "Ana", Status: "DEPROVISIONED"},
	}}, okta.Config{})
	few, err := c.GroupsByName(ctx, "Few")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		s     okta.Selection
		least int // users
		gone  bool
	}{
		"all":    {okta.Selection{}, 452, false},
		"search": {okta.Selection{Search: `profile.firstName eq "ana"`}, 2, true},
		"filter": {okta.Selection{Filter: `profile.firstName eq "Ana"`}, 2, true},
		"q":      {okta.Selection{Q: "ana@"}, 1, false},
		"group":  {okta.Selection{Group: few[0].ID}, 1, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			listed := map[string]okta.Listed{}
			for l, err := range c.List(ctx, tt.s) {
				if err != nil {
					t.Fatal(err)
				}
				listed[l.Login] = l
			}
			ana, there := listed["ana@example.com"]
			if _, gone := listed["gone@example.com"]; len(listed) < tt.least || !there || gone != tt.gone {
				t.Errorf("%d users, Ana %v, the deactivated %v", len(listed), there, gone)
			}
			real, _ := org.User("ana@example.com")
			for column, want := range map[string]string{"id": real.ID, "status": "ACTIVE", "login": "ana@example.com", "profile.department": "Legal",
				"badge": "1234567890123456", "contractor": "true", "teams": "a; b;c", "nickName": "", "nothing": "", "mobilePhone": ""} {
				if got := ana.Column(column); got != want {
					t.Errorf("%s: %q, want %q", column, got, want)
				}
			}
			if ana.Department != "Legal" || !strings.HasSuffix(ana.Column("created"), "Z") || ana.Column("lastLogin") == "" || ana.Column("type") == "" {
				t.Errorf("%+v", ana)
			}
		})
	}
}

// TestUserColumns: each has a value of its own.
func TestUserColumns(t *testing.T) {
	_, c := MustOrg(t, oktasim.Options{Given: []oktasim.User{{Login: "ana@example.com"}}}, okta.Config{})
	for l, err := range c.List(context.Background(), okta.Selection{Q: "ana"}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range okta.UserColumns() {
			if l.Column(name) == "" {
				t.Errorf("%s is empty", name)
			}
		}
	}
}

func TestList_wrong(t *testing.T) {
	_, c := MustOrg(t, oktasim.Options{Users: 400, AllActive: true}, okta.Config{})
	tests := map[string]struct {
		s    okta.Selection
		kind okta.Kind
	}{
		"two ways":      {okta.Selection{Search: `status eq "ACTIVE"`, Q: "a"}, okta.KindInvalid},
		"group and q":   {okta.Selection{Group: "00g00000000000000001", Q: "a"}, okta.KindInvalid},
		"no search":     {okta.Selection{Search: `status is ACTIVE`}, okta.KindExpression},
		"no filter":     {okta.Selection{Filter: `profile.city eq "Cork"`}, okta.KindExpression},
		"no group ID":   {okta.Selection{Group: "../users/me"}, okta.KindUnsafeID},
		"unknown group": {okta.Selection{Group: "00g00000000000000001"}, okta.KindNotFound},
	}
	for name, tt := range tests {
		n := 0
		var last error
		for _, err := range c.List(context.Background(), tt.s) {
			n, last = n+1, err
		}
		if e := failure(t, last); n != 1 || e.Kind != tt.kind || e.Summary == "" {
			t.Errorf("%s: %d steps, %v", name, n, last)
		}
	}
}

// TestList_truncated: what q does not show is told.
func TestList_truncated(t *testing.T) {
	people := make([]oktasim.User, 201)
	for i := range people {
		people[i] = oktasim.User{Login: "same" + strings.Repeat("x", i) + "@example.com", FirstName: "Same"}
	}
	_, c := MustOrg(t, oktasim.Options{Given: people}, okta.Config{})
	n := 0
	var last error
	for _, err := range c.List(context.Background(), okta.Selection{Q: "same"}) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 200 || !okta.IsKind(last, okta.KindTruncated) || !strings.Contains(failure(t, last).Advice, "search") {
		t.Errorf("%d users, then %v", n, last)
	}
}

// TestList_deep: the page at which Okta gives up is no wrong expression.
func TestList_deep(t *testing.T) {
	for pages, want := range map[int]okta.Kind{1: okta.KindExpression, 250: okta.KindTruncated} { // 50,000 users
		c := MustClient(t, okta.Config{Transport: &endless{until: pages}})
		n := 0
		var last error
		for _, err := range c.List(context.Background(), okta.Selection{Search: `status eq "ACTIVE"`}) {
			if last = err; err == nil {
				n++
			}
		}
		if n != 200*pages || !okta.IsKind(last, want) {
			t.Errorf("%d pages: %d users, then %v", pages, n, last)
		}
	}
}

// TestList_bounded streams 100,000 users, under the race detector 20,000: a page is
// asked for when the one before has been used up, and none of them is kept.
func TestList_bounded(t *testing.T) {
	pages := 500
	if raced {
		pages = 100
	}
	wire := &endless{until: pages}
	c := MustClient(t, okta.Config{Transport: wire})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, n := heap(), uint64(0), 0
	for l, err := range c.List(context.Background(), okta.Selection{}) {
		if err != nil {
			if n != 200*pages {
				t.Fatal(err)
			}
			break
		}
		if n++; wire.calls != (n+199)/200 || len(l.Profile) != 12 {
			t.Fatalf("%d calls at user %d with %d attributes", wire.calls, n, len(l.Profile))
		}
		if n%(40*pages) == 0 {
			most = max(most, heap())
		}
	}
	if n != 200*pages || most > before+uint64(pages)*32<<10 {
		t.Errorf("%d users; %d KiB at most, %d before", n, most>>10, before>>10)
	}
}

// endless has pages of 200 users, and refuses the one after until. Its calls
// follow one another.
type endless struct{ calls, until int }

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	const user = `{"id":"00u00000000000000001","status":"ACTIVE","created":"2026-01-02T03:04:05.000Z","profile":{"login":"ana@example.com",` +
		`"email":"ana@example.com","firstName":"Ana","lastName":"Lima","department":"Sales","title":"Lead","city":"Porto","costCenter":"CC-1",` +
		`"building":"Mill","deskNumber":104,"partTime":false,"mobilePhone":null}}`
	e.calls++
	status, body := http.StatusOK, "["+strings.Repeat(user+",", 199)+user+"]"
	if e.calls > e.until {
		status, body = http.StatusBadRequest, `{"errorCode":"E0000031","errorSummary":"Invalid search criteria."}`
	}
	return &http.Response{StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Header: http.Header{
		"Content-Type": {"application/json"}, "Link": {fmt.Sprintf(`<https://example.okta.com/api/v1/users?after=%d>; rel="next"`, e.calls)}}}, nil
}

// counting counts calls that follow one another.
type counting struct {
	base  http.RoundTripper
	calls int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls++
	return c.base.RoundTrip(r)
}
