package slacksim

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// browser is a page in a headless browser, and what it should not have done.
type browser struct {
	context.Context
	mu     sync.Mutex
	faults []string // errors in its console, requests to elsewhere
}

func mustBrowse(t *testing.T, home string) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no browser on this machine")
		}
		t.Skip("there is no browser on this machine")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900))
	parent, stop := context.WithTimeout(t.Context(), 15*time.Minute)
	allocator, release := chromedp.NewExecAllocator(parent, options...)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
		release()
		stop()
	})
	b := &browser{Context: ctx}
	own, _ := url.Parse(home)
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u, err := url.Parse(e.Request.URL); err != nil || u.Host != own.Host && u.Scheme != "data" {
				b.blame("it asked for " + e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			b.blame(e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.run(t, chromedp.Navigate(home))
	return b
}

func (b *browser) blame(fault string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, fault)
}

func (b *browser) run(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		t.Fatal(err)
	}
}

// until waits until a JavaScript expression is true.
func (b *browser) until(t *testing.T, expression string) {
	t.Helper()
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(5*time.Minute), chromedp.WithPollingInterval(50*time.Millisecond))
	if err := chromedp.Do(b, poll); err != nil {
		text, _ := chromedp.Run(b, chromedp.Text("body"))
		t.Fatalf("%s: %v\n%s", expression, err, text)
	}
}

