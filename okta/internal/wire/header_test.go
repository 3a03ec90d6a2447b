package wire

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func FuzzNextPage(f *testing.F) {
	for _, link := range []string{
		`<https://example.okta.com/api/v1/users?after=x&limit=200>; rel="next"`, `<https://a/api/v1/users>; rel="self", <https://a/api/v1/users?after=y>; rel="next"`,
		`<https://evil/steal>; rel="next"`, `<:%zz>; rel=next`, `</api/v1/../../oauth2>; rel="next"`, `<https://a/api/v1/users%2f..>; rel="next"`, `;`, `<`, ``,
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		p := NextPage([]string{link})
		if p != "" && (!strings.HasPrefix(p, "/api/v1/") || strings.Contains(strings.SplitN(p, "?", 2)[0], "..")) {
			t.Errorf("%q leads to %q", link, p)
		}
	})
}

func TestNextPage(t *testing.T) {
	tests := map[string]string{
		`<https://a/api/v1/users?limit=2>; rel="self", <https://a/api/v1/users?after=b%2Cc&limit=2>; rel="next"`:   "/api/v1/users?after=b%2Cc&limit=2",
		`<https://a/api/v1/logs?after=1>; rel=next`:                                                                "/api/v1/logs?after=1",
		`<https://a/api/v1/logs?after=1>; title="x"; rel="next"`:                                                   "/api/v1/logs?after=1",
		`<https://a/api/v1/users?after=b,c;d&limit=2>; rel="next"`:                                                 "/api/v1/users?after=b,c;d&limit=2",
		`<https://a/api/v1/users?after=x>; title="a, b; rel=\"self\""; rel="next"`:                                 "/api/v1/users?after=x",
		`<https://a/x>; title="<https://a/api/v1/users>, y"; rel="self",<https://a/api/v1/users?after=z>;rel=next`: "/api/v1/users?after=z",
		`<https://a/api/v1/logs?after=1>; rel="self"`:                                                              "",
		`<https://a/oauth2/v1/token>; rel="next"`:                                                                  "",
		`<https://a/api/v1/users/../../oauth2/v1/token>; rel="next"`:                                               "",
		`<https://a/api/v1/users/%2e%2e/x>; rel="next"`:                                                            "",
		`https://a/api/v1/users; rel="next"`:                                                                       "",
	}
	for link, want := range tests {
		if got := NextPage([]string{link}); got != want {
			t.Errorf("%s: %q", link, got)
		}
	}
}

func TestRateLimit(t *testing.T) {
	date := time.Unix(1800000000, 0)
	tests := []struct {
		limit, remaining, reset string
		ok                      bool
	}{
		{"600", "599", "1800000030", true}, {"0", "0", "1800000060", true}, {"0", "0", "", true}, {"600", "-3", "1800000030", true},
		{"600", "599", "", false}, {"", "", "", false}, {"600", "x", "1800000030", false}, {"600", "5", "1800000030000", false},
		{"600", "5", "30", false}, {"-1", "5", "1800000030", false},
	}
	for _, tt := range tests {
		h := http.Header{}
		for k, v := range map[string]string{"X-Rate-Limit-Limit": tt.limit, "X-Rate-Limit-Remaining": tt.remaining, "X-Rate-Limit-Reset": tt.reset} {
			if v != "" {
				h.Set(k, v)
			}
		}
		limit, remaining, _, ok := RateLimit(h, date)
		if ok != tt.ok || remaining < 0 || remaining > limit {
			t.Errorf("%+v: %d of %d, %v", tt, remaining, limit, ok)
		}
	}
}
