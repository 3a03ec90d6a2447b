package slacksim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

func plainText(s string) object { return object{"type": "plain_text", "text": s} }
func mrkdwn(s string) object    { return object{"type": "mrkdwn", "text": s} }

func pressable(action, words, style string) object {
	b := object{"type": "button", "action_id": action, "value": "FR-1:" + action, "text": plainText(words)}
	if style != "" {
		b["style"] = style
	}
	return b
}

func inputBlock(id, label string, e object, more object) object {
	e["action_id"] = id
	b := object{"type": "input", "block_id": id, "label": plainText(label), "element": e}
	for k, v := range more {
		b[k] = v
	}
	return b
}

func radioOptions(words ...string) []any {
	var out []any
	for _, s := range words {
		out = append(out, object{"text": mrkdwn("*" + s + "*"), "value": strings.ToLower(s)})
	}
	return out
}

// askModal is a request form whose fields depend on "whom".
func askModal(whom string) object {
	options := radioOptions("People", "Group", "File")
	chosen := options[0]
	for _, o := range options {
		if o.(object)["value"] == whom {
			chosen = o
		}
	}
	radio := object{"type": "radio_buttons", "options": options, "initial_option": chosen}
	blocks := []any{
		object{"type": "alert", "level": "warning", "text": mrkdwn("Resets cannot be *undone*.")},
		inputBlock("whom", "Whom", radio, object{"dispatch_action": true}),
	}
	optional := object{"optional": true}
	switch whom {
	case "group":
		blocks = append(blocks,
			inputBlock("group", "Okta group", object{"type": "external_select", "min_query_length": 1}, nil),
			inputBlock("except", "But not those of", object{"type": "multi_external_select", "min_query_length": 1}, optional))
	case "file":
		blocks = append(blocks, inputBlock("roster", "Roster", object{"type": "file_input", "filetypes": []any{"csv"}, "max_files": 1}, object{"hint": plainText("A CSV of at most 10 MB.")}))
	default:
		blocks = append(blocks, inputBlock("people", "Slack people", object{"type": "multi_users_select", "max_selected_items": 3}, optional))
	}
	factors := radioOptions("SMS", "Call", "Push")
	blocks = append(blocks,
		inputBlock("factors", "Which factors", object{"type": "checkboxes", "options": factors}, optional),
		inputBlock("reason", "Reason", object{"type": "plain_text_input", "multiline": true, "focus_on_load": true}, object{"hint": plainText("With a ticket number.")}),
		inputBlock("at", "When", object{"type": "datetimepicker", "initial_date_time": 1795600000}, optional),
		inputBlock("mode", "Sessions", object{"type": "static_select", "options": []any{object{"text": plainText("Keep"), "value": "keep"}, object{"text": plainText("Revoke"), "value": "revoke"}}}, optional),
		object{"type": "actions", "block_id": "more", "elements": []any{pressable("preview", "Preview", "")}})
	return object{"type": "modal", "callback_id": "ask", "title": plainText("Reset factors"), "submit": plainText("Ask"), "close": plainText("Cancel"), "private_metadata": "C_FACTORS", "blocks": blocks}
}

func previewModal(query string) object {
	search := object{"type": "plain_text_input", "dispatch_action_config": object{"trigger_actions_on": []any{"on_character_entered"}}}
	var rows []any
	for i := range 25 {
		login := fmt.Sprintf("user%d@example.com", i+1)
		if strings.Contains(login, query) {
			rows = append(rows, object{"type": "section", "block_id": login, "text": mrkdwn(login), "accessory": object{
				"type": "checkboxes", "action_id": "take_out", "options": []any{object{"text": plainText("Take out"), "value": login}},
			}})
		}
	}
	blocks := append([]any{inputBlock("search", "Search", search, object{"dispatch_action": true, "optional": true})}, rows...)
	return object{"type": "modal", "callback_id": "preview", "title": plainText("Preview"), "submit": plainText("Done"), "close": plainText("Back"), "blocks": blocks}
}

