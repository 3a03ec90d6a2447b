package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/okta/oktasim"
)

// meterOrder is what a meter stands before.
type meterOrder struct{ URL, Token string }

// meter stands before a fake Okta that keeps no books for us, and keeps some:
// what was asked and answered. What took effect it cannot see.
type meter struct {
	meterOrder
	mu      sync.Mutex
	report  benchReport
	windows map[string]*oktasim.Window // by X-Rate-Limit-Reset
}

func benchMeter(ctx context.Context, args []string, env cli.Env) error {
	m := &meter{report: benchReport{Calls: map[string]int{}, Users: map[string]benchEffects{}}, windows: map[string]*oktasim.Window{}}
	if err := partOrder(args, &m.meterOrder); err != nil {
		return err
	}
	target, err := url.Parse(m.URL)
	if err != nil {
		return fmt.Errorf("the fake Okta: %w", err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error { m.note(r); return nil },
		Transport:      &http.Transport{MaxIdleConnsPerHost: 100},
		// A connection that the fake drops is dropped here too.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return servePart(ctx, env, func(*app.Lifecycle, string) (http.Handler, error) { return benchHandler(proxy, m), nil })
}

var resetPath = regexp.MustCompile(`^/api/v1/users/([^/]+)/lifecycle/reset_factors$`)

// note books one answer.
func (m *meter) note(r *http.Response) {
	now, path := time.Now(), r.Request.URL.Path
	m.mu.Lock()
	defer m.mu.Unlock()
	bucket := bucketOf(r.Request.Method, path)
	var window *oktasim.Window
	if reset := r.Header.Get("X-Rate-Limit-Reset"); bucket == usersBucket && reset != "" {
		if window = m.windows[reset]; window == nil {
			unix, _ := strconv.ParseInt(reset, 10, 64)
			window = &oktasim.Window{Start: now, End: time.Unix(unix, 0)}
			m.windows[reset] = window
		}
	}
	if r.StatusCode == http.StatusTooManyRequests {
		m.report.Throttled++
		if window != nil {
			window.Throttled++
		}
		return
	}
	m.report.Calls[bucket]++
	if window != nil {
		window.Calls++
	}
	if id := resetPath.FindStringSubmatch(path); id != nil && r.StatusCode < 300 {
		e := m.report.Users[id[1]]
		if e.Times == 0 {
			e.First = now
		}
		e.Times, e.Last = e.Times+1, now
		m.report.Users[id[1]] = e
		m.report.Resets++
	}
}

// bucketOf is the rate limit of a call, as far as it matters here.
func bucketOf(method, path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v1/"), "/")
	if parts[0] == "users" && len(parts) == 2 && method == http.MethodGet {
		return usersBucket + "/{id}"
	}
	return "/api/v1/" + parts[0]
}

// Progress tells what was answered so far.
func (m *meter) Progress() benchProgress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.report.benchProgress
}

// Report tells all of it.
func (m *meter) Report() benchReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	report := m.report
	report.Calls, report.Users, report.Windows = maps.Clone(report.Calls), maps.Clone(report.Users), nil
	for _, w := range m.windows {
		report.Windows = append(report.Windows, *w)
	}
	slices.SortFunc(report.Windows, func(a, b oktasim.Window) int { return a.End.Compare(b.End) })
	return report
}

// Roster lists the users of the fake, past the meter.
func (m *meter) Roster(ctx context.Context) ([]benchUser, error) {
	var users []benchUser
	for next := m.URL + "/api/v1/users?limit=200"; next != ""; {
		page, link, err := m.page(ctx, next)
		if err != nil {
			return nil, fmt.Errorf("list the users of the fake Okta: %w", err)
		}
		users = append(users, page...)
		next = link
	}
	return users, nil
}

var nextLink = regexp.MustCompile(`<([^>]*)>; *rel="next"`)

// page reads one page of users and the address of the next.
func (m *meter) page(ctx context.Context, at string) (users []benchUser, next string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Authorization", "SSWS "+m.Token)
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("it answers %s", resp.Status)
	}
	var page []struct {
		benchUser
		Profile struct{ Login string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return nil, "", err
	}
	for _, u := range page {
		if u.Status == "ACTIVE" {
			users = append(users, benchUser{u.ID, u.Profile.Login, u.Status})
		}
	}
	if found := nextLink.FindStringSubmatch(strings.Join(resp.Header["Link"], ", ")); found != nil {
		if u, err := url.Parse(found[1]); err == nil { // never to another host: the token goes along
			next = m.URL + u.RequestURI()
		}
	}
	return users, next, nil
}
