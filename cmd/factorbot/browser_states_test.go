package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_states shows the five states that must look right, wide and narrow,
// light and dark, and has axe-core judge each. The screenshots go to the folder in
// SCREENSHOTS, or else to the test's artifacts (go test -artifacts -outputdir). With
// PICTURES, one of them goes to that folder besides: it is the README's.
func TestBrowser_states(t *testing.T) {
	s := mustSandbox(t, "--users", "500", "--rate-limit", "6000", "--latency", "15ms")
	p := mustBrowse(t, s.url+"/")
	shots := os.Getenv("SCREENSHOTS")
	if shots == "" {
		shots = t.ArtifactDir()
	}
	t.Logf("screenshots in %s", shots)
	if folder := os.Getenv("PICTURES"); folder != "" {
		t.Cleanup(func() {
			mustCopy(t, filepath.Join(shots, "2-pending-390-light.png"), filepath.Join(folder, "sandbox-phone.png"))
		})
	}

	p.until(`document.querySelector(".steps [data-sample]")`)
	p.shoot(shots, "1-empty")

	p.click(".steps [data-sample]")
	p.until(`document.querySelector('#messages [data-act="approve"]')`)
	p.shoot(shots, "2-pending")
	p.onFirstScreen("FR-1: reset MFA for 482 users", "Phones replaced", "2 approvals needed", "Whole departments", "Approve", "Review", "Deny")

	p.approveLarge()
	s.await("two fifths to be reset", func() bool { return s.reset() >= 185 })
	s.set(map[string]any{"latency": "4s"}) // so that the state holds still
	p.click(threadOfRequest)
	p.until(`(([, n, of]) => n / of > .36 && n / of < .48)(/(\d+) of (\d+) users: /.exec(document.querySelector("#thread").textContent) || [])`)
	p.shoot(shots, "3-running")

	s.set(map[string]any{"token_revoked": true, "latency": "15ms"})
	p.until(`/FR-1 is paused/.test(document.querySelector("#thread").textContent)`)
	p.shoot(shots, "4-paused")

	s.set(map[string]any{"token_revoked": false})
	p.click(`[data-act="resume"]`)
	p.until(`document.querySelector("#confirm").open || !document.querySelector('[data-act="resume"]')`)
	if p.count("#confirm[open]") == 1 {
		p.confirm()
	}
	p.until(`document.querySelector('#replies a[download="FR-1-results.csv"]')`)
	p.shoot(shots, "5-done")
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
		p.click("#pick-" + who)
		p.until(`document.querySelector("#pick-` + who + `").getAttribute("aria-current") === "true"`)
		p.click(`#messages [data-act="approve"]`)
		p.until(`document.querySelector('dialog.modal[open] [data-input="users"]')`)
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
			p.accessible(name)
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

// mustCopy copies a PNG file, packed tighter.
func mustCopy(tb testing.TB, from, to string) {
	tb.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		tb.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, picture); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(to, packed.Bytes(), 0o644); err != nil {
		tb.Fatal(err)
	}
}
