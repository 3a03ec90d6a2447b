package okta_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/okta"
)

// canned answers every call with one status and body.
func canned(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "SSWS") && status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "none")
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// What an error answer means, by bodies as they were recorded.
func TestError_recorded_meanings(t *testing.T) {
	code := func(code, cause string) string {
		return `{"errorCode":"` + code + `","errorSummary":"x","errorLink":"` + code + `","errorId":"oae","errorCauses":[` + cause + `]}`
	}
	tests := map[string]struct {
		status int
		body   string
		kind   okta.Kind
		effect okta.Effect
	}{
		"the token is dead":                    {401, code("E0000011", ""), okta.KindAuth, okta.EffectRefused},
		"a feature that is not allowed":        {401, code("E0000015", ""), okta.KindForbidden, okta.EffectRejected},
		"the same with 403":                    {403, code("E0000015", ""), okta.KindForbidden, okta.EffectRejected},
		"the role does not reach the user":     {403, code("E0000006", ""), okta.KindForbidden, okta.EffectRejected},
		"the user is gone":                     {404, code("E0000007", ""), okta.KindNotFound, okta.EffectRejected},
		"an edge does not know the path":       {404, `{"status":404,"message":"Resource not found"}`, okta.KindServer, okta.EffectDoubt},
		"a gateway's page":                     {404, `<html>no such host</html>`, okta.KindServer, okta.EffectDoubt},
		"a gateway's word":                     {404, `{"error":"no route"}`, okta.KindServer, okta.EffectDoubt},
		"a 404 without a body":                 {404, ``, okta.KindServer, okta.EffectDoubt},
		"a proxy's block page":                 {403, `<html>blocked</html>`, okta.KindServer, okta.EffectDoubt},
		"a stale cursor of applications":       {400, code("E0000029", `{"errorSummary":"Invalid cursor."}`), okta.KindCursor, okta.EffectRefused},
		"a stale cursor of a search":           {400, code("E0000031", `{"errorSummary":"Invalid cursor."}`), okta.KindCursor, okta.EffectRefused},
		"a search that Okta does not take":     {400, code("E0000031", `{"errorSummary":"Invalid operator."}`), okta.KindExpression, okta.EffectRejected},
		"a paging request that is wrong":       {400, code("E0000029", `{"errorSummary":"limit"}`), okta.KindInvalid, okta.EffectRejected},
		"not in this status":                   {403, code("E0000038", ""), okta.KindStatus, okta.EffectRejected},
		"another change of the user goes on":   {423, code("E0000155", ""), okta.KindStatus, okta.EffectRejected},
		"a fault of Okta's with any code":      {500, code("E0000015", ""), okta.KindServer, okta.EffectDoubt},
		"a 401 that says nothing":              {401, ``, okta.KindAuth, okta.EffectRefused},
		"a method that is not offered":         {405, code("E0000022", ""), okta.KindInvalid, okta.EffectRejected},
		"an error of the user store's account": {403, code("E0000032", ""), okta.KindForbidden, okta.EffectRejected},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := MustHandle(t, canned(tt.status, "application/json", tt.body))
			_, err := reset(context.Background(), c, "FR-1", someone)
			e := failure(t, err)
			if e.Kind != tt.kind || e.Effect != tt.effect || !strings.HasSuffix(e.Advice, ".") {
				t.Errorf("%s %s: %+v", e.Kind, e.Effect, e)
			}
		})
	}
}

// listing serves users in pages by a numbered cursor. The cursor goes stale a number of times.
type listing struct {
	users  []string
	size   int // of a page
	stale  int
	code   string
	starts int
}

