package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"factorbot/cmd/internal/sandbox"
)

// TestBrowser_org shows the Okta org beside the messages: factors vanish and come
// back, a gauge sinks with each call, and the switches reach the org.
func TestBrowser_org(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "50")
	p := mustBrowse(t, s.url+"/")
	const ana = "00ucast0000000000004"
	one := "#u-" + ana
	p.until(`document.querySelectorAll("` + one + ` .factor").length === 2`)

	p.click(`[data-switch="faults"]`)
	p.until(`document.querySelector('[data-switch="faults"]').getAttribute("aria-checked") === "true"`)
	if got := s.setting("faults"); got != 0.05 {
		t.Errorf("the switch set faults to %v", got)
	}
	p.click(`[data-switch="faults"]`)
	p.until(`document.querySelector('[data-switch="faults"]').getAttribute("aria-checked") === "false"`)
	p.click(`[data-switch="enrol_again"]`)
	p.until(`document.querySelector('[data-switch="enrol_again"]').getAttribute("aria-checked") === "true"`)

	s.set(map[string]any{"enrol_again": 1, "enrol_after": "20s"})
	s.resetOne(ana)
	p.until(`document.querySelector("` + one + ` .none") && document.querySelector("` + one + ` .resets")`)
	p.until(`document.querySelectorAll("` + one + ` .factor:not(.leaving)").length === 1`)
	p.until(`[...document.querySelectorAll(".gauges li")].some((g) => g.textContent.includes("/api/v1/users") && g.querySelector("meter").value < 50)`)
	s.await("Okta to answer 429", func() bool { // a minute's bucket, of which each moment gives some back
		var calls sync.WaitGroup
		for range 60 { // more than it holds
			calls.Go(func() { s.resetOne(ana) })
		}
		calls.Wait()
		return s.okta().Okta.Throttled > 0
	})
	p.until(`document.querySelector(".figures .bad")`)
}

// resetOne asks Okta to reset a user, whatever it answers.
func (s *sandboxRun) resetOne(id string) {
	s.tb.Helper()
	req, err := http.NewRequestWithContext(s.tb.Context(), http.MethodPost, s.url+"/api/v1/users/"+id+"/lifecycle/reset_factors", strings.NewReader(""))
	if err != nil {
		s.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+sandbox.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	_ = resp.Body.Close()
}

// setting reads a setting of the org.
func (s *sandboxRun) setting(key string) any {
	s.tb.Helper()
	var state struct {
		Okta struct {
			Settings map[string]any `json:"settings"`
		} `json:"okta"`
	}
	if err := json.Unmarshal(s.get("/sandbox/state"), &state); err != nil {
		s.tb.Fatal(err)
	}
	return state.Okta.Settings[key]
}
