package slackapi

import (
	"net/http"
	"sync"
	"time"
)

// Clock tells what Slack's clock shows, by the Date headers of its answers. What
// Slack dates, such as a click, has an age by that clock alone: this machine's may be
// wrong by minutes. Its zero value is ready, and knows nothing yet; nil never does.
type Clock struct {
	mu   sync.Mutex
	date time.Time // of the last answer, of whole seconds
	got  time.Time // when it came, with a monotonic reading: that this clock is set meanwhile changes nothing
}

// Now returns the time by Slack's clock, to within a second or two; false before the
// first answer that is dated.
func (c *Clock) Now() (time.Time, bool) {
	if c == nil {
		return time.Time{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.date.IsZero() {
		return time.Time{}, false
	}
	return c.date.Add(time.Since(c.got)), true
}

// Through returns a transport that reads the dates of what another one answers, nil for
// the default one.
func (c *Clock) Through(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &dated{next, c}
}

type dated struct {
	http.RoundTripper
	clock *Clock
}

func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.clock.mu.Lock()
		defer d.clock.mu.Unlock()
		d.clock.date, d.clock.got = date, time.Now()
	}
	return resp, nil
}
