package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// held returns what an element holds now, or starts with.
func (d elementData) held() any {
	key, initial := kit.ValueKeys(kit.Text(d.E["type"]))
	if o := kit.ObjectAt(d.R.Values, d.Block, kit.Text(d.E["action_id"])); o != nil {
		return o[key]
	}
	return d.E[initial]
}

// ValueText and ValueOption return the words of the chosen option, and the
// option itself as JSON.
func (d elementData) ValueText() string {
	return d.R.Plain(kit.ObjectAt(d.held())["text"])
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
	for _, o := range kit.Objects(d.held()) {
		if id, isFile := o["id"].(string); isFile {
			out = append(out, picked{id, kit.Text(o["name"])})
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
	v := bare(d.held())
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Chosen says whether one of several values is chosen.
func (d elementData) Chosen(value string) bool {
	return slices.ContainsFunc(kit.ListOf(d.held()), func(x any) bool { return bare(x) == value })
}

// bare is a value, of an option its own.
func bare(v any) any {
	if o, ok := v.(object); ok {
		return o["value"]
	}
	return v
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
		for _, o := range kit.Objects(list) {
			out = append(out, choice{kit.Text(o["value"]), d.R.Plain(o["text"]), group, d.R.Text(o["text"]), d.R.Text(o["description"])})
		}
	}
	switch kind := kit.Text(d.E["type"]); {
	case strings.Contains(kind, "users_select"):
		present := maps.Clone(d.R.People)
		maps.DeleteFunc(present, func(id, _ string) bool { return d.R.Gone[id] })
		return d.R.Page.sorted(present, "")
	case strings.Contains(kind, "channels_select"), strings.Contains(kind, "conversations_select"):
		return d.R.Page.sorted(d.R.Channels, "#")
	}
	add(d.E["options"], "")
	for _, g := range kit.Objects(d.E["option_groups"]) {
		add(g["options"], d.R.Plain(g["label"]))
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
