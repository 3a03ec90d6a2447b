package slacksim

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
)

// renderer renders blocks for one place: a message, a modal, a home tab.
type renderer struct {
	*names
	page   *page
	prefix string            // of element IDs: unlike in every place of one page
	values object            // state.values, where something can be entered
	errors map[string]string // block_id -> what is wrong with it
	inside bool              // of a view: inputs do not act by themselves
}

// block is what a template gets: the block and its renderer.
type blockData struct {
	B object
	R *renderer
}

// elementData is what an element's template gets.
type elementData struct {
	E        object
	R        *renderer
	ID       string // of the HTML element
	Block    string
	Acts     bool   // a change is sent to the app at once
	Label    string // accessible name of an input that has no label of its own
	Required bool
	Invalid  bool
}

// Blocks renders blocks one after another.
func (r *renderer) Blocks(v any) (template.HTML, error) {
	var b strings.Builder
	for _, x := range listOf(v) {
		o, ok := x.(object)
		if !ok {
			continue
		}
		t, _ := o["type"].(string)
		name := "block-" + t
		if r.page.templates.Lookup(name) == nil {
			name = "block-unknown"
		}
		if err := r.page.templates.ExecuteTemplate(&b, name, blockData{o, r}); err != nil {
			return "", err
		}
	}
	return template.HTML(b.String()), nil
}

// Text renders a text object.
func (r *renderer) Text(v any) template.HTML {
	o, ok := v.(object)
	if !ok {
		return ""
	}
	text, _ := o["text"].(string)
	if o["type"] == "plain_text" {
		// plain text is shown as it is, but for emoji
		return template.HTML(strings.ReplaceAll(r.emojis(template.HTMLEscapeString(text)), "\n", "<br>"))
	}
	return r.mrkdwn(text, o["verbatim"] == true)
}

// Plain returns the words of a text object.
func (r *renderer) Plain(v any) string {
	o, _ := v.(object)
	text, _ := o["text"].(string)
	return text
}

// Rich renders a rich_text block.
func (r *renderer) Rich(v any) template.HTML {
	o, _ := v.(object)
	return r.richText(o)
}

// Confirm returns an element's confirm dialog as JSON for the page's script: the
// words of title and buttons, and the text as HTML.
func (r *renderer) Confirm(v any) (string, error) {
	o, ok := v.(object)
	if !ok {
		return "", nil
	}
	style, _ := o["style"].(string)
	if style == "" {
		style = "primary"
	}
	raw, err := json.Marshal(map[string]string{
		"title": r.Plain(o["title"]), "html": string(r.Text(o["text"])),
		"confirm": r.Plain(o["confirm"]), "deny": r.Plain(o["deny"]), "style": style,
	})
	return string(raw), err
}

// Cell renders a cell of a table.
func (r *renderer) Cell(v any) template.HTML {
	o, _ := v.(object)
	if o["type"] == "rich_text" {
		return r.richText(o)
	}
	text, _ := o["text"].(string)
	return template.HTML(template.HTMLEscapeString(text))
}

// Element renders an interactive element of a block, or an image in a context.
func (r *renderer) Element(v any, block object) (template.HTML, error) {
	e, ok := v.(object)
	if !ok {
		return "", nil
	}
	t, _ := e["type"].(string)
	if t == "plain_text" || t == "mrkdwn" {
		return r.Text(e), nil
	}
	blockID, _ := block["block_id"].(string)
	action, _ := e["action_id"].(string)
	d := elementData{E: e, R: r, Block: blockID, ID: r.prefix + "-" + blockID + "-" + action}
	isInput := block["type"] == "input"
	d.Acts = !isInput || block["dispatch_action"] == true
	d.Required = isInput && block["optional"] != true
	d.Invalid = r.errors[blockID] != ""
	d.Label = r.Plain(e["placeholder"])
	if d.Label == "" {
		d.Label = strings.ReplaceAll(action, "_", " ")
	}
	name := "element-" + t
	if r.page.templates.Lookup(name) == nil {
		name = "element-unknown"
	}
	var b strings.Builder
	err := r.page.templates.ExecuteTemplate(&b, name, d)
	return template.HTML(b.String()), err
}

// InputID returns the ID that a label points to.
func (r *renderer) InputID(block object) string {
	e, _ := block["element"].(object)
	return fmt.Sprintf("%s-%v-%v", r.prefix, block["block_id"], e["action_id"])
}

// FoldID returns the ID of a container that can be folded.
func (r *renderer) FoldID(block object) string {
	return fmt.Sprintf("%s-%v", r.prefix, block["block_id"])
}

// Error returns what is wrong with a block.
func (r *renderer) Error(block object) string {
	id, _ := block["block_id"].(string)
	return r.errors[id]
}

// Grouped says whether an input is several controls, which a fieldset names.
func (r *renderer) Grouped(block object) bool {
	e, _ := block["element"].(object)
	switch e["type"] {
	case "radio_buttons", "checkboxes", "multi_users_select", "multi_static_select", "multi_channels_select", "multi_conversations_select":
		return true
	}
	return false
}

// held returns what an element holds now, or starts with.
func (d elementData) held() any {
	kind, _ := d.E["type"].(string)
	key, initial := valueKeys(kind)
	if block, ok := d.R.values[d.Block].(object); ok {
		action, _ := d.E["action_id"].(string)
		if o, ok := block[action].(object); ok {
			return o[key]
		}
	}
	return d.E[initial]
}

// ValueText and ValueOption return the words of the chosen option, and the
// option itself as JSON.
func (d elementData) ValueText() string {
	o, _ := d.held().(object)
	return d.R.Plain(o["text"])
}

func (d elementData) ValueOption() (string, error) {
	o, ok := d.held().(object)
	if !ok {
		return "", nil
	}
	raw, err := json.Marshal(o)
	return string(raw), err
}

// Value returns what an element holds now, as text.
func (d elementData) Value() string {
	v := d.held()
	if o, ok := v.(object); ok {
		v = o["value"]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Chosen says whether one of several values is chosen.
func (d elementData) Chosen(value string) bool {
	for _, x := range listOf(d.held()) {
		if o, ok := x.(object); ok {
			x = o["value"]
		}
		if x == value {
			return true
		}
	}
	return false
}

// choice is one thing to choose.
type choice struct{ Value, Text, Description, Group string }

// Choices returns the options of a select, radio or checkbox element: the app's,
// or the workspace's people and channels.
func (d elementData) Choices() []choice {
	var out []choice
	add := func(list any, group string) {
		for _, v := range listOf(list) {
			if o, ok := v.(object); ok {
				value, _ := o["value"].(string)
				out = append(out, choice{value, d.R.Plain(o["text"]), d.R.Plain(o["description"]), group})
			}
		}
	}
	kind, _ := d.E["type"].(string)
	switch {
	case strings.Contains(kind, "users_select"):
		return d.R.page.sorted(d.R.people, "")
	case strings.Contains(kind, "channels_select"), strings.Contains(kind, "conversations_select"):
		return d.R.page.sorted(d.R.channels, "#")
	}
	add(d.E["options"], "")
	for _, g := range listOf(d.E["option_groups"]) {
		if o, ok := g.(object); ok {
			add(o["options"], d.R.Plain(o["label"]))
		}
	}
	return out
}

// Groups returns the choices by their group.
func (d elementData) Groups() [][]choice {
	var out [][]choice
	for _, c := range d.Choices() {
		if n := len(out); n > 0 && out[n-1][0].Group == c.Group {
			out[n-1] = append(out[n-1], c)
			continue
		}
		out = append(out, []choice{c})
	}
	return out
}