func homeView() object {
	return object{"type": "home", "blocks": []any{
		object{"type": "header", "text": plainText("factorbot")},
		object{"type": "card", "block_id": "card", "title": mrkdwn("FR-1 waits for you"), "subtitle": mrkdwn("50 users"), "body": mrkdwn("Asked by <@U_REQUESTER>, <!date^1795600000^{date_short_pretty} {time}|then>"),
			"actions": []any{pressable("approve", "Approve", "primary"), pressable("deny", "Deny", "danger")}},
		object{"type": "container", "block_id": "policy", "title": plainText("The policy"), "is_collapsible": true, "default_collapsed": true, "child_blocks": []any{object{"type": "section", "text": mrkdwn("Two approvals over 100 users.")}}},
	}}
}

// summary is a message with every block that lays something out.
func summary() []any {
	head := []any{object{"type": "raw_text", "text": "Login"}, object{"type": "raw_text", "text": "Factors"}}
	rows, wide := []any{head}, []any{head}
	for i := range 12 {
		row := []any{object{"type": "raw_text", "text": fmt.Sprintf("user%d@example.com", i+1)}, object{"type": "raw_number", "value": 12 - i, "text": fmt.Sprint(12 - i)}}
		rows = append(rows, row)
		if i < 2 {
			wide = append(wide, row)
		}
	}
	return []any{
		object{"type": "data_table", "caption": "Users", "rows": rows},
		object{"type": "container", "block_id": "fold", "title": plainText("Details"), "subtitle": plainText("2 rows"), "is_collapsible": true, "default_collapsed": true, "child_blocks": []any{
			object{"type": "table", "rows": wide, "column_settings": []any{object{"align": "left"}, object{"align": "right"}}},
			object{"type": "actions", "block_id": "inner", "elements": []any{pressable("open", "Open", "")}},
		}},
		object{"type": "card", "title": mrkdwn("FR-1"), "body": mrkdwn("12 users were reset"), "actions": []any{pressable("retry_failed", "Retry", "")}},
	}
}

// surfaces is an app that uses all that Slack has.
func surfaces(t *testing.T, p *place, pressed chan<- string) func(*socketmode.Client, socketmode.Event) {
	call := func(method string, body object) {
		if o := callAPI(p.Workspace, method, body); o["ok"] != true {
			t.Errorf("%s: %v", method, o)
		}
	}
	act := func(data slack.InteractionCallback) {
		a := data.ActionCallback.BlockActions[0]
		switch a.ActionID {
		case "whom":
			call("views.update", object{"view_id": data.View.ID, "hash": data.View.Hash, "view": askModal(a.SelectedOption.Value)})
		case "preview":
			call("views.push", object{"trigger_id": data.TriggerID, "view": previewModal("")})
		case "search":
			call("views.update", object{"view_id": data.View.ID, "view": previewModal(a.Value)})
		default:
			pressed <- a.ActionID + " " + a.BlockID
		}
	}
	return func(c *socketmode.Client, e socketmode.Event) {
		var answer any
		data, isInteraction := e.Data.(slack.InteractionCallback)
		if isInteraction {
			answer = answerTo(data)
		}
		_ = c.Ack(*e.Request, answer)
		switch other := e.Data.(type) {
		case slack.SlashCommand:
			call("views.open", object{"trigger_id": other.TriggerID, "view": askModal("people")})
		case slackevents.EventsAPIEvent:
			if opened, ok := other.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); ok {
				call("views.publish", object{"user_id": opened.User, "view": homeView()})
			}
		}
		if isInteraction && data.Type == slack.InteractionTypeBlockActions {
			act(data)
		}
		if isInteraction && data.Type == slack.InteractionTypeViewSubmission && answer == nil {
			pressed <- submission(data)
		}
	}
}

