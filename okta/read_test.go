package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestReads(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{Users: 450, AllActive: true, Given: []oktasim.User{
		{Login: "ana@example.com", FirstName: "Ana", Department: "Sales", Groups: []string{"Contractors"},
			Factors: []oktasim.Factor{{Type: "sms"}, {Type: "push"}}},
		{Login: "sue@example.com", Roles: []string{"SUPER_ADMIN"}},
		{Login: "via@example.com", Groups: []string{"Helpers"}},
	}, GroupRoles: map[string]string{"Helpers": "HELP_DESK_ADMIN"}})

	ana, err := c.User(ctx, "ANA@example.com")
	if err != nil || ana.FirstName != "Ana" || ana.Department != "Sales" || ana.Status != "ACTIVE" || ana.Created.IsZero() {
		t.Errorf("%+v, %v", ana, err)
	}
	if same, err := c.User(ctx, ana.ID); err != nil || same != ana {
		t.Errorf("by ID: %+v, %v", same, err)
	}
	factors, err := c.Factors(ctx, ana.ID)
	if err != nil || len(factors) != 2 || factors[0].Created.IsZero() {
		t.Errorf("%+v, %v", factors, err)
	}
	admins, err := c.Admins(ctx)
	sue, _ := org.User("sue@example.com")
	via, _ := org.User("via@example.com")
	if err != nil || !admins[sue.ID] || !admins[via.ID] || admins[ana.ID] {
		t.Errorf("%v, %v", admins, err)
	}
	roles, err := c.Roles(ctx, sue.ID)
	if err != nil || !slices.Equal(roles, []string{"SUPER_ADMIN"}) {
		t.Errorf("%v, %v", roles, err)
	}
	if me, err := c.Me(ctx); err != nil || !okta.IsUserID(me.ID) {
		t.Errorf("%+v, %v", me, err)
	}
	groups, err := c.GroupsByName(ctx, "contractors")
	if err != nil || len(groups) != 1 || groups[0].Name != "Contractors" {
		t.Fatalf("%+v, %v", groups, err)
	}
	if got := collect(t, c.GroupMembers(ctx, groups[0].ID)); len(got) != 1 || got[0].ID != ana.ID {
		t.Errorf("%+v", got)
	}
	if got := collect(t, c.Search(ctx, `status eq "ACTIVE"`)); len(got) < 450 {
		t.Errorf("%d users over all pages", len(got))
	}
}

func collect(tb testing.TB, users func(func(okta.User, error) bool)) []okta.User {
	tb.Helper()
	var all []okta.User
	users(func(u okta.User, err error) bool {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, u)
		return true
	})
	return all
}

func TestSearch_wrong(t *testing.T) {
	_, c := MustServe(t, oktasim.Options{Users: 5})
	for _, err := range c.Search(context.Background(), `status is ACTIVE`) {
		e := failure(t, err)
		if e.Kind != okta.KindExpression || e.Code != "E0000031" || e.Summary == "" || !strings.Contains(e.Advice, "search") {
			t.Errorf("%+v", e)
		}
		return
	}
	t.Error("a wrong expression was taken")
}

// TestAdmins_unread: half a list protects nobody.
func TestAdmins_unread(t *testing.T) {
	for _, path := range []string{"/api/v1/iam/assignees/users", "/api/v1/apps", "/users"} {
		t.Run(path, func(t *testing.T) {
			c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch {
				case r.URL.Path == path || (path == "/users" && strings.HasPrefix(r.URL.Path, "/api/v1/apps/")):
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write([]byte(`{"errorCode":"E0000006","errorSummary":"no"}`))
				case r.URL.Path == "/api/v1/apps":
					_, _ = w.Write([]byte(`[{"id":"0oa00000000000000001","name":"saasure"}]`))
				case strings.HasPrefix(r.URL.Path, "/api/v1/apps/"):
					_, _ = w.Write([]byte(`[]`))
				default:
					_, _ = w.Write([]byte(`{"value":[{"id":"00u00000000000000001"}]}`))
				}
			})
			admins, err := c.Admins(context.Background())
			if admins != nil || !okta.IsKind(err, okta.KindForbidden) {
				t.Errorf("%v, %v", admins, err)
			}
		})
	}
}

