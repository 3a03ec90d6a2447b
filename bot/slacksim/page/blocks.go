package page

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// Renderer renders blocks for one place: a message, a modal, a home tab.
type Renderer struct {
	*Names
	Page   *Page
	Prefix string            // of element IDs: unlike in every place of one page
	Values object            // state.values, where something can be entered
	Errors map[string]string // block_id -> what is wrong with it
	Inside bool              // of a view: inputs do not act by themselves
}

// block is what a template gets: the block and its renderer.
type blockData struct {
	B object
	R *Renderer
}

// elementData is what an element's template gets.
type elementData struct {
	E        object
	R        *Renderer
	ID       string // of the HTML element
	Block    string
	Acts     bool   // a change is sent to the app at once
	Label    string // accessible name where no label element can name it
	Input    bool   // in an input block, which labels it
	Required bool
	Invalid  bool
	Notes    string // IDs of what describes it: hint and error
}

// Blocks renders blocks one after another.
func (r *Renderer) Blocks(v any) (template.HTML, error) {
	var b strings.Builder
	for _, o := range kit.Objects(v) {
		if err := r.Page.execute(&b, "block-", o["type"], blockData{o, r}); err != nil {
			return "", err
		}
	}
	return template.HTML(b.String()), nil
}

// Text renders a text object.
func (r *Renderer) Text(v any) template.HTML {
	o, ok := v.(object)
	if !ok {
		return ""
	}
	text := kit.Text(o["text"])
	if o["type"] == "plain_text" {
		// plain text is shown as it is, but for emoji
		return template.HTML(strings.ReplaceAll(r.emojis(template.HTMLEscapeString(text)), "\n", "<br>"))
	}
	return r.Mrkdwn(text, o["verbatim"] == true)
}

// Plain returns the words of a text object.
func (r *Renderer) Plain(v any) string {
	return kit.Text(kit.ObjectAt(v)["text"])
}

// Rich renders a rich_text block.
func (r *Renderer) Rich(v any) template.HTML { return r.richText(kit.ObjectAt(v)) }

// Confirm returns an element's confirm dialog as JSON for the page's script: the
// words of title and buttons, and the text as HTML.
func (r *Renderer) Confirm(v any) (string, error) {
	o, ok := v.(object)
	if !ok {
		return "", nil
	}
	raw, err := json.Marshal(map[string]string{
		"title": r.Plain(o["title"]), "html": string(r.Text(o["text"])),
		"confirm": r.Plain(o["confirm"]), "deny": r.Plain(o["deny"]), "style": cmp.Or(kit.Text(o["style"]), "primary"),
	})
	return string(raw), err
}

// Element renders an interactive element of a block, or an image in a context.
func (r *Renderer) Element(v any, block object) (template.HTML, error) {
	e, ok := v.(object)
	if !ok {
		return "", nil
	}
	if e["type"] == "plain_text" || e["type"] == "mrkdwn" {
		return r.Text(e), nil
	}
	blockID, action := kit.Text(block["block_id"]), kit.Text(e["action_id"])
	d := elementData{E: e, R: r, Block: blockID, ID: r.Prefix + "-" + blockID + "-" + action}
	d.Input = block["type"] == "input"
	d.Acts = !d.Input || block["dispatch_action"] == true
	d.Required = d.Input && block["optional"] != true
	d.Invalid = r.Errors[blockID] != ""
	d.Label = d.label(block, action)
	d.Notes = d.notes(block)
	var b strings.Builder
	err := r.Page.execute(&b, "element-", e["type"], d)
	return template.HTML(b.String()), err
}

// label names an element: the input block's label, else what its placeholder
// says, else its action.
func (d elementData) label(block object, action string) string {
	for _, v := range []any{block["label"], d.E["placeholder"]} {
		if s := d.R.Plain(v); s != "" {
			return s
		}
	}
	return strings.ReplaceAll(action, "_", " ")
}

// notes are the IDs of an input's hint and error.
func (d elementData) notes(block object) string {
	var ids []string
	if d.Input && block["hint"] != nil {
		ids = append(ids, d.ID+"-note")
	}
	if d.Input && d.Invalid {
		ids = append(ids, d.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Dispatch says when a text input acts: "enter", "char", or both.
func (d elementData) Dispatch() string {
	on := ""
	for _, v := range kit.ListOf(kit.ObjectAt(d.E, "dispatch_action_config")["trigger_actions_on"]) {
		on += map[any]string{"on_enter_pressed": " enter", "on_character_entered": " char"}[v]
	}
	if on == "" {
		return "enter" // Slack's default
	}
	return on[1:]
}

// InputID returns the ID that a label points to.
func (r *Renderer) InputID(block object) string {
	return fmt.Sprintf("%s-%v-%v", r.Prefix, block["block_id"], kit.ObjectAt(block, "element")["action_id"])
}

// FoldID returns the ID of a container that can be folded.
func (r *Renderer) FoldID(block object) string {
	return fmt.Sprintf("%s-%v", r.Prefix, block["block_id"])
}

// Error returns what is wrong with a block.
func (r *Renderer) Error(block object) string { return r.Errors[kit.Text(block["block_id"])] }

// Grouped says whether an input is several controls, which a fieldset names.
func (r *Renderer) Grouped(block object) bool {
	switch kit.ObjectAt(block, "element")["type"] {
	case "radio_buttons", "checkboxes", "multi_users_select", "multi_static_select", "multi_channels_select",
		"multi_conversations_select", "multi_external_select", "file_input":
		return true
	}
	return false
}
