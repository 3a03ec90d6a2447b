package slacksim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"factorbot/bot/slacksim/kit"
)

// entry makes the value of an element, as state.values has it, from what the
// page or a test sent: such a value already, or only the bare value.
func (w *Workspace) entry(user string, e object, v any) object {
	kind, _ := e["type"].(string)
	key, _ := kit.ValueKeys(kind)
	if o, ok := v.(object); ok && (o[key] != nil || o["type"] == kind) {
		full := object{"type": kind, key: nil}
		for k, x := range o {
			full[k] = x
		}
		full[key] = w.complete(user, e, key, full[key])
		return full
	}
	return object{"type": kind, key: w.complete(user, e, key, v)}
}

// complete turns the bare values of options, files and times into what Slack
// sends for them.
func (w *Workspace) complete(user string, e object, key string, v any) any {
	if v == "" {
		v = nil
	}
	switch key {
	case "selected_option":
		if s, ok := v.(string); ok {
			return optionOf(e, s)
		}
	case "selected_options", "selected_users", "selected_conversations", "selected_channels":
		out := []any{}
		for _, x := range kit.ListOf(v) {
			if s, ok := x.(string); ok && key == "selected_options" {
				x = optionOf(e, s)
			}
			out = append(out, x)
		}
		return out
	case "files":
		return w.filesOf(user, v)
	case "selected_date_time":
		if s, ok := v.(string); ok {
			return moment(s)
		}
	case "value":
		if n, ok := v.(json.Number); ok { // number_input holds text
			return n.String()
		}
		if n, ok := v.(float64); ok {
			return fmt.Sprint(n)
		}
	}
	return v
}

// moment reads Unix seconds, or RFC 3339; anything else stays as it is, to be
// complained about.
func moment(s string) any {
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return json.Number(s)
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return json.Number(strconv.FormatInt(at.Unix(), 10))
	}
	return s
}

// filesOf returns the file objects of a file_input. A file is its ID, an object
// with its "id", or a new one: {"name": "a.csv", "content": "..."}.
func (w *Workspace) filesOf(user string, v any) []any {
	out := []any{}
	for _, x := range kit.ListOf(v) {
		id, _ := x.(string)
		if o, ok := x.(object); ok {
			id, _ = o["id"].(string)
			name, _ := o["name"].(string)
			if content, isNew := o["content"].(string); isNew && id == "" {
				id = w.give(user, UploadedFile{name, []byte(content)})
			}
		}
		if f := w.files[id]; f != nil && f.user == user && !f.deleted {
			f.given = true
			out = append(out, w.fileObject(f))
		}
	}
	return out
}

// optionOf finds an option by its value.
func optionOf(e object, value string) any {
	groups := kit.ListOf(e["options"])
	for _, g := range kit.ListOf(e["option_groups"]) {
		o, _ := g.(object)
		groups = append(groups, kit.ListOf(o["options"])...)
	}
	for _, v := range groups {
		if o, ok := v.(object); ok && o["value"] == value {
			return o
		}
	}
	return object{"text": object{"type": "plain_text", "text": value, "emoji": true}, "value": value}
}

// enter stores what a person entered in a view.
func (w *Workspace) enter(v *view, values object) {
	for _, e := range elements(v.blocks()) {
		block, ok := values[e.block].(object)
		if !ok {
			continue
		}
		x, ok := block[e.action()]
		if !ok {
			continue
		}
		if v.values[e.block] == nil {
			v.values[e.block] = object{}
		}
		v.values[e.block].(object)[e.action()] = w.entry(v.user, e.body, x)
	}
}
