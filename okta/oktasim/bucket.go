package oktasim

import (
	_ "embed"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed buckets.tsv
var bucketTable string

// otherBucket counts the calls that no bucket of the table names.
const otherBucket = "/api/v1"

// bucketMap is the table of Okta's Terraform provider: "GET /api/v1/users/ID"
// to the bucket that such a call draws on.
func bucketMap() map[string]string {
	buckets := map[string]string{}
	for line := range strings.Lines(bucketTable) {
		if column := strings.Split(strings.TrimSpace(line), "\t"); len(column) == 3 {
			buckets[column[1]+" "+column[0]] = column[2]
		}
	}
	return buckets
}

// bucket counts the calls of one rate limit. A window starts at the first call
// after the last window's end and ends on a whole second of Okta's clock, as
// X-Rate-Limit-Reset says it; so a window may be up to a second short.
type bucket struct {
	name      string
	start     time.Time
	end       time.Time
	calls     int            // let through in this window
	by        map[string]int // the same, by credential
	others    int            // taken by other clients of the org in this window
	refused   int
	total     int
	throttled int
	peak      int
	past      []Window
}

// Window is the book of one window of a bucket.
type Window struct {
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	Calls     int       `json:"calls"`     // let through
	Others    int       `json:"others"`    // taken by others
	Throttled int       `json:"throttled"` // answered 429
}

// roll begins a new window if the last is over.
func (b *bucket) roll(now time.Time, length time.Duration) {
	if now.Before(b.end) {
		return
	}
	b.close()
	b.start, b.end = now, now.Truncate(time.Second).Add(length)
	if length < time.Second {
		b.end = now.Add(length)
	}
	b.calls, b.others, b.refused = 0, 0, 0
	clear(b.by)
}

func (b *bucket) close() {
	if b.calls+b.refused > 0 {
		b.past = append(b.past, b.window())
	}
}

func (b *bucket) window() Window {
	return Window{Start: b.start, End: b.end, Calls: b.calls, Others: b.others, Throttled: b.refused}
}

// take counts one call of a credential and tells whether it is let through.
// Limit 0 lets everything through. A share is the percentage of the limit
// that one credential may use; it shows in no header (Okta, API token rate
// limits, says what the share is and nothing of a header for it).
func (b *bucket) take(credential string, limit, share, takenByOthers int, now time.Time) bool {
	if limit > 0 {
		b.crowd(limit, takenByOthers, now)
		if b.calls+b.others >= limit || share > 0 && b.by[credential] >= limit*share/100 {
			b.refused++
			b.throttled++
			return false
		}
	}
	b.calls++
	b.total++
	b.by[credential]++
	b.peak = max(b.peak, b.calls)
	return true
}

// crowd lets the other clients of the org have used what is theirs by now:
// their calls come evenly over the window.
func (b *bucket) crowd(limit, taken int, now time.Time) {
	sofar := int(float64(taken) * float64(now.Sub(b.start)) / float64(b.end.Sub(b.start)))
	b.others = max(b.others, min(sofar, limit-b.calls))
}

func (b *bucket) remaining(limit int) int { return max(0, limit-b.calls-b.others) }

// rateHeaders sets what Okta tells of a limit with every answer.
func rateHeaders(h http.Header, limit, remaining int, reset time.Time) {
	seconds := reset.Unix()
	if reset.Nanosecond() > 0 {
		seconds++
	}
	h["X-Rate-Limit-Limit"] = []string{strconv.Itoa(limit)}
	h["X-Rate-Limit-Remaining"] = []string{strconv.Itoa(remaining)}
	h["X-Rate-Limit-Reset"] = []string{strconv.FormatInt(seconds, 10)}
}