// accessible has axe-core judge the page, if the environment says where it is.
func (b *browser) accessible(t *testing.T, state string) {
	t.Helper()
	path := os.Getenv("AXE_CORE")
	if path == "" {
		return
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b.run(t, chromedp.Evaluate[chromedp.Void](string(source)+";0"))
	found, err := chromedp.Run(b, chromedp.Evaluate[[]string](`axe.run().then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s: axe: %s", state, f)
	}
}

// asker answers an upload with a question, a press of its button with a modal,
// and the modal with an ephemeral message.
func asker(t *testing.T, p *place) func(*socketmode.Client, socketmode.Event) {
	text := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	button := slack.NewButtonBlockElement("approve", "FR-1:-", text("Approve")).WithStyle(slack.StylePrimary)
	button.Confirm = slack.NewConfirmationBlockObject(text("Sure?"), slack.NewTextBlockObject("mrkdwn", "It *cannot* be undone.", false, false), text("Yes"), text("No"))
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	return func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		switch data := e.Data.(type) {
		case slackevents.EventsAPIEvent:
			if m, ok := data.InnerEvent.Data.(*slackevents.MessageEvent); ok && m.SubType == "file_share" && m.BotID == "" {
				_, _, err := p.api.PostMessage(m.Channel, slack.MsgOptionText("a request", false), slack.MsgOptionBlocks(
					slack.NewHeaderBlock(text("FR-1: a request")), slack.NewActionBlock("b", button)))
				check(err)
			}
		case slack.SlashCommand:
			check(slack.PostWebhook(data.ResponseURL, &slack.WebhookMessage{Text: "you asked for " + data.Text}))
		case slack.InteractionCallback:
			if data.Type == slack.InteractionTypeBlockActions {
				_, err := p.api.OpenView(data.TriggerID, modal())
				check(err)
				return
			}
			_, err := p.api.PostEphemeral("C_FACTORS", data.User.ID, slack.MsgOptionText("thank you: "+data.View.State.Values["why"]["reason"].Value, false))
			check(err)
		}
	}
}

// TestBrowser does by mouse and keyboard what people do.
func TestBrowser(t *testing.T) {
	org := newMade(40)
	p := mustServe(t, Options{Org: org, Sample: func() []byte { return []byte("id\n00u1\n") }})
	p.mustConnect(t, asker(t, p))
	b := mustBrowse(t, p.server.URL+"/")

	b.accessible(t, "empty")
	b.until(t, `[...document.querySelectorAll(".pick-name")].length > 5 && [...document.querySelectorAll(".pick-name")].every((name) => name.offsetWidth > 40)`) // faces have names

	// The steps go away when they are closed, and are there at the next visit.
	b.until(t, `document.querySelector("[data-tour]").checkVisibility()`)
	b.run(t, chromedp.Click("[data-tour-off]"))
	b.until(t, `!document.querySelector("[data-tour]").checkVisibility()`)
	b.run(t, chromedp.Evaluate[chromedp.Void](`sessionStorage.clear()`), chromedp.Reload()) // as in a new window
	b.until(t, `document.querySelector("[data-tour]").checkVisibility()`)

	// Whoever chooses a face and at once a channel goes there as that person.
	b.run(t, chromedp.Evaluate[chromedp.Void](`(() => {
		document.querySelector("#pick-U_ANA").click();
		document.querySelector('#sidebar a[href*="C_GENERAL"]').click();
	})()`))
	b.until(t, `document.querySelector("#sidebar .me strong").textContent === "Ana Lima" && document.querySelector("#conversation").dataset.here === "C_GENERAL"`)
	b.run(t, chromedp.Click("#pick-U_REQUESTER"), chromedp.Click(`#sidebar a[href*="C_FACTORS"]`))

	// The sample roster, a press of the button as somebody else, a modal.
	b.run(t, chromedp.Click(".steps [data-sample]"))
	b.until(t, `document.querySelector("#messages .file strong")?.textContent === "sample.csv"`)
	b.until(t, `document.querySelectorAll(".hint [data-pick]").length === 2`)
	b.run(t, chromedp.Click(`.hint [data-pick="U_APPROVER1"]`))
	b.until(t, `document.querySelector("#sidebar .me strong").textContent === "Avery Stone"`)
	b.run(t, chromedp.Click(`[data-act="approve"]`))
	b.until(t, `document.querySelector("#confirm").open && document.querySelector("#confirm-text strong").textContent === "cannot"`)
	b.run(t, chromedp.Click("#confirm-yes"))
	b.until(t, `document.querySelector("dialog.modal")?.open && document.activeElement.dataset.input === "reason"`)
	b.run(t, chromedp.Click("dialog.modal [type=submit]"))
	b.until(t, `document.querySelector("dialog.modal .error")?.textContent.includes("required")`)
	b.accessible(t, "modal with an error")
	b.run(t, chromedp.SendKeys("dialog.modal [data-input]", "lost phone\r"))
	b.until(t, `!document.querySelector("dialog.modal")`)
	b.until(t, `document.querySelector(".msg.only .text")?.textContent === "thank you: lost phone"`)

	// A command with the keyboard alone, from the suggestions.
	b.run(t, chromedp.Focus("#text-C_FACTORS"), chromedp.KeyEvent("/fac"))
	b.until(t, `document.querySelectorAll(".suggest li").length > 3`)
	b.run(t, chromedp.KeyEvent("\t"), chromedp.KeyEvent("help"), chromedp.KeyEvent("\r"))
	b.until(t, `[...document.querySelectorAll(".msg.only .text")].some((x) => x.textContent === "you asked for help")`)
	b.until(t, `document.querySelector(".suggest").hidden`)

	// A factor vanishes before one's eyes, and what is typed stays meanwhile.
	b.run(t, chromedp.Focus("#text-C_FACTORS"), chromedp.KeyEvent("half a sen"))
	org.reset(1)
	b.until(t, `document.querySelector("#u-00u00000000000000001 .none")`)
	b.until(t, `document.querySelector("#text-C_FACTORS").value.trim() === "half a sen"`)

	// Search, a switch, a thread, a direct message.
	b.run(t, chromedp.SendKeys("#find", "user 17"))
	b.until(t, `document.querySelectorAll(".users > li").length === 1`)
	b.run(t, chromedp.Click(`[data-switch="enrol_again"]`))
	b.until(t, `document.querySelector('[data-switch="enrol_again"]').getAttribute("aria-checked") === "true"`)
	if on := org.State(OrgQuery{}).Settings["enrol_again"]; on == nil || on == false || on == 0.0 {
		t.Error("the switch did not reach the org")
	}
	b.run(t, chromedp.Evaluate[chromedp.Void](`document.querySelector("#messages [data-thread-open]").click()`))
	b.until(t, `document.querySelectorAll("#replies .msg").length === 1`)
	b.run(t, chromedp.SendKeys("#thread textarea", "in the thread\r"))
	b.until(t, `document.querySelectorAll("#replies .msg").length === 2`)
	if _, _, err := p.api.PostMessage("U_APPROVER1", slack.MsgOptionText("only for you", false)); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.querySelector('#sidebar a[href*="D_APPROVER1"] .count')`)

	b.accessible(t, "thread")

	// A reload takes away what only this person saw.
	b.run(t, chromedp.Reload())
	b.until(t, `document.querySelectorAll(".msg").length > 0 && !document.querySelector(".msg.only")`)

	// On a phone there is room to type.
	b.run(t, chromedp.EmulateViewport(390, 844), chromedp.Click(`[data-pane-to="conversation"]`), chromedp.Focus("#text-C_FACTORS"))
	b.until(t, `document.querySelector("#text-C_FACTORS").offsetWidth > 300`)

	// While Slack is down nothing is sent, and what was typed stays.
	mustSet(t, p.Workspace, `{"slack_down": true}`)
	b.until(t, `document.querySelector(".outage")`)
	b.run(t, chromedp.SendKeys("#text-C_FACTORS", "into the void\r"))
	b.until(t, `document.querySelector("#toasts").textContent.includes("wasn't sent") && document.querySelector("#text-C_FACTORS").value.trim() === "into the void"`)

	// A page whose sandbox has stopped says so.
	b.until(t, `document.querySelector("#stopped").hidden`)
	p.Close()
	p.server.Close()
	b.until(t, `document.querySelector("#stopped").checkVisibility()`)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.faults != nil {
		t.Error(strings.Join(b.faults, "\n"))
	}
}
