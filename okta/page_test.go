package okta_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"factorbot/okta"
)

// Of pages that lead in a circle nobody knows what is missing: the list fails, at once.
func TestPages_in_a_circle(t *testing.T) {
	calls := 0
	c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.Header().Set("Content-Type", "application/json")
		next := map[string]string{"": "b", "b": "c", "c": "b"}[r.URL.Query().Get("after")]
		w.Header().Set("Link", "<http://"+r.Host+"/api/v1/users?after="+next+">; rel=\"next\"")
		_, _ = io.WriteString(w, `[{"id":"`+someone+`"}]`)
	})
	var failed error
	for _, err := range c.Search(context.Background(), "x") {
		failed = err
	}
	if !okta.IsKind(failed, okta.KindServer) || calls > 4 {
		t.Errorf("after %d calls: %v", calls, failed)
	}
}
