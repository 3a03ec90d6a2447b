package okta_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/okta"
)

// hostile are values that name another call when pasted into a path.
var hostile = []string{
	"", "me", "a/b", "a?b", "x#y", "../groups/00g1", "00uX/lifecycle/deactivate?x=", "%2f", "..%2f..", "00u0000000000000000", "00u000000000000000012",
	"00u0000000000000000/", "00u0000000000000000\n", "\x00", "ana@example.com/../me", "ana@example.com?x", `ana"@example.com`, `ana\@example.com`,
	"ana@example.com#", "ana%40example.com", "\u202eana@example.com", strings.Repeat("a", 300), strings.Repeat("a", 300) + "@example.com", "ana@example.com\r\nX: y",
}

// allowedPath is every path that may ever be asked for.
var allowedPath = regexp.MustCompile(`^/api/v1/(users|users/me|users/[^/?#]+|users/00u[A-Za-z0-9]{17}/(factors(/[A-Za-z0-9_-]{1,128})?|roles|sessions|lifecycle/reset_factors)|groups|groups/00g[A-Za-z0-9_-]+/users|logs|apps|apps/0oa[A-Za-z0-9]{17}/users|iam/assignees/users)$`)

// guarded is a transport that answers, and holds every path to those allowed.
type guarded struct {
	tb    testing.TB
	write *atomic.Int32
}

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if p := r.URL.EscapedPath(); !allowedPath.MatchString(p) || strings.Contains(strings.ToLower(p), "%2f") || path.Clean(p) != p {
		g.tb.Errorf("%s %s", r.Method, r.URL.RequestURI())
	}
	if r.Method != http.MethodGet {
		g.write.Add(1)
	}
	body := "[]"
	if bucket := strings.Split(r.URL.Path, "/"); len(bucket) == 5 && bucket[3] == "users" {
		body = "{}" // one user
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func everyCall(tb testing.TB, c *okta.Client, s string) {
	ctx := context.Background()
	for _, id := range []string{s, someone} {
		slot := func() *okta.Slot {
			slot, err := c.Take(ctx, "FR-1", okta.StepReset)
			if err != nil {
				tb.Fatal(err)
			}
			return slot
		}
		if id == s { // a factor's ID may be any word, a user's may not
			_, _ = c.ResetFactors(ctx, slot(), time.Now(), s)
			_, _ = c.ClearSessions(ctx, slot(), time.Now(), s)
			_, _ = c.Factors(ctx, s)
			_, _ = c.Roles(ctx, s)
			_, _ = c.User(ctx, s)
			for range c.GroupMembers(ctx, s) {
			}
			_, _ = c.GroupsByName(ctx, s)
		}
		_, _ = c.DeleteFactor(ctx, slot(), time.Now(), id, s, true)
	}
	_, _ = c.Resolve(ctx, []okta.Ref{{Kind: okta.ByID, Value: s}, {Kind: okta.ByLogin, Value: s}, {Kind: okta.ByEmail, Value: s}}, nil)
}

func TestUnsafe(t *testing.T) {
	var writes atomic.Int32
	c := MustClient(t, okta.Config{Transport: guarded{t, &writes}})
	for _, s := range hostile {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) { everyCall(t, c, s) })
		slot, err := c.Take(context.Background(), "FR-1", okta.StepReset)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ResetFactors(context.Background(), slot, time.Now(), s); !okta.IsKind(err, okta.KindUnsafeID) {
			t.Errorf("%q: %v", s, err)
		}
	}
	// The hostile values that are plain words can be factors: they name no other call.
	for _, s := range hostile {
		if okta.IsFactorID(s) {
			writes.Add(-1)
		}
	}
	if writes.Load() != 0 {
		t.Errorf("%d calls that change something were sent", writes.Load())
	}
	if n := c.Stats().InFlight; n != 0 {
		t.Errorf("%d slots are lost", n)
	}
}

func FuzzUnsafe(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add(someone)
	f.Add("ana@example.com")
	f.Fuzz(func(t *testing.T, s string) {
		var writes atomic.Int32
		everyCall(t, MustClient(t, okta.Config{Transport: guarded{t, &writes}}), s)
		if writes.Load() > 0 && !okta.IsUserID(s) && !okta.IsFactorID(s) {
			t.Errorf("%q was sent", s)
		}
	})
}

