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

// ValueKeys returns the keys of an element's value in state and action, and of its
// initial value in the element.
func ValueKeys(kind string) (key, initial string) {
	switch kind {
	case "static_select", "external_select", "radio_buttons", "overflow":
		return "selected_option", "initial_option"
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options", "initial_options"
	case "users_select":
		return "selected_user", "initial_user"
	case "multi_users_select":
		return "selected_users", "initial_users"
	case "conversations_select":
		return "selected_conversation", "initial_conversation"
	case "multi_conversations_select":
		return "selected_conversations", "initial_conversations"
	case "channels_select":
		return "selected_channel", "initial_channel"
	case "multi_channels_select":
		return "selected_channels", "initial_channels"
	case "datepicker":
		return "selected_date", "initial_date"
	case "timepicker":
		return "selected_time", "initial_time"
	case "datetimepicker":
		return "selected_date_time", "initial_date_time"
	case "rich_text_input":
		return "rich_text_value", "initial_value"
	case "file_input":
		return "files", ""
	}
	return "value", "initial_value"
}

// Unescape undoes what Slack demands of text: &amp; &lt; &gt;.
func Unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
