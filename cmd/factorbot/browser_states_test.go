package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_states shows the states of a large request that must look right, wide
// and narrow, light and dark, and has axe-core judge each. The screenshots go to the
// folder in SCREENSHOTS, or else to the test's artifacts (go test -artifacts
// -outputdir). With PICTURES, one of them goes to that folder besides: it is the
// README's.
func TestBrowser_states(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "500", "--rate-limit", "6000", "--latency", "15ms")
	s.set(map[string]any{"enrol_again": 1, "enrol_after": "1s"})
	p := mustBrowse(t, s.url+"/")
	shots := screenshots(t)
	if folder := os.Getenv("PICTURES"); folder != "" {
		t.Cleanup(func() {
			mustCopy(t, filepath.Join(shots, "pending-500-390-light.png"), filepath.Join(folder, "sandbox-phone.png"))
		})
	}

	p.until(`document.querySelector(".steps [data-sample]")`)
	p.shoot(shots, "empty")

	p.click(".steps [data-sample]")
	p.until(`document.querySelector('#messages [data-act="approve"]')`)
	p.shoot(shots, "pending-500")
	p.onFirstScreen("FR-1: reset MFA for 482 users", "Phones replaced", "2 approvals needed", "Whole departments", "Approve", "Review", "Deny")

	p.as("U_APPROVER1")
	p.opens(func() { p.click(`#messages [data-act="review"]`) }, `document.querySelector("dialog.modal[open] h2")?.textContent.includes("Review FR-1")`)
	p.shoot(shots, "review")
	p.click("dialog.modal [data-view-close]")
	p.until(`!document.querySelector("dialog.modal")`)

	p.approveLarge()
	s.set(map[string]any{"latency": "300ms"})
	s.await("two fifths to be reset", func() bool { return s.reset() >= 185 })
	s.set(map[string]any{"latency": "4s"}) // so that the state holds still
	p.click(threadOfRequest)
	p.until(`(([, n, of]) => n / of > .36 && n / of < .48)(/(\d+) of (\d+) users: /.exec(document.querySelector("#thread").textContent) || [])`)
	p.shoot(shots, "running")

	const resetting = "POST /api/v1/users/{id}/lifecycle/reset_factors"
	s.set(map[string]any{"forbidden": []string{resetting}, "latency": "15ms"})
	p.until(`/FR-1 is paused: 10 calls to Okta in a row failed/.test(document.querySelector("#thread").textContent)`)
	p.shoot(shots, "paused")

	s.set(map[string]any{"forbidden": nil})
	p.click(`[data-act="resume"]`)
	p.until(`document.querySelector('#replies a[download="FR-1-results.csv"]')`)
	p.until(`/Needs somebody/.test(document.querySelector("#messages").textContent) && document.querySelector('#messages [data-act="retry_failed"]')`)
	p.shoot(shots, "done-with-failures")

	p.click("[data-thread-close]")
	p.enrolledChart()
	p.shoot(shots, "enrolled")
}

// enrolledChart asks who has set up MFA again until there is enough to draw: some
// seconds after the end.
func (p *page) enrolledChart() {
	p.tb.Helper()
	const chart = `#messages .list > .only:last-child .b-chart.line path.line`
	for p.count(chart) == 0 {
		p.run(chromedp.SendKeys("#text-C_FACTORS", "/factor-reset enrolled FR-1\r"))
		p.until(`/ of \d+ users (have|has) set up MFA again/.test(document.querySelector("#messages .list > .only:last-child")?.textContent)`)
	}
}

// TestBrowser_screens shows what a request of few users looks like, and all around it.
func TestBrowser_screens(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "60", "--rate-limit", "6000", "--latency", "15ms")
	p := mustBrowse(t, s.url+"/")
	shots := screenshots(t)

	p.opens(func() { p.run(chromedp.SendKeys("#text-C_FACTORS", "/factor-reset\r")) }, `document.querySelector('dialog.modal [data-input="list"]')`)
	p.shoot(shots, "form")
	p.click("dialog.modal [data-view-close]")
	p.until(`!document.querySelector("dialog.modal")`)
	p.until(`document.querySelector("#text-C_FACTORS:placeholder-shown")`)

	s.ask("ana@example.com because lost phone, OPS-7")
	p.until(`/FR-1: reset MFA for Ana Lima/.test(document.querySelector("#messages").textContent)`)
	p.shoot(shots, "pending-1")
	p.onFirstScreen("FR-1: reset MFA for Ana Lima", "lost phone, OPS-7", "1 approval needed", "first request", "Approve", "Review", "Deny")

	s.ask("ana@example.com guest@example.com approver2@example.com because new phones, OPS-8")
	p.until(`/FR-2: reset MFA for /.test(document.querySelector("#messages").textContent)`)
	p.shoot(shots, "pending-3")
	p.onFirstScreen("FR-2: reset MFA for", "new phones, OPS-8", "1 approval needed", "Approve", "Review", "Deny")

	p.as("U_APPROVER1")
	p.click(`#sidebar a[href*="D_APPROVER1"]`)
	p.until(`document.querySelectorAll('#messages [data-act="approve"]').length === 2`)
	p.shoot(shots, "direct")
	p.click(`#sidebar a[href*="channel=home"]`)
	p.until(`document.querySelector(".homeview")?.textContent.includes("FR-2")`)
	p.shoot(shots, "home")

	p.as("U_REQUESTER")
	p.click(`#sidebar a[href*="C_FACTORS"]`)
	p.until(`document.querySelector('[data-switch="slack_down"]')`)
	p.click(`[data-switch="slack_down"]`)
	p.until(`document.querySelector(".outage")`)
	p.shoot(shots, "outage")
	p.click("[data-slack-up]")
	p.until(`!document.querySelector(".outage")`)
}