func TestDeleteFactor_any_id_that_stays_in_its_segment(t *testing.T) {
	for name, tc := range map[string]struct {
		id   string
		sent bool
	}{
		"twenty characters": {"ufs2bysphxKODSZKWVCT", true},
		"shorter":           {"opf3hkfocI4JTLAju", true},
		"longer":            {"ostf2gsyictRQDSGTDZE0987654321", true},
		"FAKE as recorded":  {"FAKE_FACTOR-1", true},
		"a slash":           {"ufs2bysphx/ODSZKWVCT", false},
		"a question mark":   {"ufs2bysphxKODSZKWVC?", false},
		"a climb":           {"..", false},
		"an escape":         {"ufs2bysphx%2fODSZKWV", false},
		"a line end":        {"ufs2bysphxKODSZKWVCT\n", false},
		"without end":       {strings.Repeat("u", 129), false},
	} {
		t.Run(name, func(t *testing.T) {
			var writes atomic.Int32
			c := MustClient(t, okta.Config{Transport: guarded{t, &writes}})
			slot, err := c.Take(context.Background(), "FR-1", okta.StepReset)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.DeleteFactor(context.Background(), slot, time.Now(), someone, tc.id, false)
			if got := writes.Load() == 1; got != tc.sent {
				t.Errorf("sent: %v, want %v (%v)", got, tc.sent, err)
			}
			if !tc.sent && failure(t, err).Effect != okta.EffectRejected {
				t.Errorf("not a final no: %+v", err)
			}
		})
	}
}

// oddLogins are logins that would end a term of a search, or change the path, were
// they not escaped and kept out of it.
var oddLogins = []string{
	`x" or id pr or id eq "`, `x" or status eq "ACTIVE`, `x\" or id pr or id eq \"`, `\"`, `x\`, `CORP\bob`, "jean dupont", "{{7*7}}", "${jndi:ldap://evil.example}",
	"'; DROP TABLE users; --", "../groups/00g1", "../../../etc/passwd", "00uX/lifecycle/deactivate?x=", "00u%2e%2e%2flifecycle%2fdeactivate", "a&limit=1&q=b", "a#b%23c+d e",
	`say "hi" to a/b?c=d&e@example.com`, strings.Repeat("\u540d", 100), strings.Repeat(`"`, 100),
}

// TestResolve_odd_logins inspects the calls that look odd logins up, alone and among
// many: each is one comparison with the login, whole, and is in no path.
func TestResolve_odd_logins(t *testing.T) {
	for _, others := range []int{0, 60} {
		refs := make([]okta.Ref, 0, len(oddLogins)+others)
		for _, l := range oddLogins {
			refs = append(refs, okta.Ref{Kind: okta.ByLogin, Value: l})
		}
		for i := range others {
			refs = append(refs, okta.Ref{Kind: okta.ByLogin, Value: fmt.Sprintf("user%d", i)})
		}
		seen := searches{tb: t, asked: map[string]bool{}}
		matches, err := MustClient(t, okta.Config{Transport: &seen}).Resolve(t.Context(), refs, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, ref := range refs {
			if !seen.asked[strings.ToLower(ref.Value)] || matches[i].Err != nil || len(matches[i].Users) > 0 {
				t.Errorf("%q was asked for: %v, %+v", ref.Value, seen.asked[ref.Value], matches[i])
			}
		}
		if len(seen.asked) != len(refs) {
			t.Errorf("%d logins were asked for, want %d", len(seen.asked), len(refs))
		}
	}
}

// searches is an Okta that answers every search with somebody else, and holds each to comparisons with logins.
type searches struct {
	tb    testing.TB
	mu    sync.Mutex
	asked map[string]bool
}

// loginTerm is one comparison with a login, whose value is a JSON string.
var loginTerm = regexp.MustCompile(`^profile\.login eq ("(?:[^"\\]|\\.)*")(?: or |$)`)

func (s *searches) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	search := r.URL.Query().Get("search")
	if r.URL.EscapedPath() != "/api/v1/users" || r.Method != http.MethodGet || search == "" && r.URL.RawQuery != "limit=200" {
		s.tb.Errorf("%s %s", r.Method, r.URL.RequestURI())
	}
	for search != "" {
		m := loginTerm.FindStringSubmatch(search)
		var login string
		if m == nil || json.Unmarshal([]byte(m[1]), &login) != nil {
			s.tb.Errorf("the search goes on with %q", search)
			break
		}
		s.asked[login], search = true, search[len(m[0]):]
	}
	body := `[{"id":"00u00000000000000001","status":"ACTIVE","profile":{"login":"somebody@example.com","email":"somebody@example.com"}}]`
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}
