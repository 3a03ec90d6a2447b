package oktasim_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta/oktasim"
)

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		fault  oktasim.Fault
		status int // 0: no answer
		effect bool
		code   string
	}{
		{oktasim.ErrorBefore, 500, false, "E0000009"},
		{oktasim.ErrorAfter, 500, true, "E0000009"},
		{oktasim.DropBefore, 0, false, ""},
		{oktasim.DropAfter, 0, true, ""},
		{oktasim.CutOff, 0, true, ""},
		{oktasim.Gateway, 502, false, ""},
		{oktasim.Unavailable, 503, false, "E0000010"},
		{oktasim.Nothing, 200, false, ""},
		{oktasim.Late, 0, false, ""},
		{oktasim.Slow, 200, true, ""},
	} {
		t.Run(string(test.fault), func(t *testing.T) {
			c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}, KeepCalls: true})
			MustSet(t, c.org, `{"late_by":"10ms"}`)
			c.http.Transport.(*http.Transport).DisableKeepAlives = true // or a broken connection may be tried again
			changes := c.org.Watch(t.Context())
			c.org.FailNext("POST", resetAna, test.fault, 1)
			got, err := c.try("POST", "/api/v1/users/ana@example.com"+resetAna, "")
			if (err != nil) != (test.status == 0) || err == nil && got.StatusCode != test.status {
				t.Fatalf("answer %v, %v", got.Response, err)
			}
			if test.code != "" && got.code(t) != test.code {
				t.Errorf("body %s", got.body)
			}
			for test.fault == oktasim.Late && len(c.org.Resets("ana@example.com")) == 0 {
				<-changes
			}
			effect := len(kinds(t, c.org, "ana@example.com")) == 0
			if effect != test.effect && test.fault != oktasim.Late {
				t.Errorf("effect %v, want %v", effect, test.effect)
			}
			if test.fault == oktasim.Late && !c.org.Resets("ana@example.com")[0].Late {
				t.Error("not booked as late")
			}
			if books := c.org.Books(); books.Faults[test.fault] != 1 {
				t.Errorf("books %+v", books)
			}
			c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna) // once only
		})
	}
}

// What a connection without a network does when it breaks.
func TestTransport_drop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{})
		c.org.FailNext("", "", oktasim.DropBefore, 1)
		if _, err := c.try("GET", usersPath, ""); !errors.Is(err, io.EOF) {
			t.Errorf("dropped: %v", err)
		}
		c.org.FailNext("", "", oktasim.CutOff, 1)
		if _, err := c.try("GET", usersPath, ""); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off: %v", err)
		}
	})
}

// The shares are those that were asked for.
func TestFaults_shares(t *testing.T) {
	c := MustConnect(t, oktasim.Options{Given: []oktasim.User{ana()}, Seed: 7})
	MustSet(t, c.org, `{"faults":0.5,"faults_on":"writes","fault_kinds":{"error_before":3,"nothing":1}}`)
	const calls = 2000
	for range calls {
		if _, err := c.try("POST", "/api/v1/users/ana@example.com"+resetAna, ""); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		c.do(200, "GET", usersPath)
	}
	faults := c.org.Books().Faults
	for fault, want := range map[oktasim.Fault]int{oktasim.ErrorBefore: calls * 3 / 8, oktasim.Nothing: calls / 8} {
		if got := faults[fault]; got < want*8/10 || got > want*12/10 {
			t.Errorf("%s: %d of %d calls, want about %d", fault, got, calls, want)
		}
	}
	if len(faults) != 2 {
		t.Errorf("faults %v", faults)
	}
}

func TestSet(t *testing.T) {
	org, err := oktasim.New(oktasim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	for _, bad := range []string{`"faults":2`, `"faults":"x"`, `"rate_limit":-1`, `"rate_limit":1.5`, `"rate_limit":null`, `"window":"0s"`, `"window":"soon"`, `"window":true`,
		`"latency":-1`, `"engine":"new"`, `"token_revoked":"yes"`, `"fault_kinds":{"flood":1}`, `"fault_kinds":{"late":-1}`, `"fault_kinds":7`, `"limits":"x"`, `"enrol_again":1.1`, `"token_share":101`} {
		before := org.Settings()
		_, err := org.Set(raw(t, `{"latency":"3s",`+bad+`}`))
		key := strings.Split(bad, `"`)[1]
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: error %v", bad, err)
		}
		if after := org.Settings(); after["latency"] != before["latency"] {
			t.Errorf("%s: half of it was set", bad)
		}
	}
	unknown, err := org.Set(raw(t, `{"slack_down":true,"log_lag":"1m30s","latency":0.25,"engine":"identity","acks":1}`))
	if err != nil || !slices.Equal(unknown, []string{"acks", "slack_down"}) {
		t.Errorf("unknown %v, %v", unknown, err)
	}
	if s := org.Settings(); s["log_lag"] != "1m30s" || s["latency"] != "250ms" || s["engine"] != "identity" {
		t.Errorf("settings %v", s)
	}
}

// Settings can be read and set back, every one of them.
func TestSettings(t *testing.T) {
	org, err := oktasim.New(oktasim.Options{RateLimit: 5, Limits: map[string]int{"/api/v1/logs": 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	MustSet(t, org, marshal(t, org.Settings()))
	if s := org.State(oktasim.Query{}).Settings; s["window"] != "1m0s" || s["rate_limit"] != 5 {
		t.Errorf("settings %v", s)
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Latency: time.Hour})
		changes := c.org.Watch(t.Context())
		answered := make(chan reply)
		go func() {
			got, err := c.try("GET", "/api/v1/org", "")
			if err != nil {
				t.Error(err)
			}
			answered <- got
		}()
		<-changes // the call has come in
		synctest.Wait()
		start := time.Now()
		go c.org.Close()
		if got := <-answered; got.StatusCode != 200 || time.Since(start) > 0 {
			t.Errorf("answered %d after %s", got.StatusCode, time.Since(start))
		}
		for range changes { // until it is closed
		}
		if _, open := <-c.org.Watch(t.Context()); open {
			t.Error("a closed org is watched")
		}
	})
}
