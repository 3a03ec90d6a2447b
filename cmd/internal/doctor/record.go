package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// recorder writes down what Slack and Okta answer, with everything personal taken out:
// one JSON file for each call. Nothing is kept by default. Of an answer stay its shape
// (keys, types, null), the values of a few keys whose values are words of the API, and
// the headers about limits; of the request its method, the kind of path and the names
// of its parameters.
type recorder struct {
	dir  string
	base *http.Transport

	mu  sync.Mutex
	n   int
	err error
}

// newRecorder writes into a directory that is made, or is empty.
func newRecorder(dir string, base *http.Transport) (*recorder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	there, err := os.ReadDir(dir)
	if err == nil && len(there) > 0 {
		err = errors.New("the folder is not empty")
	}
	if err != nil {
		return nil, fmt.Errorf("record into %s: %w", dir, err)
	}
	return &recorder{dir: dir, base: base}, nil
}

// recorded is one call as it is written down.
type recorded struct {
	Service    string            `json:"service"` // "slack", "okta"
	Method     string            `json:"method"`
	Path       string            `json:"path"` // "/api/v1/users/{id}/factors"
	Parameters []string          `json:"parameters,omitempty"`
	Status     int               `json:"status"`
	Headers    map[string]string `json:"headers"` // "" where the value is left out
	Body       any               `json:"body"`    // "(not JSON)" where it is not
}

// maxRecorded bounds what is read of an answer to write it down.
const maxRecorded = 1 << 20

// RoundTrip sends a call and writes down what was answered.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.base.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRecorded)) // who reads the rest meets the error again
	resp.Body = &readAhead{Reader: io.MultiReader(bytes.NewReader(body), resp.Body), Closer: resp.Body}
	r.write(recordOf(req, resp, body))
	return resp, nil
}

// readAhead is a body of which the beginning has been read.
type readAhead struct {
	io.Reader
	io.Closer
}

func (r *recorder) write(rec recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	text, err := json.MarshalIndent(rec, "", "  ")
	if err == nil {
		name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(rec.Path), "-")
		err = os.WriteFile(filepath.Join(r.dir, fmt.Sprintf("%03d-%s%s.json", r.n, rec.Service, name)), append(text, '\n'), 0o600)
	}
	r.err = errors.Join(r.err, err)
}

// done returns how many calls were written down, and what went wrong.
func (r *recorder) done() (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.base.CloseIdleConnections()
	return r.n, r.err
}

func recordOf(req *http.Request, resp *http.Response, body []byte) recorded {
	rec := recorded{Service: "okta", Method: req.Method, Path: kindOfPath(req.URL.Path), Status: resp.StatusCode, Headers: map[string]string{}}
	if !strings.Contains(req.URL.Path, "/v1/") {
		rec.Service = "slack"
	}
	for name := range req.URL.Query() {
		rec.Parameters = append(rec.Parameters, kindOfKey(name))
	}
	slices.Sort(rec.Parameters)
	for name, values := range resp.Header {
		rec.Headers[name] = ""
		if slices.Contains([]string{"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Retry-After", "Content-Type", "Date"}, name) {
			rec.Headers[name] = strings.Join(values, ", ")
		}
		if name == "Link" {
			rec.Headers[name] = linkRelations(values)
		}
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		rec.Body = "(not JSON)"
		return rec
	}
	rec.Body = redact("", v)
	return rec
}

// linkRelations are the relations of Link headers, without their addresses.
func linkRelations(values []string) string {
	found := regexp.MustCompile(`rel="([a-z]{1,20})"`).FindAllStringSubmatch(strings.Join(values, ","), -1)
	var all []string
	for _, m := range found {
		all = append(all, m[1])
	}
	return strings.Join(all, " ")
}

// fixedSegments are the words of the paths that are called; every other one may name somebody.
const fixedSegments = "api v1 users groups apps logs iam assignees roles factors me org meta schemas user default oauth2 token sessions lifecycle"

func kindOfPath(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		switch {
		case s == "" || slices.Contains(strings.Fields(fixedSegments), s):
		case regexp.MustCompile(`^[a-z]+(\.[a-zA-Z]+){1,3}$`).MatchString(s) && i > 0 && segments[i-1] == "api": // users.info
		default:
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

// kindOfKey is a key, if it is a word as APIs have them; IDs and addresses are keys too.
func kindOfKey(key string) string {
	if regexp.MustCompile(`^_?[a-z][A-Za-z_]{0,40}$`).MatchString(key) {
		return key
	}
	return "(key)"
}

// telling are the keys whose values are words of the API and name nobody.
const telling = "ok error status factorType provider vendorName errorCode type eventType outcome result severity needed provided statusText " +
	"authenticatorType credentialType transitioningToStatus assignmentType objectClass token_type signOnMode"

// redact takes what is personal out of a value under a key. Of texts stays their kind
// and length, of numbers that they are numbers.
func redact(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			name := kindOfKey(k)
			for n := 2; out[name] != nil; n++ {
				name = fmt.Sprintf("(key %d)", n)
			}
			out[name] = redact(k, v[k])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = redact(key, e)
		}
		return out
	case string:
		if slices.Contains(strings.Fields(telling), key) && regexp.MustCompile(`^[A-Za-z][A-Za-z_.:]{0,60}$`).MatchString(v) {
			return v
		}
		return kindOfText(v)
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return json.Number("0.5")
		}
		return json.Number("0")
	default: // true, false, null
		return v
	}
}

// kindOfText tells what a text is, and its length, but for nothing of what it says.
func kindOfText(s string) string {
	kind := "text"
	switch {
	case s == "":
		return ""
	case regexp.MustCompile(`^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$`).MatchString(s):
		return regexp.MustCompile(`\d`).ReplaceAllString(s, "0") // its form alone
	case regexp.MustCompile(`^00[a-z][A-Za-z0-9]{17}$`).MatchString(s):
		kind = "id " + s[:3]
	case regexp.MustCompile(`^[A-Z][A-Z0-9]{7,12}$`).MatchString(s):
		kind = "id " + s[:1]
	case regexp.MustCompile(`^[^@\s]+@[^@\s]+$`).MatchString(s):
		kind = "address"
	default:
		if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "wss") {
			kind = u.Scheme + " URL"
		}
	}
	return fmt.Sprintf("(%s, %d)", kind, len(s))
}
