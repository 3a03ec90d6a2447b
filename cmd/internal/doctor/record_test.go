package doctor

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Nothing of a value, an address or a key that could name somebody is written down,
// wherever it stands; the shape is.
func TestRecorder_keepsNothingPersonal(t *testing.T) {
	const canary = "Canary7f3a"
	body := `{"ok": true, "error": "` + canary + ` said no", "type": "` + canary + `@example.com", "status": "ACTIVE",
		"id": "00u` + canary + `Abcdefg", "` + canary + `": 1, "` + canary + `@example.com": {"a": null}, "profile": {"login": "` + canary + `@example.com",
		"phone": 49170123456, "lat": 48.137, "vendorName": "OKTA"}, "list": ["` + canary + `", 7, false], "seen": "2026-11-29T18:54:49.000Z",
		"_links": {"self": {"href": "https://` + canary + `.okta.com/x"}}, "url": "wss://slack.com/?ticket=` + canary + `"}`
	resp := &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{
		"X-Rate-Limit-Limit": {"600"}, "X-Okta-Request-Id": {canary}, "Set-Cookie": {"sid=" + canary},
		"Link": {`<https://` + canary + `.okta.com/api/v1/users?after=` + canary + `>; rel="next"`},
	}}
	req, err := http.NewRequest(http.MethodGet, "https://"+canary+".okta.com/api/v1/users/"+canary+"/factors?q="+canary+"&"+canary+"=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+canary)
	rec := recordOf(req, resp, []byte(body))
	written, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{canary, "49170123456", "48.137", "2026"} {
		if strings.Contains(string(written), personal) {
			t.Errorf("it holds %s:\n%s", personal, written)
		}
	}
	for _, kept := range []string{
		`"path":"/api/v1/users/{id}/factors"`, `"X-Rate-Limit-Limit":"600"`, `"X-Okta-Request-Id":""`, `"Link":"next"`, `"ok":true`, `"status":"ACTIVE"`,
		`"a":null`, `"vendorName":"OKTA"`, `"phone":0`, `"seen":"0000-00-00T00:00:00.000Z"`, `"id":"(id 00u, 20)"`, `"parameters":["(key)","q"]`,
	} {
		if !strings.Contains(string(written), kept) {
			t.Errorf("it does not hold %s:\n%s", kept, written)
		}
	}
	if rec := recordOf(req, resp, []byte("<html>"+canary)); rec.Body != "(not JSON)" {
		t.Errorf("of a page: %v", rec.Body)
	}
}