// screenshots is the folder for the pictures.
func screenshots(t *testing.T) string {
	t.Helper()
	folder := cmp.Or(os.Getenv("SCREENSHOTS"), t.ArtifactDir())
	t.Logf("screenshots in %s", folder)
	return folder
}

// as goes on as somebody else.
func (p *page) as(user string) {
	p.tb.Helper()
	p.click("#pick-" + user)
	p.until(`document.querySelector("#pick-` + user + `").getAttribute("aria-current") === "true"`)
}

func (s *sandboxRun) set(values map[string]any) {
	s.tb.Helper()
	if answer := s.post("/sandbox/set", values); answer["ok"] != true {
		s.tb.Fatalf("set %v: %v", values, answer)
	}
}

// onFirstScreen wants all that an approver decides by in sight at once, on a
// screen and on a phone, without scrolling: texts of the last message, or labels
// of its buttons.
func (p *page) onFirstScreen(texts ...string) {
	p.tb.Helper()
	for _, s := range []size{desktop, phone} {
		p.look(s, "light")
		for _, text := range texts {
			p.until(`((text) => {
				const list = document.querySelector("#messages");
				const room = list.getBoundingClientRect();
				const all = [...list.querySelectorAll(".list > :last-child :is(h3, button, .b-rich, .b-words)")].filter((el) => el.textContent.includes(text));
				return all.some((el) => { const r = el.getBoundingClientRect(); return r.height > 0 && r.top >= room.top && r.bottom <= room.bottom + 1; });
			})(` + quoted(text) + `)`)
		}
	}
	p.look(desktop, "light")
}

// approveLarge approves what waits as both approvers, who type the number of users.
func (p *page) approveLarge() {
	p.tb.Helper()
	for i, who := range []string{"U_APPROVER1", "U_APPROVER2"} {
		p.as(who)
		p.opens(func() { p.click(`#messages [data-act="approve"]`) }, `document.querySelector('dialog.modal[open] [data-input="users"]')`)
		n, err := chromedp.Run(p, chromedp.Evaluate[string](`/Type ([\d,]+) to approve/.exec(document.querySelector("dialog.modal").textContent)[1]`))
		if err != nil {
			p.tb.Fatal(err)
		}
		p.run(chromedp.SendKeys(`[data-input="users"]`, n+"\r"))
		p.until(`!document.querySelector("dialog.modal[open]")`)
		if i == 0 {
			p.until(`/1 more approval needed/.test(document.querySelector("#messages").textContent)`)
		}
	}
}

// shoot takes the state at both widths, light and dark, and holds it to what is true of each.
func (p *page) shoot(folder, state string) {
	p.tb.Helper()
	for _, s := range []size{desktop, phone} {
		for _, scheme := range []string{"light", "dark"} {
			name := fmt.Sprintf("%s-%s-%s", state, s.name, scheme)
			p.look(s, scheme)
			if s.mobile == (scheme == "dark") { // each size and each scheme once
				p.accessible(name)
			}
			p.fits(name)
			p.picture(filepath.Join(folder, name+".png"))
		}
	}
	p.look(desktop, "light")
}

// picture writes what is to be seen into a PNG file.
func (p *page) picture(path string) {
	p.tb.Helper()
	// What moves has come to rest.
	p.until(`document.fonts.status === "loaded" && document.getAnimations().every((a) => a.playState !== "running" || a.effect.getTiming().iterations === Infinity)`)
	b, err := chromedp.Run(p, chromedp.CaptureScreenshot())
	if err != nil {
		p.tb.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		p.tb.Fatal(err)
	}
}

// mustCopy copies a PNG file, packed tighter: in as many colors as a film has.
func mustCopy(tb testing.TB, from, to string) {
	tb.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		tb.Fatal(err)
	}
	picture := mustDecode(tb, b)
	p := &painter{palette: append(frequent([]shot{{picture: picture}}), color.RGBA{}), known: map[color.RGBA]uint8{}}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, p.paint(picture)); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(to, packed.Bytes(), 0o644); err != nil {
		tb.Fatal(err)
	}
}
