package main

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// page is the sandbox's page in a headless browser, and what it did wrong.
type page struct {
	context.Context
	tb        testing.TB
	downloads string // the folder

	mu     sync.Mutex
	faults []string // exceptions, requests to elsewhere
}

// mustBrowse opens the sandbox's page, 1280 pixels wide and light. Without a browser
// the test is skipped, unless CI is set: then it fails.
func mustBrowse(t *testing.T, home string) *page {
	t.Helper()
	path := browserPath()
	if path == "" {
		const missing = "there is no browser on this machine: install Debian's chromium to run this test"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900))
	parent, stop := context.WithTimeout(t.Context(), 3*patience)
	allocator, release := chromedp.NewExecAllocator(parent, options...)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
		release()
		stop()
	})
	p := &page{Context: ctx, tb: t, downloads: t.TempDir()}
	t.Cleanup(p.blameless)
	if err := p.watch(home); err != nil {
		t.Fatal(err)
	}
	p.look(desktop, "light")
	p.run(chromedp.Navigate(home))
	return p
}

func browserPath() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

// watch notes exceptions and requests to anywhere else, and lets files be downloaded.
func (p *page) watch(home string) error {
	own, err := url.Parse(home)
	if err != nil {
		return err
	}
	err = chromedp.Listen(p, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u, err := url.Parse(e.Request.URL); err != nil || u.Host != own.Host && u.Scheme != "data" {
				p.blame("it asked for " + e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			p.blame(e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		return err
	}
	if _, err := chromedp.Call(p, network.Enable, network.EnableParams{}); err != nil {
		return err
	}
	_, err = chromedp.CallBrowser(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: p.downloads,
	})
	return err
}

func (p *page) blame(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fault)
}

func (p *page) blameless() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.tb.Errorf("the page: %s", f)
	}
}

func (p *page) run(actions ...chromedp.Action[chromedp.Void]) {
	p.tb.Helper()
	for _, action := range actions {
		err := chromedp.Do(p, action)
		// The page puts new elements in the place of old ones, perhaps between finding one
		// and using it: then nothing was done yet.
		for try := 0; err != nil && try < 20 && strings.Contains(err.Error(), "Could not find node"); try++ {
			err = chromedp.Do(p, action)
		}
		if err != nil {
			p.tb.Fatalf("%v\n%s", err, p.text())
		}
	}
}

// text is what the page shows.
func (p *page) text() string {
	text, _ := chromedp.Run(p, chromedp.Text("body"))
	return text
}

// until waits until a JavaScript expression is true.
func (p *page) until(expression string) {
	p.tb.Helper()
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(50*time.Millisecond))
	if err := chromedp.Do(p, poll); err != nil {
		p.tb.Fatalf("%s: %v\n%s", expression, err, p.text())
	}
}

// opens presses what opens a modal, or takes effect, until that shows; again, as people do,
// where Slack's three seconds for it were over before the bot had its turn, or it says that
// a service took too long.
func (p *page) opens(press func(), shows string) {
	p.tb.Helper()
	for range 5 {
		press()
		poll := chromedp.Poll[chromedp.Void](shows, chromedp.WithPollingTimeout(patience/5), chromedp.WithPollingInterval(50*time.Millisecond))
		if chromedp.Do(p, poll) == nil {
			return
		}
	}
	p.tb.Fatalf("pressed in vain for %s\n%s", shows, p.text())
}

// click presses the first element that fits, wherever it must be scrolled to.
func (p *page) click(selector string) {
	p.tb.Helper()
	p.until(`document.querySelector(` + quoted(selector) + `)`)
	p.run(chromedp.Click(selector))
}

// drop drags a file from outside over the element and lets go of it.
func (p *page) drop(selector, file string) {
	p.tb.Helper()
	place, err := chromedp.Run(p, chromedp.Evaluate[[]float64](`(() => { const r = document.querySelector(`+quoted(selector)+`).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`))
	if err != nil {
		p.tb.Fatal(err)
	}
	for _, step := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		_, err := chromedp.Call(p, input.DispatchDragEvent, input.DispatchDragEventParams{
			Type: step, X: place[0], Y: place[1], Data: &input.DragData{Items: []*input.DragDataItem{}, Files: []string{file}, DragOperationsMask: 1},
		})
		if err != nil {
			p.tb.Fatal(err)
		}
	}
}

// downloaded waits for a file that the page let one take.
func (p *page) downloaded(s *sandboxRun, name string) []byte {
	p.tb.Helper()
	path := filepath.Join(p.downloads, name)
	s.await("the download of "+name, func() bool {
		_, err := os.Stat(path)
		partial, _ := filepath.Glob(filepath.Join(p.downloads, "*.crdownload"))
		return err == nil && len(partial) == 0
	})
	b, err := os.ReadFile(path)
	if err != nil {
		p.tb.Fatal(err)
	}
	return b
}

// size is that of a screen, in CSS pixels.
type size struct {
	name          string
	width, height int64
	mobile        bool
	scale         float64
}

var (
	desktop = size{name: "1280", width: 1280, height: 860, scale: 1}
	phone   = size{name: "390", width: 390, height: 844, mobile: true, scale: 2}
)

// look makes the page this large, light or dark.
func (p *page) look(s size, scheme string) {
	p.tb.Helper()
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(s.scale)}
	if s.mobile {
		options = append(options, chromedp.EmulateMobile)
	}
	p.run(chromedp.EmulateViewport(s.width, s.height, options...))
	_, err := chromedp.Call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.tb.Fatal(err)
	}
}

// accessible has axe-core judge the page, if the environment says where it is.
func (p *page) accessible(state string) {
	p.tb.Helper()
	path := os.Getenv("AXE_CORE")
	if path == "" {
		return
	}
	source, err := os.ReadFile(path)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.run(chromedp.Evaluate[chromedp.Void]("window.axe || (() => {" + string(source) + "})(); 0"))
	found, err := chromedp.Run(p, chromedp.Evaluate[[]string](`axe.run().then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join("\n")))`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.tb.Fatal(err)
	}
	for _, f := range found {
		p.tb.Errorf("%s: axe: %s", state, f)
	}
}

// fits fails if the page can be scrolled sideways.
func (p *page) fits(state string) {
	p.tb.Helper()
	over, err := chromedp.Run(p, chromedp.Evaluate[[]string](`[...document.querySelectorAll("body, main, aside, .scroll")]
		.filter((el) => el.scrollWidth > el.clientWidth + 1 && el.checkVisibility()).map((el) => el.tagName + "#" + el.id + " " + el.scrollWidth + " > " + el.clientWidth)`))
	if err != nil {
		p.tb.Fatal(err)
	}
	if slices.ContainsFunc(over, func(s string) bool { return s != "" }) {
		p.tb.Errorf("%s: wider than the screen: %s", state, strings.Join(over, ", "))
	}
}