// TestAdmins_pages: the next page stands in the body, or in a Link header, or leads astray.
func TestAdmins_pages(t *testing.T) {
	for _, where := range []string{"body", "header", "both", "astray"} {
		t.Run(where, func(t *testing.T) {
			c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				next := "https://" + r.Host + "/api/v1/iam/assignees/users?after=x"
				if where == "astray" {
					next = "https://evil.example.com/steal"
				}
				switch {
				case r.URL.Path == "/api/v1/apps":
					_, _ = w.Write([]byte(`[{"id":"0oa00000000000000001","name":"saasure"}]`))
				case strings.HasPrefix(r.URL.Path, "/api/v1/apps/"):
					_, _ = w.Write([]byte(`[{"id":"00u00000000000000003"}]`))
				case r.URL.Query().Get("after") != "":
					_, _ = w.Write([]byte(`{"value":[{"id":"00u00000000000000002"}],"_links":{}}`))
				case where == "header":
					w.Header().Set("Link", "<"+next+`>; rel="next"`)
					_, _ = w.Write([]byte(`{"value":[{"id":"00u00000000000000001"}]}`))
				default:
					if where == "both" {
						w.Header().Set("Link", "<"+next+`>; rel="next"`)
					}
					_, _ = fmt.Fprintf(w, `{"value":[{"id":"00u00000000000000001"}],"_links":{"next":{"href":%q}}}`, next)
				}
			})
			admins, err := c.Admins(context.Background())
			if where == "astray" {
				if err == nil {
					t.Errorf("followed %v", admins)
				}
				return
			}
			if err != nil || len(admins) != 3 {
				t.Errorf("%v, %v", admins, err)
			}
		})
	}
}

// TestFactors_secret: a TOTP that is being activated carries its secret in the list.
func TestFactors_secret(t *testing.T) {
	const canary = "CANARYSHAREDSECRET"
	c := MustHandle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"id":"ost00000000000000001","factorType":"token:software:totp","provider":"GOOGLE","status":"PENDING_ACTIVATION",
			"created":"2026-01-02T03:04:05.000Z","_embedded":{"activation":{"sharedSecret":"` + canary + `"}}}]`))
	})
	factors, err := c.Factors(context.Background(), "00u00000000000000001")
	if err != nil || len(factors) != 1 || factors[0].Type != "token:software:totp" {
		t.Fatalf("%+v, %v", factors, err)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", factors, factors), canary) {
		t.Error("the secret was kept")
	}
}

// TestEvents reads a log that lags, comes out of order, and has others' calls.
func TestEvents(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		org, c := MustOrg(t, oktasim.Options{Users: 40, AllActive: true, LogLag: 5 * time.Second}, okta.Config{SDK: sdk})
		other := MustClient(t, okta.Config{SDK: sdk, Transport: org.Transport(), Marker: marker + "-of-others"})
		me, err := c.Me(ctx)
		if err != nil {
			t.Fatal(err)
		}
		events := c.Events(time.Now().Add(-time.Minute), "user.mfa.factor.reset_all", "user.mfa.factor.deactivate")
		people := org.Users()[:40]
		for i, u := range people {
			by := c
			if i%4 == 3 {
				by = other
			}
			if _, err := reset(ctx, by, "FR-1", u.ID); err != nil {
				t.Fatal(err)
			}
		}
		ours, times := map[string]int{}, 0
		for range 20 {
			page, err := events.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				times++
				if c.Ours(me, e) && e.Outcome == "SUCCESS" {
					for _, id := range e.Targets {
						ours[id]++
					}
				}
			}
			<-time.After(time.Second)
		}
		if len(ours) != 30 || times != 40 {
			t.Errorf("%d of 30 resets are ours, %d of 40 events", len(ours), times)
		}
		for id, n := range ours {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if page, err := events.Next(ctx); err != nil || len(page) != 0 {
			t.Errorf("at the end: %v, %v", page, err)
		}
		all, err := c.EventsBetween(ctx, time.Now().Add(-time.Hour), time.Time{}, "user.mfa.factor.reset_all")
		if err != nil || len(all) != 40 {
			t.Errorf("%d events in one go, %v", len(all), err)
		}
	})
}

func TestOurs(t *testing.T) {
	c := MustClient(t, okta.Config{})
	me := okta.User{ID: "00u00000000000000001"}
	agent := "okta-sdk-golang/2.17.0 golang/go1 linux/amd64 factorbot/dev (" + marker + ")"
	tests := map[string]struct {
		me   okta.User
		e    okta.Event
		want bool
	}{
		"ours":          {me, okta.Event{ActorID: me.ID, UserAgent: agent}, true},
		"other actor":   {me, okta.Event{ActorID: "00u00000000000000002", UserAgent: agent}, false},
		"longer marker": {me, okta.Event{ActorID: me.ID, UserAgent: strings.Replace(agent, marker, marker+"2", 1)}, false},
		"no marker":     {me, okta.Event{ActorID: me.ID, UserAgent: "Mozilla/5.0"}, false},
		"nobody":        {okta.User{}, okta.Event{UserAgent: agent}, false},
	}
	for name, tt := range tests {
		if got := c.Ours(tt.me, tt.e); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
