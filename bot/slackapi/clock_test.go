package slackapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"factorbot/bot/slackapi"
)

func TestClock_goes_by_the_answers_dates(t *testing.T) {
	ahead := 7 * time.Minute
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
	}))
	defer srv.Close()
	var c slackapi.Clock
	if _, known := c.Now(); known {
		t.Error("known before the first answer")
	}
	client := &http.Client{Transport: c.Through(nil)}
	for range 2 {
		resp, err := client.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		now, known := c.Now()
		if off := time.Until(now) - ahead; !known || off.Abs() > 5*time.Second {
			t.Errorf("%s off, known %t", off, known)
		}
		ahead = -ahead // the later answer counts
	}
}
