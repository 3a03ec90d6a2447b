package oktasim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"go.uber.org/goleak"

	"factorbot/okta/oktasim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// contract is Okta's own description of the API.
var contract = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/okta-openapi.json")
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // any host
	return gorillamux.NewRouter(doc)
})

// client is a caller of an org over HTTP. Every answer that it gets is held to
// the contract.
type client struct {
	tb   testing.TB
	org  *oktasim.Org
	url  string
	auth string
	http *http.Client
}

// MustServe is an org on a port of its own, and a client with its token.
func MustServe(tb testing.TB, opt oktasim.Options) *client {
	tb.Helper()
	org, err := oktasim.New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(org)
	tb.Cleanup(func() {
		server.Close()
		org.Close()
	})
	return &client{tb, org, server.URL, "SSWS sandbox-token", server.Client()}
}

// reply is an answer, read.
type reply struct {
	*http.Response
	body []byte
}

// try sends a call; a path without a host goes to the org.
func (c *client) try(method, path, body string, header ...string) (reply, error) {
	c.tb.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.url + path
	}
	r, err := http.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if err != nil {
		c.tb.Fatal(err)
	}
	if c.auth != "" {
		r.Header.Set("Authorization", c.auth)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.http.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{response, read}, err
	}
	holdToContract(c.tb, r, response, read)
	return reply{response, read}, nil
}

// do sends a call that has to be answered with this status.
func (c *client) do(status int, method, path string, header ...string) reply {
	c.tb.Helper()
	got, err := c.try(method, path, "", header...)
	if err != nil {
		c.tb.Fatalf("%s %s: %v", method, path, err)
	}
	if got.StatusCode != status {
		c.tb.Fatalf("%s %s: status %d, want %d: %s", method, path, got.StatusCode, status, got.body)
	}
	return got
}

// holdToContract checks an answer. A path or method that the contract does not
// have is none of its business, nor is an answer from before Okta (HTML).
func holdToContract(tb testing.TB, r *http.Request, response *http.Response, body []byte) {
	tb.Helper()
	router, err := contract()
	if err != nil {
		tb.Fatal(err)
	}
	if response.Header.Get("X-Okta-Request-Id") == "" || response.Header.Get("Date") == "" {
		tb.Errorf("%s %s: no request ID or date", r.Method, r.URL)
	}
	if response.StatusCode >= 400 {
		mustBeError(tb, response, body)
	}
	route, params, err := router.FindRoute(r)
	if err != nil || route.Operation.Responses.Status(response.StatusCode) == nil || response.Header.Get("Content-Type") == "text/html" {
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(strings.NewReader(withoutNulls(tb, body))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		tb.Errorf("%s %s: not as Okta describes it: %v\n%s", r.Method, r.URL, err, body)
	}
}

// withoutNulls leaves null members out of a body: recorded answers of Okta have
// nulls where its own description allows none.
func withoutNulls(tb testing.TB, body []byte) string {
	tb.Helper()
	var value any
	if len(body) == 0 || json.Unmarshal(body, &value) != nil {
		return string(body)
	}
	pruned, err := json.Marshal(prune(value))
	if err != nil {
		tb.Fatal(err)
	}
	return string(pruned)
}

func prune(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
				continue
			}
			v[name] = prune(member)
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return value
}

// mustBeError checks that an error is one of Okta's list, with its status.
func mustBeError(tb testing.TB, response *http.Response, body []byte) {
	tb.Helper()
	if response.Header.Get("Content-Type") == "text/html" || strings.HasPrefix(response.Request.URL.Path, "/oauth2/") {
		return
	}
	var e struct {
		ErrorCode, ErrorSummary, ErrorLink, ErrorID string
		ErrorCauses                                 []struct{ ErrorSummary string }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		tb.Errorf("error body %q: %v", body, err)
	}
	listed, ok := errorCodes(tb)[e.ErrorCode]
	if !ok || listed.StatusCode != response.StatusCode || !regexp.MustCompile(`^oae[A-Za-z0-9]{22}$`).MatchString(e.ErrorID) || e.ErrorLink != e.ErrorCode || e.ErrorCauses == nil {
		tb.Errorf("status %d with error %s, which Okta lists with %d", response.StatusCode, body, listed.StatusCode)
	}
}

