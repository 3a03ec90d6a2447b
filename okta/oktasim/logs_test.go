package oktasim_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta/oktasim"
)

func TestLogs_event(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	id := idOf(t, c.org, "ana@example.com")
	reset := c.do(200, "POST", "/api/v1/users/"+id+resetAna, "User-Agent", "factorbot/1 marker")
	event := c.do(200, "GET", logsPath).list(t)[0]
	me := c.do(200, "GET", "/api/v1/users/me").object(t)["id"]
	for name, pair := range map[string][2]any{
		"eventType":    {event["eventType"], "user.mfa.factor.reset_all"},
		"actor":        {event["actor"].(map[string]any)["id"], me},
		"actor type":   {event["actor"].(map[string]any)["type"], "User"},
		"user agent":   {event["client"].(map[string]any)["userAgent"].(map[string]any)["rawUserAgent"], "factorbot/1 marker"},
		"target":       {event["target"].([]any)[0].(map[string]any)["id"], id},
		"target login": {event["target"].([]any)[0].(map[string]any)["alternateId"], "ana@example.com"},
		"outcome":      {event["outcome"].(map[string]any)["result"], "SUCCESS"},
		"transaction":  {event["transaction"].(map[string]any)["id"], reset.Header.Get("X-Okta-Request-Id")},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	token := event["transaction"].(map[string]any)["detail"].(map[string]any)["requestApiTokenId"].(string)
	for filter, want := range map[string]int{
		`eventType eq "user.mfa.factor.reset_all"`:                        1,
		`eventType sw "user.mfa" and not (outcome.result eq "FAILURE")`:   1,
		`target.id eq "` + id + `" and actor.id eq "` + me.(string) + `"`: 1,
		`target.id eq "` + me.(string) + `"`:                              0,
		`actor.id ne "` + me.(string) + `"`:                               0,
		`transaction.detail.requestApiTokenId eq "` + token + `"`:         1,
		`uuid eq "` + event["uuid"].(string) + `"`:                        1,
		`client.userAgent.rawUserAgent co "marker"`:                       1,
	} {
		if got := c.do(200, "GET", query(logsPath, "filter", filter)).list(t); len(got) != want {
			t.Errorf("%s: %d events, want %d", filter, len(got), want)
		}
	}
	for q, want := range map[string]int{"ana@example.com": 1, "Silva marker": 1, "nobody": 0} {
		if got := c.do(200, "GET", query(logsPath, "q", q)).list(t); len(got) != want {
			t.Errorf("q %s: %d events, want %d", q, len(got), want)
		}
	}
}

func TestLogs_refused(t *testing.T) {
	c := MustServe(t, oktasim.Options{})
	for parameters, code := range map[string]string{
		"since=yesterday": "E0000001", "until=x": "E0000001", "limit=1001": "E0000001", "limit=-1": "E0000001", "sortOrder=up": "E0000001", "after=!": "E0000001",
		"filter=eventType": "E0000053", "filter=published%20pr": "E0000053", "filter=nothing%20pr": "E0000053",
		"filter=debugContext.debugData.url%20co%20%22x%22": "E0000031", "q=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "E0000001",
	} {
		if got := c.do(400, "GET", logsPath+"?"+parameters); got.code(t) != code {
			t.Errorf("%s: %s", parameters, got.body)
		}
	}
}

// A polling query shows every event once, out of order by published, and
// always says where to go on.
func TestLogs_polling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people = 60
		c := MustConnect(t, oktasim.Options{Users: people, AllActive: true, LogLag: 10 * time.Second, Seed: 3})
		start := time.Now()
		var seen, published []string
		next := logsPath + "?limit=7&since=" + start.Add(-time.Second).UTC().Format("2006-01-02T15:04:05.000Z")
		poll := func() {
			for {
				page := c.do(200, "GET", next)
				events := page.list(t)
				for _, event := range events {
					seen, published = append(seen, event["uuid"].(string)), append(published, event["published"].(string))
				}
				if page.next() == "" {
					t.Fatal("a polling query without a next page")
				}
				if next = page.next(); len(events) == 0 {
					return
				}
			}
		}
		for i, u := range c.org.Users() {
			c.do(200, "POST", "/api/v1/users/"+u.ID+resetAna)
			<-time.After(100 * time.Millisecond)
			if i == 10 && len(seen) > 0 {
				t.Error("events without any lag")
			}
			if i%20 == 0 {
				poll()
			}
		}
		<-time.After(10 * time.Second)
		poll()
		if len(seen) != people+1 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != len(seen) {
			t.Errorf("%d events, want %d, each once", len(seen), people+1)
		}
		if slices.IsSorted(published) {
			t.Error("nothing out of order")
		}
	})
}

func TestLogs_bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Users: 20, AllActive: true})
		stamp := func(after time.Duration) string {
			return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(after).Format("2006-01-02T15:04:05.000Z")
		}
		for _, u := range c.org.Users()[:10] {
			c.do(200, "POST", "/api/v1/users/"+u.ID+resetAna)
			<-time.After(time.Second)
		}
		bounds := fmt.Sprintf("?since=%s&until=%s", stamp(2*time.Second), stamp(8*time.Second))
		for _, order := range []string{"ASCENDING", "DESCENDING"} {
			got := c.all(logsPath+bounds+"&limit=4&sortOrder="+order, "published")
			if order == "DESCENDING" {
				slices.Reverse(got)
			}
			if len(got) != 6 || !slices.IsSorted(got) || got[0] != stamp(2*time.Second) {
				t.Errorf("%s: %v", order, got)
			}
		}
		last := c.do(200, "GET", logsPath+bounds+"&limit=6")
		if last.next() != "" {
			t.Error("a bounded query has an end")
		}
		if all := c.do(200, "GET", logsPath+"?sortOrder=DESCENDING&limit=3").list(t); len(all) != 3 || all[0]["published"] != stamp(9*time.Second) {
			t.Errorf("newest: %v", all[0]["published"])
		}
	})
}
