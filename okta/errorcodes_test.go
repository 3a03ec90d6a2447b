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
