package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

func quoted(s string) string { return strconv.Quote(s) }

// threadOfRequest opens the thread of the bot's own message.
const threadOfRequest = "#messages .msg:has(.app):not(.only) .replies a"

// TestBrowser_job does the whole job as the page tells a newcomer to, by mouse and keyboard.
func TestBrowser_job(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "60", "--rate-limit", "6000", "--latency", "20ms")
	p := mustBrowse(t, s.url+"/")

	p.click(".steps [data-sample]")
	p.until(`document.querySelector("#messages .file strong")?.textContent === "sample.csv"`)
	p.until(`document.querySelector('#messages [data-act="approve"]')`)

	// Nobody approves a request of their own, and is told so privately.
	p.asked(`#messages [data-act="approve"]`)
	p.confirm()
	p.until(`[...document.querySelectorAll(".msg.only")].some((m) => m.textContent.includes("your own request"))`)

	p.click(`#pick-U_APPROVER1`)
	p.until(`document.querySelector("#sidebar .me strong").textContent === "Avery Stone"`)
	p.until(`!document.querySelector(".msg.only")`)
	before := p.count(".users .factor")
	p.asked(`#messages [data-act="approve"]`)
	p.confirm()
	p.until(fmt.Sprintf(`document.querySelectorAll(".users .factor:not(.leaving)").length < %d && document.querySelector(".users .resets")`, before))
	p.until(`[...document.querySelectorAll("#messages .msg")].some((m) => /Done\. 56 reset, 2 skipped/.test(m.textContent))`)

	p.click(threadOfRequest)
	p.click(`#replies a[download="FR-1-results.csv"]`)
	file := p.downloaded(s, "FR-1-results.csv")
	byOutcome, byReason, rows := outcomes(t, file)
	if len(rows) != 58 || byOutcome["reset"] < 30 || byOutcome["reset"]+byOutcome["skipped"] != 58 {
		t.Errorf("%d rows: %v %v", len(rows), byOutcome, byReason)
	}
	checkResets(t, s, rows)
}

// asked presses a button until its question shows: the page may be drawn again under a press.
func (p *page) asked(button string) {
	p.tb.Helper()
	p.opens(func() { p.click(button) }, `document.querySelector("#confirm").open`)
}

// confirm reads the question that a button asks and answers it with the keyboard.
func (p *page) confirm() {
	p.tb.Helper()
	p.until(`document.querySelector("#confirm").open`)
	p.run(chromedp.Focus("#confirm-yes"), chromedp.KeyEvent("\r"))
	p.until(`!document.querySelector("#confirm").open`)
}

// count tells how many elements fit.
func (p *page) count(selector string) int {
	p.tb.Helper()
	n, err := chromedp.Run(p, chromedp.Evaluate[int](`document.querySelectorAll(`+quoted(selector)+`).length`))
	if err != nil {
		p.tb.Fatal(err)
	}
	return n
}

// TestBrowser_own_file drops a file of one's own, and needs no mouse for the rest.
func TestBrowser_own_file(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "30", "--rate-limit", "6000")
	p := mustBrowse(t, s.url+"/")
	roster := filepath.Join(t.TempDir(), "phones.csv")
	if err := os.WriteFile(roster, []byte("login\nana@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	p.drop("#conversation", roster)
	p.until(`document.querySelector("#composer-C_FACTORS .attached").textContent.includes("phones.csv")`)
	p.run(chromedp.Focus("#text-C_FACTORS"), chromedp.KeyEvent("lost phone"), chromedp.KeyEvent("\r"))
	p.until(`document.querySelector("#messages .file strong")?.textContent === "phones.csv"`)
	p.until(`document.querySelector('#messages [data-act="approve"]')`)

	// Deny it from the keyboard alone: the face, the button, the answer.
	p.run(chromedp.Focus("#pick-U_APPROVER1"), chromedp.KeyEvent("\r"))
	p.until(`document.querySelector("#sidebar .me strong").textContent === "Avery Stone"`)
	p.opens(func() { p.run(chromedp.Focus(`#messages [data-act="deny"]`), chromedp.KeyEvent("\r")) }, `document.querySelector("dialog[data-view] textarea")`)
	p.run(chromedp.Focus("dialog[data-view] textarea"), chromedp.KeyEvent("no ticket"), chromedp.KeyEvent("\t"))
	p.click(`dialog[data-view] [type="submit"]`)
	p.until(`!document.querySelector('#messages [data-act="approve"]')`)

	// A command from the suggestions.
	p.run(chromedp.Focus("#text-C_FACTORS"), chromedp.KeyEvent("/fac"))
	p.until(`document.querySelectorAll(".suggest li").length > 0`)
	p.run(chromedp.KeyEvent("\t"), chromedp.KeyEvent("ana@example.com because lost phone"), chromedp.KeyEvent("\r"))
	p.until(`[...document.querySelectorAll(".msg.only")].some((m) => m.textContent.includes("planning 1 user"))`)
}
