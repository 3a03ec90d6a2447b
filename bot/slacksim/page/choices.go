package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// held returns what an element holds now, or starts with.
func (d elementData) held() any {
	kind, _ := d.E["type"].(string)
	key, initial := kit.ValueKeys(kind)
	if block, ok := d.R.Values[d.Block].(object); ok {
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

// picked is one thing that was picked: an option as JSON and its words, or a
// file's ID and its name.
type picked struct{ JSON, Text string }

// Picked returns the options or files that an element holds.
func (d elementData) Picked() ([]picked, error) {
	var out []picked
	for _, v := range kit.ListOf(d.held()) {
		o, ok := v.(object)
		if !ok {
			continue
		}
		if id, isFile := o["id"].(string); isFile {
			name, _ := o["name"].(string)
			out = append(out, picked{id, name})
			continue
		}
		raw, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		out = append(out, picked{string(raw), d.R.Plain(o["text"])})
	}
	return out, nil
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
	for _, x := range kit.ListOf(d.held()) {
		if o, ok := x.(object); ok {
			x = o["value"]
		}
		if x == value {
			return true
		}
	}
	return false
}

// choice is one thing to choose: its words, and how they look.
type choice struct {
	Value, Text, Group string
	HTML, Note         template.HTML
}

// Choices returns the options of a select, radio or checkbox element: the app's,
// or the workspace's people and channels.
func (d elementData) Choices() []choice {
	var out []choice
	add := func(list any, group string) {
		for _, v := range kit.ListOf(list) {
			if o, ok := v.(object); ok {
				value, _ := o["value"].(string)
				out = append(out, choice{value, d.R.Plain(o["text"]), group, d.R.Text(o["text"]), d.R.Text(o["description"])})
			}
		}
	}
	kind, _ := d.E["type"].(string)
	switch {
	case strings.Contains(kind, "users_select"):
		present := maps.Clone(d.R.People)
		maps.DeleteFunc(present, func(id, _ string) bool { return d.R.Gone[id] })
		return d.R.Page.sorted(present, "")
	case strings.Contains(kind, "channels_select"), strings.Contains(kind, "conversations_select"):
		return d.R.Page.sorted(d.R.Channels, "#")
	}
	add(d.E["options"], "")
	for _, g := range kit.ListOf(d.E["option_groups"]) {
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