// answerTo is what the app says in its acknowledgement.
func answerTo(data slack.InteractionCallback) any {
	switch data.Type {
	case slack.InteractionTypeBlockSuggestion:
		var options []any
		for _, name := range []string{"Contractors", "Sales", "Support"} {
			if strings.Contains(strings.ToLower(name), strings.ToLower(data.Value)) {
				options = append(options, object{"text": plainText(name), "value": "00g" + name})
			}
		}
		return object{"options": options}
	case slack.InteractionTypeViewSubmission:
		if data.View.CallbackID == "ask" && !strings.Contains(data.View.State.Values["reason"]["reason"].Value, "OPS-") {
			return object{"response_action": "errors", "errors": object{"reason": "Give a ticket number, such as OPS-1."}}
		}
	}
	return nil
}

func submission(data slack.InteractionCallback) string {
	values := data.View.State.Values
	words := []string{data.View.CallbackID}
	if v := values["group"]["group"].SelectedOption.Value; v != "" {
		words = append(words, v)
	}
	for _, o := range values["except"]["except"].SelectedOptions {
		words = append(words, o.Value)
	}
	for _, f := range values["roster"]["roster"].Files {
		words = append(words, f.Name)
	}
	return strings.Join(words, " ")
}

// shoot takes what is seen at both widths, light and dark, and has it judged.
func (b *browser) shoot(t *testing.T, state string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		folder = t.ArtifactDir()
	}
	for _, s := range []struct {
		name          string
		width, height int64
	}{{"390", 390, 844}, {"1280", 1280, 860}} {
		for _, scheme := range []string{"dark", "light"} {
			b.run(t, chromedp.EmulateViewport(s.width, s.height))
			if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			}); err != nil {
				t.Fatal(err)
			}
			b.until(t, `document.getAnimations().every((a) => a.playState !== "running" || a.effect.getTiming().iterations === Infinity)`)
			name := state + "-" + s.name + "-" + scheme
			b.accessible(t, name)
			b.fits(t, name)
			picture, err := chromedp.Run(b, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// fits fails if anything that scrolls can be scrolled sideways.
func (b *browser) fits(t *testing.T, state string) {
	t.Helper()
	over, err := chromedp.Run(b, chromedp.Evaluate[[]string](`[...document.querySelectorAll("body, main, aside, dialog, .scroll")]
		.filter((el) => el.scrollWidth > el.clientWidth + 1 && el.checkVisibility()).map((el) => el.tagName + "#" + el.id)`))
	if err != nil {
		t.Fatal(err)
	}
	if len(over) > 0 {
		t.Errorf("%s: wider than the screen: %s", state, strings.Join(over, ", "))
	}
}

func (b *browser) await(t *testing.T, pressed <-chan string, want string) {
	t.Helper()
	select {
	case got := <-pressed:
		if got != want {
			t.Fatalf("the app heard %q, want %q", got, want)
		}
	case <-b.Done():
		t.Fatalf("the app did not hear %q", want)
	}
}

// TestBrowser_modal fills in a form with every input, two modals deep.
func TestBrowser_modal(t *testing.T) {
	p := mustServe(t, Options{})
	pressed := make(chan string, 10)
	p.mustConnect(t, surfaces(t, p, pressed))
	b := mustBrowse(t, p.server.URL+"/")

	b.run(t, chromedp.SendKeys("#text-C_FACTORS", "/factor-reset\r"))
	b.until(t, `document.activeElement?.dataset.input === "reason"`)
	b.run(t, chromedp.Click(`[data-input="people"] input`))
	b.shoot(t, "1-people")

	// Another choice brings other fields; what was typed stays.
	b.run(t, chromedp.SendKeys(`[data-input="reason"]`, "lost phone"), chromedp.Click(`[data-input="whom"] [value="group"]`))
	b.until(t, `document.querySelector('[data-input="group"]') && document.querySelector('[data-input="reason"]').value === "lost phone"`)
	b.run(t, chromedp.SendKeys(`[data-input="group"]`, "contr"))
	b.until(t, `document.querySelector('[data-input="group"]').list.options.length === 1`)
	b.run(t, chromedp.SetValue(`[data-input="group"]`, "Contractors"))
	for i, name := range []string{"Sales", "Support"} {
		b.run(t, chromedp.SendKeys(`[data-input="except"] input`, "s"))
		b.until(t, `document.querySelector('[data-input="except"] input').list.options.length === 3`)
		b.run(t, chromedp.Evaluate[chromedp.Void](`(() => { const el = document.querySelector('[data-input="except"] input'); el.value = "`+name+`"; el.dispatchEvent(new Event("change", { bubbles: true })); })()`))
		b.until(t, fmt.Sprintf(`document.querySelectorAll('[data-input="except"] .picked li').length === %d`, i+1))
	}
	b.run(t, chromedp.Click(`[data-input="except"] [aria-label="Remove Sales"]`))
	b.run(t, chromedp.Click("dialog.modal [type=submit]"))
	b.until(t, `document.querySelector("dialog.modal .error")?.textContent.includes("OPS-1")`)
	b.until(t, `document.activeElement.dataset.input === "reason" && document.activeElement.getAttribute("aria-describedby").split(" ").every((id) => document.getElementById(id))`)
	b.shoot(t, "2-error")

	// A modal on top: its search acts with every letter, Escape goes back.
	b.run(t, chromedp.Click(`[data-act="preview"]`))
	b.until(t, `document.querySelector('[data-input="search"]') === document.activeElement && document.querySelectorAll('[data-input="take_out"]').length === 25`)
	b.run(t, chromedp.KeyEvent("user2"))
	b.until(t, `document.querySelectorAll('[data-input="take_out"]').length === 7 && document.activeElement.value === "user2"`)
	b.run(t, chromedp.Click(`[data-input="take_out"] input`))
	b.await(t, pressed, "take_out user2@example.com")
	b.shoot(t, "3-preview")
	b.run(t, chromedp.KeyEvent("\x1b"))
	b.until(t, `document.querySelector('[data-input="reason"]')?.value === "lost phone" && document.querySelector('[data-input="group"]').value === "Contractors"`)

	b.run(t, chromedp.SendKeys(`[data-input="reason"]`, " OPS-7"), chromedp.Click("dialog.modal [type=submit]"))
	b.await(t, pressed, "ask 00gContractors 00gSupport")
	b.until(t, `!document.querySelector("dialog.modal")`)
	b.blameless(t)
}

// TestBrowser_file puts a file into a file_input, and takes it out again.
func TestBrowser_file(t *testing.T) {
	p := mustServe(t, Options{})
	pressed := make(chan string, 10)
	p.mustConnect(t, surfaces(t, p, pressed))
	b := mustBrowse(t, p.server.URL+"/")
	roster := filepath.Join(t.TempDir(), "roster.csv")
	if err := os.WriteFile(roster, []byte("id\n00u1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t, chromedp.SendKeys("#text-C_FACTORS", "/factor-reset\r"))
	b.until(t, `document.querySelector('[data-input="whom"]')`)
	b.run(t, chromedp.Click(`[data-input="whom"] [value="file"]`))
	b.until(t, `document.querySelector('[data-input="roster"]')`)
	for range 2 {
		b.run(t, chromedp.SetUploadFiles(`[data-input="roster"] input`, []string{roster}))
		b.until(t, `document.querySelector('[data-input="roster"] li')?.textContent.includes("roster.csv")`)
		b.run(t, chromedp.Click(`[data-input="roster"] [data-unpick]`))
		b.until(t, `!document.querySelector('[data-input="roster"] li')`)
	}
	b.run(t, chromedp.SetUploadFiles(`[data-input="roster"] input`, []string{roster}), chromedp.SendKeys(`[data-input="reason"]`, "OPS-7"))
	b.until(t, `document.querySelector('[data-input="roster"] li')`)
	b.shoot(t, "4-file")
	b.run(t, chromedp.Click("dialog.modal [type=submit]"))
	b.await(t, pressed, "ask roster.csv")
	b.blameless(t)
}

// TestBrowser_home opens the home tab, a direct message and a message with tables.
func TestBrowser_home(t *testing.T) {
	p := mustServe(t, Options{})
	pressed := make(chan string, 10)
	p.mustConnect(t, surfaces(t, p, pressed))
	b := mustBrowse(t, p.server.URL+"/?user=U_APPROVER1&channel=home")

	b.until(t, `document.querySelector(".homeview .b-card")`)
	b.until(t, `!document.querySelector(".homeview details").open`)
	b.run(t, chromedp.Click(".homeview summary"))
	b.shoot(t, "5-home")
	b.run(t, chromedp.Click(`.homeview [data-act="approve"]`))
	b.await(t, pressed, "approve card")

	// News for somebody else, and a button in a direct message.
	notice := []any{object{"type": "section", "text": mrkdwn("Your factors were reset.")}, object{"type": "actions", "block_id": "n", "elements": []any{pressable("not_me", "That wasn't me", "danger")}}}
	if o := callAPI(p.Workspace, "chat.postMessage", object{"channel": "U_ANA", "text": "reset", "blocks": notice}); o["ok"] != true {
		t.Fatal(o)
	}
	b.until(t, `document.querySelector("#pick-U_ANA.news")`)
	b.run(t, chromedp.Click("#pick-U_ANA"))
	b.until(t, `document.querySelector('#sidebar a[href*="D_ANA"] .count')?.textContent.startsWith("1")`)
	b.run(t, chromedp.Click(`#sidebar a[href*="D_ANA"]`))
	b.until(t, `document.querySelector('#messages [data-act="not_me"]') && !document.querySelector("#pick-U_ANA.news")`)
	b.shoot(t, "6-direct")
	b.run(t, chromedp.Click(`#messages [data-act="not_me"]`))
	b.await(t, pressed, "not_me n")

	// Tables turn their pages and sort; a folded container stays as it was left.
	if o := callAPI(p.Workspace, "chat.postMessage", object{"channel": "C_FACTORS", "text": "summary", "blocks": summary()}); o["ok"] != true {
		t.Fatal(o)
	}
	b.run(t, chromedp.Click(`#sidebar a[href*="C_FACTORS"]`))
	shown := `[...document.querySelectorAll(".b-data tbody tr:not([hidden])")].map((r) => r.textContent).join(" ")`
	b.until(t, `(`+shown+`).startsWith("user1@example.com12") && document.querySelector(".b-pages [role=status]").textContent === "1 to 5 of 12"`)
	b.run(t, chromedp.Click(`.b-data [data-turn="1"]`), chromedp.Click(".b-container summary"))
	b.until(t, `(`+shown+`).startsWith("user6@example.com7")`)
	b.shoot(t, "7-tables")
	b.run(t, chromedp.Click(`.b-data th:nth-child(2) button`))
	b.until(t, `(`+shown+`).startsWith("user12@example.com1 ")`)
	if _, err := p.Say("U_ANA", "C_FACTORS", "something else", ""); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.querySelectorAll("#messages .msg").length === 2`)
	b.until(t, `(`+shown+`).startsWith("user12@example.com1 ") && document.querySelector(".b-container").open`)
	b.run(t, chromedp.Click(`.b-container [data-act="open"]`))
	b.await(t, pressed, "open inner")

	// The bot is taken out of the channel and invited again.
	b.run(t, chromedp.SendKeys("#text-C_FACTORS", "/remove @factorbot \r"))
	b.until(t, `document.querySelector("[data-command]")`)
	b.run(t, chromedp.Click("[data-command]"))
	b.until(t, `!document.querySelector("[data-command]")`)
	b.blameless(t)
}

func (b *browser) blameless(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		t.Error(f)
	}
}
