package okta

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"
)

// TestVerdict_codes holds the table to every code that Okta lists.
func TestVerdict_codes(t *testing.T) {
	raw, err := os.ReadFile("testdata/okta-error-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Errors []struct {
			StatusCode int    `json:"statusCode"`
			ErrorCode  string `json:"errorCode"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list.Errors) < 200 {
		t.Fatal(len(list.Errors), err)
	}
	listed := map[string]bool{}
	for _, e := range list.Errors {
		listed[e.ErrorCode] = true
		if e.StatusCode < 400 {
			continue // no failure
		}
		v := verdictFor(e.StatusCode, e.ErrorCode)
		want := EffectRejected
		switch {
		case e.StatusCode >= 500:
			want = EffectDoubt
		case e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusTooManyRequests:
			want = EffectRefused
		}
		if e.ErrorCode == "E0000015" {
			want = EffectRejected // not allowed, which no other token changes
		}
		auth := v.kind == KindAuth && v.effect == EffectRefused // whatever status it comes with
		if v.effect != want && !auth || v.kind == "" || !strings.HasSuffix(v.advice, ".") {
			t.Errorf("%d %s: %+v", e.StatusCode, e.ErrorCode, v)
		}
	}
	for code := range byCode {
		if strings.HasPrefix(code, "E") && !listed[code] {
			t.Errorf("%s is none of Okta's codes", code)
		}
	}
}

// TestVerdict_unlisted: what the table does not know is still judged safely.
func TestVerdict_unlisted(t *testing.T) {
	tests := map[int]Effect{100: EffectRejected, 200: EffectDoubt, 307: EffectRejected, 408: EffectDoubt, 418: EffectRejected, 500: EffectDoubt, 599: EffectDoubt}
	for status, want := range tests {
		if v := verdictFor(status, "E9999999"); v.effect != want || v.advice == "" {
			t.Errorf("%d: %+v", status, v)
		}
	}
}

func TestError(t *testing.T) {
	e := answered("reset factors", answer{status: 403, requestID: "req-1"}, &sdk.Error{ErrorCode: "E0000006", ErrorSummary: "You do not have permission",
		ErrorCauses: []map[string]any{{"errorSummary": "a cause"}, {"other": 1}}})
	if got := e.Error(); got != "reset factors: 403 E0000006 You do not have permission (a cause)" {
		t.Error(got)
	}
	if e.Kind != KindForbidden || !e.Answered || errors.Unwrap(e) != nil {
		t.Errorf("%+v", e)
	}
	long := answered("x", answer{status: 400}, &sdk.Error{ErrorCode: "E0000001", ErrorSummary: strings.Repeat("ä", 900)})
	if n := len([]rune(long.Summary)); n != 500 || !strings.HasSuffix(long.Summary, "…") {
		t.Errorf("%d runes", n)
	}
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, errors.New("Get https://x/?search=secret")} {
		lost := lost("x", EffectDoubt, KindNetwork, networkWords(cause), cause)
		if errors.Is(lost, io.EOF) || strings.Contains(lost.Error(), "secret") {
			t.Errorf("%v", lost)
		}
	}
	if err := lost("x", EffectDoubt, KindNetwork, "", context.Canceled); !errors.Is(err, context.Canceled) || err.Kind != KindCanceled {
		t.Errorf("%+v", err)
	}
}

func FuzzNextPage(f *testing.F) {
	for _, link := range []string{
		`<https://example.okta.com/api/v1/users?after=x&limit=200>; rel="next"`, `<https://a/api/v1/users>; rel="self", <https://a/api/v1/users?after=y>; rel="next"`,
		`<https://evil/steal>; rel="next"`, `<:%zz>; rel=next`, `</api/v1/../../oauth2>; rel="next"`, `<https://a/api/v1/users%2f..>; rel="next"`, `;`, `<`, ``,
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		p := nextPage([]string{link})
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
		if got := nextPage([]string{link}); got != want {
			t.Errorf("%s: %q", link, got)
		}
	}
}

func TestRateHeaders(t *testing.T) {
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
		limit, remaining, _, ok := rateHeaders(h, date)
		if ok != tt.ok || remaining < 0 || remaining > limit {
			t.Errorf("%+v: %d of %d, %v", tt, remaining, limit, ok)
		}
	}
}

func TestBucketOf(t *testing.T) {
	tests := map[string]string{
		"GET /api/v1/users?search=x":                      UsersBucket,
		"GET /api/v1/users/me":                            meBucket,
		"GET /api/v1/users/ana@example.com":               userBucket,
		"GET /api/v1/users/00u1/factors":                  UsersBucket,
		"POST /api/v1/users/00u1/lifecycle/reset_factors": UsersBucket,
		"DELETE /api/v1/users/00u1/factors/f1?x=y":        UsersBucket,
		"DELETE /api/v1/users/00u1/sessions":              UsersBucket,
		"GET /api/v1/users/00u1/roles":                    UsersBucket,
		"GET /api/v1/groups?search=x":                     groupsBucket,
		"GET /api/v1/groups/00g1/users":                   groupsBucket,
		"GET /api/v1/groups/00g1":                         groupsBucket + "/{id}",
		"GET /api/v1/apps/0oa1/users":                     "/api/v1/apps",
		"GET /api/v1/iam/assignees/users":                 "/api/v1/iam",
		"GET /api/v1/logs?since=x":                        "/api/v1/logs",
		"GET /api/v1/meta/schemas/user/default":           "/api/v1",
		"POST /oauth2/v1/token":                           tokenBucket,
	}
	for call, want := range tests {
		method, path, _ := strings.Cut(call, " ")
		if got := endpointOf(method, path).bucket; got != want {
			t.Errorf("%s: %s", call, got)
		}
	}
}

func FuzzSearchable(f *testing.F) {
	for _, s := range []string{"ana@example.com", `x" or status eq "ACTIVE`, `a\`, "a\x00b", "\u202e", "", "'; drop"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if searchable(s) && (strings.ContainsAny(s, "\"\\\r\n\x00") || len(s) > maxLogin) {
			t.Errorf("%q may not stand between quotes", s)
		}
		if segment, ok := loginPath(s); ok && (strings.ContainsAny(segment, "/?#\\ \r\n") || strings.Contains(strings.ToLower(segment), "%2f")) {
			t.Errorf("%q becomes %q", s, segment)
		}
	})
}
