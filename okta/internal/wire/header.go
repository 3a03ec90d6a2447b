package wire

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// RateLimit reads X-Rate-Limit-Limit, -Remaining and -Reset (epoch seconds).
// All three, or none: a reset more than an hour away is not one.
func RateLimit(h http.Header, date time.Time) (limit, remaining int, reset int64, ok bool) {
	limit, err1 := strconv.Atoi(h.Get("X-Rate-Limit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-Rate-Limit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || limit < 0 {
		return 0, 0, 0, false
	}
	if limit == 0 && remaining == 0 {
		return 0, 0, reset, true // the reset is only a suggestion here
	}
	if date.IsZero() {
		date = time.Now()
	}
	if away := time.Unix(reset, 0).Sub(date); err3 != nil || limit == 0 || away > time.Hour || away < -time.Hour {
		return 0, 0, 0, false
	}
	return limit, min(max(remaining, 0), limit), reset, true
}

// Challenge is the error word of a Bearer or DPoP challenge (RFC 6750, RFC 9449), such
// as insufficient_scope.
func Challenge(header string) string {
	_, rest, found := strings.Cut(header, `error="`)
	if !found || !strings.HasPrefix(header, "Bearer") && !strings.HasPrefix(header, "DPoP") {
		return ""
	}
	word, _, _ := strings.Cut(rest, `"`)
	return word
}

// link matches one link of a Link header (RFC 8288): its target, which may hold commas and
// semicolons, and its parameters, up to the comma that no quotes hold.
var link = regexp.MustCompile(`<([^>]*)>((?:[^,"<]|"(?:\\.|[^"\\])*")*)`)

// relNext matches the parameter that names the next page.
var relNext = regexp.MustCompile(`(?i:;\s*rel)\s*=\s*(?:next|"next")\s*(?:;|$)`)

// NextPage is path and query of the rel="next" link, or "". Links elsewhere
// than under /api/v1/ are not followed: the token would go along.
func NextPage(links []string) string {
	for _, header := range links {
		for _, l := range link.FindAllStringSubmatch(header, -1) {
			if p := APIPath(l[1]); p != "" && relNext.MatchString(l[2]) {
				return p
			}
		}
	}
	return ""
}

// APIPath is the path and query of a link into Okta's API, or "".
func APIPath(link string) string {
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(u.Path, "/api/v1/") || strings.Contains(u.EscapedPath(), "..") || strings.Contains(u.EscapedPath(), "%") {
		return ""
	}
	p := u.EscapedPath()
	if u.RawQuery != "" {
		p += "?" + u.RawQuery
	}
	return p
}

// RetryAfter is what a Retry-After in seconds asks for; 0: nothing.
func RetryAfter(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || s < 0 {
		return 0
	}
	return time.Duration(min(s, 1<<20)) * time.Second
}
