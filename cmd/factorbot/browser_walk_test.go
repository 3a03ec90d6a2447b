package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// walk is the page, and the folder that gets a picture of each step.
type walk struct {
	*page
	s      *sandboxRun
	folder string
	step   int
}

// TestBrowser_walk walks through all that a service desk does with a request: it is
// asked for in a modal, reviewed, rows are taken out, it is approved, paused, resumed,
// cancelled, tried again and ends; one who was reset says that it was not them; then a
// list of users is exported. The pictures go where TestBrowser_states puts its own.
func TestBrowser_walk(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "300", "--rate-limit", "6000", "--latency", "20ms")
	w := &walk{page: mustBrowse(t, s.url+"/"), s: s, folder: screenshots(t)}

	w.ask(`/factor-reset`, "search", `status eq "ACTIVE"`, "phones replaced, OPS-7", "tell")
	w.until(`document.querySelector('#messages [data-act="approve"]')`)
	w.shot("asked", phoneDark)
	w.takeOut()
	w.steer()
	w.again()
	w.notMe()
	w.export()
	w.home()
}

// phoneDark has a step pictured on a phone in the dark, too.
const phoneDark = true

// shot takes a picture of a step.
func (w *walk) shot(name string, also ...bool) {
	w.tb.Helper()
	w.step++
	name = fmt.Sprintf("walk-%02d-%s", w.step, name)
	w.fits(name)
	w.picture(filepath.Join(w.folder, name+".png"))
	if len(also) == 0 {
		return
	}
	w.look(phone, "dark")
	w.fits(name + " on a phone")
	w.picture(filepath.Join(w.folder, name+"-phone.png"))
	w.look(desktop, "light")
}

// submit sends the modal on top and waits until it is taken.
func (w *walk) submit() {
	w.tb.Helper()
	w.click("dialog.modal [type=submit]")
	w.until(`!document.querySelector("dialog.modal")`)
}

// told waits for words in a message of a part of the page.
func (w *walk) told(part, words string) {
	w.tb.Helper()
	w.until(`[...document.querySelectorAll("` + part + ` .msg")].some((m) => m.textContent.includes(` + quoted(words) + `))`)
}

// open shows the thread of a request, whose message is in the channel.
func (w *walk) open(id string) {
	w.tb.Helper()
	w.click(`#sidebar a[href*="C_FACTORS"]`)
	own := `[...document.querySelectorAll("#messages .msg:has(.app):not(.only)")].find((m) => m.textContent.includes(` + quoted(id+": ") + `))`
	w.until(own + `?.querySelector(".replies a")`)
	w.run(chromedp.Evaluate[chromedp.Void](own + `.querySelector(".replies a").click()`))
	w.told("#replies", id)
}

// ask fills in the modal that a command opens.
func (w *walk) ask(command, whom, words, why string, options ...string) {
	w.tb.Helper()
	w.opens(func() { w.run(chromedp.SendKeys("#text-C_FACTORS", command+"\r")) }, `document.querySelector('dialog.modal [data-input="reason"]')`)
	w.shot("form", phoneDark)
	switch {
	case w.count(`[data-input="`+whom+`"]`) > 0:
	case w.count(`[data-input="whom"]`) > 0: // of an export
		w.click(`[data-input="whom"] [value="` + whom + `"]`)
	default:
		w.click(`dialog.modal [data-act="more_options"]`)
	}
	w.until(`document.querySelector('[data-input="` + whom + `"]')`)
	w.run(chromedp.SendKeys(`[data-input="`+whom+`"]`, words))
	if len(options) > 0 && w.count(`[data-input="options"]`) == 0 {
		w.click(`dialog.modal [data-act="more_options"]`)
	}
	for _, o := range options {
		w.click(`[data-input="options"] [value="` + o + `"]`)
	}
	w.shot("form-filled")
	w.click("dialog.modal [type=submit]") // without the reason
	w.until(`document.querySelector("dialog.modal .error")`)
	w.shot("form-refused")
	w.run(chromedp.SendKeys(`[data-input="reason"]`, why))
	w.submit()
}

// takeOut reviews FR-1 and takes the approvers themselves out, who may not approve
// their own reset; there is a second plan.
func (w *walk) takeOut() {
	w.tb.Helper()
	w.as("U_APPROVER1")
	w.opens(func() { w.click(`#messages [data-act="review"]`) }, `document.querySelector("dialog.modal[open] h2")?.textContent.includes("Review FR-1")`)
	w.shot("review", phoneDark)
	w.run(chromedp.SendKeys(`[data-input="review_search"]`, "approver\r"))
	w.until(`/1 to 2 of 2 users/.test(document.querySelector("dialog.modal").textContent)`)
	w.click(`dialog.modal [data-act="review_all"]`)
	w.until(`document.querySelectorAll('dialog.modal [data-input^="rows:"] :checked').length === 2`)
	w.shot("review-ticked")
	w.click(`dialog.modal [data-act="review_remove"]`)
	w.confirm()
	w.until(`/removed 2 users/.test(document.querySelector("dialog.modal").textContent)`)
	w.click("dialog.modal [data-view-close]")
	w.until(`!document.querySelector("dialog.modal")`)
	w.until(`document.querySelector('#messages [data-act="approve"]')`)
	w.shot("taken-out")
}