func (l *listing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	at := 0
	if after := r.URL.Query().Get("after"); after == "" {
		l.starts++
	} else if l.stale > 0 {
		l.stale--
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errorCode":"`+l.code+`","errorSummary":"Invalid","errorCauses":[{"errorSummary":"Invalid cursor."}]}`)
		return
	} else {
		_, _ = fmt.Sscan(after, &at)
	}
	end := min(at+l.size, len(l.users))
	if end < len(l.users) {
		next := *r.URL
		q := next.Query()
		q.Set("after", fmt.Sprint(end))
		next.RawQuery = q.Encode()
		w.Header().Add("Link", "<http://"+r.Host+next.String()+`>; rel="next"`)
	}
	var rows []string
	for _, id := range l.users[at:end] {
		rows = append(rows, `{"id":"`+id+`","uuid":"`+id+`","status":"ACTIVE","profile":{"login":"`+id+`@example.com","name":"Sales"},"published":"2026-11-23T10:00:00.000Z"}`)
	}
	_, _ = io.WriteString(w, "["+strings.Join(rows, ",")+"]")
}

// A list whose cursor goes stale starts again, shows nobody twice and leaves nobody out.
func TestList_restarts_at_a_stale_cursor(t *testing.T) {
	ids := make([]string, 7)
	for i := range ids {
		ids[i] = fmt.Sprintf("00u%017d", i)
	}
	lists := map[string]func(c *okta.Client) ([]string, error){
		"search": func(c *okta.Client) (got []string, err error) {
			for u, err := range c.Search(context.Background(), `status eq "ACTIVE"`) {
				if err != nil {
					return got, err
				}
				got = append(got, u.ID)
			}
			return got, nil
		},
		"export": func(c *okta.Client) (got []string, err error) {
			for u, err := range c.List(context.Background(), okta.Selection{Search: `status eq "ACTIVE"`}) {
				if err != nil {
					return got, err
				}
				got = append(got, u.ID)
			}
			return got, nil
		},
		"group": func(c *okta.Client) (got []string, err error) {
			for u, err := range c.GroupMembers(context.Background(), "00g00000000000000001") {
				if err != nil {
					return got, err
				}
				got = append(got, u.ID)
			}
			return got, nil
		},
		"log": func(c *okta.Client) (got []string, err error) {
			events, err := c.EventsBetween(context.Background(), time.Now().Add(-time.Hour), time.Now())
			for _, e := range events {
				got = append(got, e.UUID)
			}
			return got, err
		},
		"polled log": func(c *okta.Client) (got []string, err error) {
			events := c.Events(time.Now().Add(-time.Hour))
			for {
				page, err := events.Next(context.Background())
				if err != nil || len(page) == 0 {
					return got, err
				}
				for _, e := range page {
					got = append(got, e.UUID)
				}
			}
		},
	}
	for name, read := range lists {
		for _, code := range []string{"E0000029", "E0000031"} {
			t.Run(name+" "+code, func(t *testing.T) {
				l := &listing{users: ids, size: 2, stale: 2, code: code}
				got, err := read(MustHandle(t, l.ServeHTTP))
				slices.Sort(got)
				if err != nil || !slices.Equal(got, ids) || l.starts != 3 {
					t.Errorf("%v after %d starts: %v", got, l.starts, err)
				}
			})
		}
	}
	t.Run("always stale", func(t *testing.T) {
		l := &listing{users: ids, size: 2, stale: 1000, code: "E0000031"}
		_, err := lists["search"](MustHandle(t, l.ServeHTTP))
		if e := failure(t, err); e.Kind != okta.KindCursor || e.Effect == okta.EffectRejected {
			t.Errorf("%+v", e)
		}
	})
}

// Resolving by pages of the directory goes on after a stale cursor, too.
func TestResolve_survives_a_stale_cursor(t *testing.T) {
	ids := make([]string, 300)
	refs := make([]okta.Ref, len(ids))
	for i := range ids {
		ids[i] = fmt.Sprintf("00u%017d", i)
		refs[i] = okta.Ref{Kind: okta.ByID, Value: ids[i]}
	}
	l := &listing{users: ids, size: 200, stale: 2, code: "E0000031"}
	c := MustHandle(t, l.ServeHTTP)
	matches, err := c.Resolve(context.Background(), refs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if l.stale == 2 {
		t.Error("no cursor went stale")
	}
	for i, m := range matches {
		if len(m.Users) != 1 || m.Users[0].ID != ids[i] {
			t.Errorf("%d: %+v", i, m)
		}
	}
}
