package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_stepUp approves a large batch as its approver does: the number of users,
// then the number in Okta Verify, on the phone that the page shows.
func TestBrowser_stepUp(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	s.set(map[string]any{"push_answer": "phone"})
	s.mustRunWith(stepUpApprovers + "step_up: large\nlarge_batch: {over: 0, approvals: 1, confirm: true}\n")
	s.command("U_REQUESTER", "ana@example.com because lost phone")
	s.awaitPending(1)
	p := mustBrowse(t, s.url+"/")
	p.as("U_APPROVER1")
	p.opens(func() { p.click(`#messages [data-act="approve"]`) }, `document.querySelector('dialog.modal[open] [data-input="users"]')`)
	p.run(chromedp.SendKeys(`[data-input="users"]`, "1\r"))
	p.until(`document.querySelectorAll("dialog.modal[open] .phone [data-number]").length === 3`)
	p.until(numberInModal)
	n, err := chromedp.Run(p, chromedp.Evaluate[string](numberInModal+"[1]"))
	if err != nil {
		t.Fatal(err)
	}
	if s.resets("ana@example.com") != 0 {
		t.Error("reset before the approver has answered")
	}
	p.accessible("a push that waits")
	p.click(fmt.Sprintf(`dialog.modal[open] .phone [data-number="%s"]`, n))
	p.until(`/Confirmed with Okta Verify/.test(document.querySelector("dialog.modal")?.textContent)`)
	p.until(`/1 reset/.test(document.querySelector("#messages").textContent)`)
	p.until(`!document.querySelector(".phone")`)
	if n := s.resets("ana@example.com"); n != 1 {
		t.Errorf("%d resets", n)
	}
}

// numberInModal finds the number to choose.
const numberInModal = `/Choose\s+(\d+)\s+in Okta Verify/.exec(document.querySelector("dialog.modal")?.textContent || "")`