// steer approves, pauses, resumes and cancels FR-1.
func (w *walk) steer() {
	w.tb.Helper()
	w.s.set(map[string]any{"latency": "200ms"})
	w.approveLarge()
	w.s.await("some to be reset", func() bool { return w.s.reset() >= 20 })
	w.s.set(map[string]any{"latency": "4s"}) // what is left then takes two minutes; who presses a button is looked up with two calls
	w.open("FR-1")
	w.until(`/\d+ of \d+ users: /.test(document.querySelector("#replies").textContent)`)
	w.shot("running", phoneDark)
	w.press("pause")
	w.told("#replies", "FR-1 is paused")
	w.shot("paused", phoneDark)
	w.press("resume")
	w.told("#replies", "FR-1 is running")
	w.shot("resumed")
	w.press("cancel")
	w.s.set(map[string]any{"latency": "20ms"})
	w.until(`document.querySelector('#replies a[download="FR-1-results.csv"]')`)
	w.until(`document.querySelector('[data-act="retry_failed"]')`)
	w.shot("cancelled")
}

// press uses a button and says yes to its question, if it has one.
func (w *walk) press(action string) {
	w.tb.Helper()
	button := `[data-act="` + action + `"]`
	w.opens(func() { w.click(button) }, `document.querySelector("#confirm").open || !document.querySelector(`+quoted(button)+`)`)
	if w.count("#confirm[open]") == 1 {
		w.confirm()
	}
}

// again asks for what FR-1 left, as FR-2, and lets it end.
func (w *walk) again() {
	w.tb.Helper()
	w.as("U_REQUESTER") // who retries asks, and nobody approves their own request
	w.press("retry_failed")
	w.s.awaitPending(2)
	w.told("#messages", "FR-2: ")
	w.shot("retried")
	w.approveLarge()
	w.s.awaitResults(2)
	w.open("FR-2")
	w.until(`document.querySelector('#replies a[download="FR-2-results.csv"]')`)
	w.shot("done", phoneDark)
}

// notMe is Ana, who has heard of her reset and did not expect it.
func (w *walk) notMe() {
	w.tb.Helper()
	w.as("U_ANA")
	w.click("[data-thread-close]")
	w.click(`#sidebar a[href*="D_ANA"]`)
	w.until(`document.querySelector('#messages [data-act="not_me"]')`)
	w.shot("told", phoneDark)
	w.click(`#messages [data-act="not_me"]`)
	w.confirm()
	w.told("#messages", "security team now knows")
	w.shot("not-me")
	w.click(`#sidebar a[href*="C_FACTORS"]`)
	w.told("#messages", "Reports so far: 1")
	w.shot("reported")
}

// export asks for a list of users, approves it in a direct message, and finds the file.
func (w *walk) export() {
	w.tb.Helper()
	w.as("U_REQUESTER")
	w.ask(`/factor-reset export`, "search", `status eq "ACTIVE"`, "yearly review, OPS-8")
	w.s.awaitPending(3)
	w.as("U_APPROVER1")
	w.click(`#sidebar a[href*="D_APPROVER1"]`)
	w.until(`document.querySelector("#conversation").dataset.here === "D_APPROVER1"`)
	w.until(`document.querySelector('#messages [data-act="approve"]')`)
	w.shot("direct-approver", phoneDark)
	w.click(`#messages [data-act="approve"]`)
	w.confirm()
	w.as("U_REQUESTER")
	w.click(`#sidebar a[href*="D_REQUESTER"]`)
	w.until(`document.querySelector('#messages a[download="FR-3-export.csv"]')`)
	w.shot("export", phoneDark)
}

// home opens the home tabs.
func (w *walk) home() {
	w.tb.Helper()
	w.click(`#sidebar a[href*="channel=home"]`)
	w.until(`document.querySelector(".homeview")?.textContent.includes("FR-3")`)
	w.shot("home-requester", phoneDark)
	w.as("U_APPROVER1")
	w.click(`#sidebar a[href*="channel=home"]`)
	w.until(`document.querySelector(".homeview")?.textContent.includes("FR-3")`)
	w.shot("home-approver")
}
