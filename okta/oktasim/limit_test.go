package oktasim_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta/oktasim"
)

// MustConnect is an org and a client of it without a network, for a
// synctest bubble.
func MustConnect(tb testing.TB, opt oktasim.Options) *client {
	tb.Helper()
	org, err := oktasim.New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(org.Close)
	return &client{tb, org, "http://okta.test", "SSWS sandbox-token", &http.Client{Transport: org.Transport()}}
}

// rate are the three headers, as numbers; -1: not there.
func (r reply) rate() (limit, remaining int, reset int64) {
	number := func(name string) int {
		n, err := strconv.Atoi(r.Header.Get(name))
		if err != nil {
			return -1
		}
		return n
	}
	return number("X-Rate-Limit-Limit"), number("X-Rate-Limit-Remaining"), int64(number("X-Rate-Limit-Reset"))
}

const (
	usersPath  = "/api/v1/users?limit=1"
	usersBkt   = "/api/v1/users"
	logsPath   = "/api/v1/logs"
	notPresent = -1
)

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Given: []oktasim.User{ana()}, RateLimit: 3, Window: 10 * time.Second, Limits: map[string]int{"/api/v1/logs": 1}})
		<-time.After(300 * time.Millisecond) // not on a whole second
		start := time.Now()
		for i := range 3 {
			limit, remaining, reset := c.do(200, "GET", usersPath).rate()
			if limit != 3 || remaining != 2-i || reset != start.Truncate(time.Second).Add(10*time.Second).Unix() {
				t.Errorf("call %d: limit %d, remaining %d, reset %d at %d", i, limit, remaining, reset, start.Unix())
			}
		}
		for _, call := range []string{usersPath, "/api/v1/users/" + idOf(t, c.org, "ana@example.com") + "/factors"} { // one bucket
			refused := c.do(429, "GET", call)
			if limit, remaining, _ := refused.rate(); refused.code(t) != "E0000047" || limit != 3 || remaining != 0 {
				t.Errorf("%s: %v %s", call, refused.Header, refused.body)
			}
		}
		c.do(200, "GET", "/api/v1/users/ana@example.com") // a bucket of its own
		c.do(200, "GET", logsPath)
		c.do(429, "GET", logsPath)
		<-time.After(time.Until(start.Truncate(time.Second).Add(10*time.Second)) - time.Nanosecond)
		c.do(429, "GET", usersPath)
		<-time.After(time.Nanosecond)
		c.do(200, "GET", usersPath)
		books := c.org.Books()
		if books.Throttled != 4 || books.Peak[usersBkt] != 3 || books.Calls[usersBkt] != 4 {
			t.Errorf("books: %+v", books)
		}
		windows := c.org.Windows(usersBkt)
		if len(windows) != 2 || windows[0].Calls != 3 || windows[0].Throttled != 3 || windows[1].Calls != 1 {
			t.Errorf("windows: %+v", windows)
		}
		MustSet(t, c.org, `{"limits":{}}`)
		if events := c.do(200, "GET", query(logsPath, "filter", `eventType eq "system.org.rate_limit.violation"`)).list(t); len(events) != 4 {
			t.Errorf("%d violations in the log", len(events))
		}
	})
}

func TestRateLimit_none(t *testing.T) {
	c := MustServe(t, oktasim.Options{})
	if limit, remaining, reset := c.do(200, "GET", usersPath).rate(); limit != notPresent || remaining != notPresent || reset != notPresent {
		t.Error("rate headers without a limit")
	}
}

// On errors too.
func TestRateLimit_everyAnswer(t *testing.T) {
	c := MustServe(t, oktasim.Options{RateLimit: 100})
	paths := []string{"/api/v1/users/nobody", "/api/v1/nothing", "/api/v1/users?limit=x"}
	for _, path := range paths {
		got, err := c.try("GET", path, "")
		if limit, _, _ := got.rate(); err != nil || limit != 100 {
			t.Errorf("%s: %v, limit %d", path, err, limit)
		}
	}
	c.auth = "SSWS wrong"
	if limit, _, _ := c.do(401, "GET", usersPath).rate(); limit != 100 {
		t.Errorf("401: limit %d", limit)
	}
}

// The headers go on showing the org's room when the token's share is used up.
func TestTokenShare(t *testing.T) {
	c := MustServe(t, oktasim.Options{RateLimit: 10, TokenShare: 50})
	for range 5 {
		c.do(200, "GET", usersPath)
	}
	refused := c.do(429, "GET", usersPath)
	if limit, remaining, _ := refused.rate(); limit != 10 || remaining != 5 {
		t.Errorf("limit %d, remaining %d", limit, remaining)
	}
	if events := c.do(200, "GET", logsPath).list(t); len(events) != 1 || events[0]["eventType"] != "system.operation.rate_limit.violation" {
		t.Errorf("events: %v", events)
	}
}

func TestTakenByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{RateLimit: 100, Window: 10 * time.Second})
		MustSet(t, c.org, `{"taken_by_others":40}`)
		c.do(200, "GET", usersPath)
		<-time.After(5 * time.Second)
		if _, remaining, _ := c.do(200, "GET", usersPath).rate(); remaining != 100-2-20 {
			t.Errorf("remaining at half time: %d", remaining)
		}
		<-time.After(4 * time.Second)
		passed := 0
		for range 100 {
			if got, err := c.try("GET", usersPath, ""); err == nil && got.StatusCode == 200 {
				passed++
			}
		}
		if passed != 100-2-36 {
			t.Errorf("%d calls passed beside 36 of others", passed)
		}
	})
}

func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Concurrency: 2, Latency: time.Second, RateLimit: 100})
		statuses := make(chan reply)
		for range 3 {
			go func() {
				got, err := c.try("GET", usersPath, "")
				if err != nil {
					t.Error(err)
				}
				statuses <- got
			}()
		}
		var refused int
		for range 3 {
			if got := <-statuses; got.StatusCode == 429 {
				refused++
				if limit, remaining, _ := got.rate(); limit != 0 || remaining != 0 || got.code(t) != "E0000047" {
					t.Errorf("limit %d, remaining %d: %s", limit, remaining, got.body)
				}
			}
		}
		if books := c.org.Books(); refused != 1 || books.Concurrent != 1 || books.Busiest != 3 {
			t.Errorf("%d refused; books %+v", refused, books)
		}
	})
}

// Half the latency is before the effect: a caller who gives up in time to see
// nothing may still have reset somebody.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Given: []oktasim.User{ana()}, Latency: 2 * time.Second})
		c.http.Timeout = 500 * time.Millisecond
		start := time.Now()
		if _, err := c.try("POST", "/api/v1/users/ana@example.com"+resetAna, ""); err == nil {
			t.Fatal("answered in time")
		}
		if len(kinds(t, c.org, "ana@example.com")) == 0 {
			t.Error("reset before half the latency")
		}
		<-time.After(time.Second)
		if left := kinds(t, c.org, "ana@example.com"); len(left) != 0 {
			t.Errorf("%v left after %s", left, time.Since(start))
		}
	})
}

func TestClockOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Given: []oktasim.User{ana()}, ClockOffset: 90 * time.Minute, RateLimit: 5, Window: time.Minute})
		okta := time.Now().Add(90 * time.Minute)
		got := c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
		if date, err := http.ParseTime(got.Header.Get("Date")); err != nil || !date.Equal(okta.Truncate(time.Second)) {
			t.Errorf("date %v, %v", date, err)
		}
		if _, _, reset := got.rate(); reset != okta.Truncate(time.Second).Add(time.Minute).Unix() {
			t.Errorf("reset %d", reset)
		}
		event := c.do(200, "GET", query(logsPath, "since", okta.Add(-time.Minute).Format(time.RFC3339))).list(t)[0]
		if published, err := time.Parse(time.RFC3339, event["published"].(string)); err != nil || !published.Equal(okta.Truncate(time.Millisecond)) {
			t.Errorf("published %v, %v", published, err)
		}
	})
}

// The table and the routes speak of the same calls.
func TestBuckets(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}, KeepCalls: true})
	id := idOf(t, c.org, "ana@example.com")
	want := map[string]string{
		"GET /api/v1/users": usersBkt, "GET /api/v1/users/me": "/api/v1/users/me", "GET /api/v1/users/" + id: "/api/v1/users/{id:.+}",
		"GET /api/v1/users/" + id + "/factors": usersBkt, "POST /api/v1/users/" + id + resetAna: usersBkt, "GET /api/v1/users/" + id + "/roles": usersBkt,
		"DELETE /api/v1/users/" + id + "/sessions": usersBkt, "GET /api/v1/groups": "/api/v1/groups", "GET /api/v1/apps": "/api/v1/apps",
		"GET /api/v1/iam/assignees/users": "/api/v1/iam", "GET /api/v1/logs": "/api/v1/logs", "GET /api/v1/org": "/api/v1",
		"GET /api/v1/meta/schemas/user/default": "/api/v1", "POST /oauth2/v1/token": "/oauth2/v1/token",
	}
	for call := range want {
		method, path, _ := strings.Cut(call, " ")
		if _, err := c.try(method, path, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, call := range c.org.Calls() {
		if name := call.Method + " " + call.Path; want[name] != call.Bucket {
			t.Errorf("%s counts in %s, want %s", name, call.Bucket, want[name])
		}
	}
	if !slices.ContainsFunc(c.org.State(oktasim.Query{}).Buckets, func(b oktasim.BucketState) bool { return b.Name == usersBkt }) {
		t.Error("the bucket is not in the state")
	}
}
