package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"factorbot/okta"
)

// oktaMeter tells what the pacer knows when it is asked.
type oktaMeter struct {
	stats func() okta.Stats

	calls, throttled, byBucket, limit, remaining, ceiling, waiting, waited, turns, inFlight, clock *prometheus.Desc
}

func NewOktaMeter(stats func() okta.Stats) *oktaMeter {
	return &oktaMeter{
		stats:     stats,
		calls:     describe("okta_calls_total", "Calls of Okta, by rate-limit bucket and what came of them: 2xx, 3xx, 4xx, 429, 5xx, or none for no answer.", "bucket", "result"),
		throttled: describe("okta_throttled_total", "Calls that Okta refused with 429; with pacing there should be none."),
		byBucket:  describe("okta_bucket_throttled_total", "Calls that Okta refused with 429, by rate-limit bucket.", "bucket"),
		limit:     describe("okta_limit", "Calls that Okta allows in a window, by bucket; 0: not known.", "bucket"),
		remaining: describe("okta_remaining", "Calls that are left in the window by the latest answers, less what is in flight.", "bucket"),
		ceiling:   describe("okta_ceiling", "Calls in a window that are this token's, where it has been found to have only a share; 0: no share found.", "bucket"),
		waiting:   describe("okta_waiting", "Calls that wait for their turn, by bucket.", "bucket"),
		waited:    describe("okta_wait_seconds_total", "Seconds that calls have waited for their turn, by bucket.", "bucket"),
		turns:     describe("okta_turns_total", "Calls that got their turn, by bucket; with the seconds beside, the mean wait.", "bucket"),
		inFlight:  describe("okta_in_flight", "Calls of Okta that are out."),
		clock:     describe("okta_clock_offset_seconds", "Okta's clock minus ours."),
	}
}

// Describe implements prometheus.Collector.
func (m *oktaMeter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.calls, m.throttled, m.byBucket, m.limit, m.remaining, m.ceiling, m.waiting, m.waited, m.turns, m.inFlight, m.clock} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *oktaMeter) Collect(ch chan<- prometheus.Metric) {
	s := m.stats()
	for _, b := range s.Buckets {
		for result, n := range b.Answers {
			ch <- counter(m.calls, float64(n), b.Name, result)
		}
		ch <- counter(m.byBucket, float64(b.Throttled), b.Name)
		ch <- gauge(m.limit, float64(b.Limit), b.Name)
		ch <- gauge(m.remaining, float64(b.Remaining), b.Name)
		ch <- gauge(m.ceiling, b.Ceiling, b.Name)
		ch <- gauge(m.waiting, float64(b.Waiting), b.Name)
		ch <- counter(m.waited, b.Waited.Seconds(), b.Name)
		ch <- counter(m.turns, float64(b.Turns), b.Name)
	}
	ch <- counter(m.throttled, float64(s.Throttled))
	ch <- gauge(m.inFlight, float64(s.InFlight))
	ch <- gauge(m.clock, s.ClockOffset.Seconds())
}