type listedError struct {
	StatusCode              int
	ErrorCode, ErrorSummary string
}

func errorCodes(tb testing.TB) map[string]listedError {
	tb.Helper()
	raw, err := os.ReadFile("testdata/okta-error-codes.json")
	if err != nil {
		tb.Fatal(err)
	}
	var list struct{ Errors []listedError }
	if err := json.Unmarshal(raw, &list); err != nil {
		tb.Fatal(err)
	}
	codes := map[string]listedError{}
	for _, e := range list.Errors {
		codes[e.ErrorCode] = e
	}
	return codes
}

// list reads an answer that is an array.
func (r reply) list(tb testing.TB) []map[string]any {
	tb.Helper()
	var list []map[string]any
	if err := json.Unmarshal(r.body, &list); err != nil {
		tb.Fatalf("%v: %s", err, r.body)
	}
	return list
}

// object reads an answer that is an object.
func (r reply) object(tb testing.TB) map[string]any {
	tb.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.body, &object); err != nil {
		tb.Fatalf("%v: %s", err, r.body)
	}
	return object
}

// next is the URL of the next page; "": there is none.
func (r reply) next() string {
	for _, link := range r.Header.Values("Link") {
		if url, isNext := strings.CutSuffix(link, `>; rel="next"`); isNext {
			return strings.TrimPrefix(url, "<")
		}
	}
	return ""
}

// code is the E-code of an error.
func (r reply) code(tb testing.TB) string {
	tb.Helper()
	code, _ := r.object(tb)["errorCode"].(string)
	return code
}

// all follows the pages of a list, up to an empty one, and returns one field
// of each thing. (A polling query of the log has a next page always.)
func (c *client) all(path, field string) []string {
	c.tb.Helper()
	var all []string
	for path != "" {
		page := c.do(http.StatusOK, "GET", path)
		things := page.list(c.tb)
		for _, thing := range things {
			all = append(all, thing[field].(string))
		}
		if path = page.next(); len(things) == 0 {
			break
		}
	}
	return all
}

// query is a path with one parameter, escaped.
func query(path, name, value string) string {
	return path + "?" + name + "=" + url.QueryEscape(value)
}

// MustSet changes settings, given as JSON.
func MustSet(tb testing.TB, org *oktasim.Org, settings string) {
	tb.Helper()
	var change map[string]json.RawMessage
	if err := json.Unmarshal([]byte(settings), &change); err != nil {
		tb.Fatal(err)
	}
	unknown, err := org.Set(change)
	if err != nil || len(unknown) > 0 {
		tb.Fatalf("set %s: %v, unknown %v", settings, err, unknown)
	}
}

// ana is somebody with a factor of each family.
func ana() oktasim.User {
	return oktasim.User{Login: "ana@example.com", FirstName: "Ana", LastName: "Silva", Department: "Sales", Groups: []string{"Sales"},
		Factors: []oktasim.Factor{{Type: "push"}, {Type: "signed_nonce"}, {Type: "token:software:totp"}, {Type: "sms"}, {Type: "call"},
			{Type: "email"}, {Type: "question"}, {Type: "webauthn"}, {Type: "token:hardware"}, {Type: "token:hotp"}, {Type: "token"}, {Type: "u2f"}, {Type: "web"},
			{Type: "token:software:totp", Provider: "GOOGLE"}, {Type: "token:software:totp", Provider: "GOOGLE", Status: "PENDING_ACTIVATION"}}}
}

// kinds are the types of a person's factors.
func kinds(tb testing.TB, org *oktasim.Org, login string) []string {
	tb.Helper()
	u, ok := org.User(login)
	if !ok {
		tb.Fatalf("no user %s", login)
	}
	kinds := []string{}
	for _, f := range u.Factors {
		kinds = append(kinds, f.Type)
	}
	return kinds
}

func raw(tb testing.TB, object string) map[string]json.RawMessage {
	tb.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		tb.Fatal(err)
	}
	return members
}

func marshal(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// bare sends a call without looking at the answer, for benchmarks.
func (c *client) bare(method, path string) {
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, nil)
	if err != nil {
		c.tb.Fatal(err)
	}
	r.Header.Set("Authorization", c.auth)
	response, err := c.http.Transport.RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusOK {
		c.tb.Fatalf("%v %v", response, err)
	}
}
