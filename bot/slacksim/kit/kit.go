// Package kit has what the simulated Slack and its page both know of Block Kit.
package kit

import (
	"encoding/json"
	"strings"
)

// Object is a JSON object.
type Object = map[string]any

// ListOf is the list that a value is, or a list of the value; nil for nothing.
func ListOf(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	}
	return []any{v}
}

// Objects are the objects in the list that a value is; what else is in it is left out.
func Objects(v any) (all []Object) {
	for _, x := range ListOf(v) {
		if o, ok := x.(Object); ok {
			all = append(all, o)
		}
	}
	return all
}

// ObjectAt is the object that a value is, or that is inside it below these keys; nil if
// there is none.
func ObjectAt(v any, keys ...string) Object {
	o, _ := v.(Object)
	for _, key := range keys {
		o, _ = o[key].(Object)
	}
	return o
}

// Text is the text that a value is, "" for another.
func Text(v any) string { s, _ := v.(string); return s }

// IntOf reads a whole number of JSON.
func IntOf(v any) (int, bool) {
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	case float64:
		return int(v), true
	case int:
		return v, true
	}
	return 0, false
}

// selected has what the value of each kind of choosing element is called.
var selected = map[string]string{
	"static_select": "option", "external_select": "option", "radio_buttons": "option", "overflow": "option",
	"multi_static_select": "options", "multi_external_select": "options", "checkboxes": "options",
	"users_select": "user", "multi_users_select": "users",
	"conversations_select": "conversation", "multi_conversations_select": "conversations",
	"channels_select": "channel", "multi_channels_select": "channels",
	"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time",
}

// ValueKeys returns the keys of an element's value in state and action, and of its
// initial value in the element.
func ValueKeys(kind string) (key, initial string) {
	switch what := selected[kind]; {
	case what != "":
		return "selected_" + what, "initial_" + what
	case kind == "rich_text_input":
		return "rich_text_value", "initial_value"
	case kind == "file_input":
		return "files", ""
	}
	return "value", "initial_value"
}

// Unescape undoes what Slack demands of text: &amp; &lt; &gt;.
func Unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
