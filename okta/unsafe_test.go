package okta_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
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
var allowedPath = regexp.MustCompile(`^/api/v1/(users|users/me|users/[^/?#]+|users/00u[A-Za-z0-9]{17}/(factors(/[A-Za-z0-9_-]{20})?|roles|sessions|lifecycle/reset_factors)|groups|groups/00g[A-Za-z0-9]{17}/users|logs|apps|apps/0oa[A-Za-z0-9]{17}/users|iam/assignees/users)$`)

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
			slot, err := c.Take(ctx, "FR-1")
			if err != nil {
				tb.Fatal(err)
			}
			return slot
		}
		if id == s {
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
		slot, err := c.Take(context.Background(), "FR-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ResetFactors(context.Background(), slot, time.Now(), s); !okta.IsKind(err, okta.KindUnsafeID) {
			t.Errorf("%q: %v", s, err)
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
