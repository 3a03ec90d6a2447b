package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"factorbot/bot/slacksim/kit"
)

// entry makes the value of an element, as state.values has it, from what the
// page or a test sent: such a value already, or only the bare value.
func (w *Workspace) entry(user string, e object, v any) object {
	kind := kit.Text(e["type"])
	key, _ := kit.ValueKeys(kind)
	full := object{"type": kind}
	if o, ok := v.(object); ok && (o[key] != nil || o["type"] == kind) {
		maps.Copy(full, o)
		v = o[key]
	}
	full[key] = w.complete(user, e, key, v)
	return full
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
		id := kit.Text(x)
		if o, ok := x.(object); ok {
			id = kit.Text(o["id"])
			if content, isNew := o["content"].(string); isNew && id == "" {
				id = w.give(user, UploadedFile{kit.Text(o["name"]), []byte(content)})
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
	all := kit.Objects(e["options"])
	for _, g := range kit.Objects(e["option_groups"]) {
		all = append(all, kit.Objects(g["options"])...)
	}
	for _, o := range all {
		if o["value"] == value {
			return o
		}
	}
	return object{"text": object{"type": "plain_text", "text": value, "emoji": true}, "value": value}
}

// enter stores what a person entered in a view.
func (w *Workspace) enter(v *view, values object) {
	for _, e := range elements(v.blocks()) {
		if x, ok := kit.ObjectAt(values, e.block)[e.action()]; ok {
			e.put(v.values, w.entry(v.user, e.body, x))
		}
	}
}
