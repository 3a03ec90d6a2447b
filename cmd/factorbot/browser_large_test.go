package main

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestBrowser_large shows the page with 10,000 users and 1,000 messages: it has a
// page of each, finds what is further down, and tells in the log how long it took.
func TestBrowser_large(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "10000")
	s.set(map[string]any{"slack_no_limits": true})
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for n := i; n < 1000; n += 4 {
				s.post("/sandbox/message", map[string]any{"user": "U_REQUESTER", "channel": "C_FACTORS", "text": fmt.Sprintf("*message* %d with `code`", n)})
			}
		})
	}
	wait.Wait()
	begun := time.Now()
	p := mustBrowse(t, s.url+"/")
	p.until(`document.querySelectorAll("#messages .msg").length > 20`)
	loaded, err := chromedp.Run(p, chromedp.Evaluate[float64](`performance.getEntriesByType("navigation")[0].loadEventEnd`))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("browser and page after %v, loaded %.0f ms after it was asked for", time.Since(begun).Round(time.Millisecond), loaded)
	for _, part := range []string{"sidebar", "conversation", "org"} {
		asked := time.Now()
		b := s.get("/sandbox/part/" + part + "?user=U_REQUESTER&channel=C_FACTORS")
		t.Logf("%-12s %3d KB after %v", part, len(b)>>10, time.Since(asked).Round(time.Millisecond))
		if len(b) > 256<<10 {
			t.Errorf("%s has %d bytes: it shows more than a page of what there is", part, len(b))
		}
	}
	if n := p.count("#messages .msg"); n > 200 {
		t.Errorf("%d messages at once", n)
	}
	if n := p.count(".users > li"); n > 200 {
		t.Errorf("%d users at once", n)
	}

	// What is not on the first page is found: by name, by older and newer.
	p.run(chromedp.SendKeys("#find", "ana@example.com"))
	p.until(`document.querySelectorAll(".users > li").length === 1`)
	oldest := `document.querySelector("#messages .msg .text, #messages .msg .blocks").textContent`
	first, err := chromedp.Run(p, chromedp.Evaluate[string](oldest))
	if err != nil {
		t.Fatal(err)
	}
	p.click(".older a")
	p.until(oldest + ` !== ` + quoted(first))
}
