package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// element is one interactive element of a message or view.
type element struct {
	block string // block_id
	body  object
	input object // the input block it is in, if it is
}

func (e element) str(key string) string { s, _ := e.body[key].(string); return s }
func (e element) action() string        { return e.str("action_id") }

// elements returns every interactive element of the blocks.
func elements(blocks []any) []element {
	var out []element
	for _, o := range everyBlock(blocks) {
		id, _ := o["block_id"].(string)
		for _, e := range elementsOf(o) {
			if !interactive(e) {
				continue
			}
			x := element{block: id, body: e}
			if o["type"] == "input" {
				x.input = o
			}
			out = append(out, x)
		}
	}
	return out
}

// remember keeps the elements that the message shows now: somebody's screen may
// still show them after the next update, and a click on it arrives all the same.
func (m *Message) remember() {
	for _, e := range elements(m.Blocks) {
		known := slices.ContainsFunc(m.shown, func(x element) bool {
			return x.action() == e.action() && x.str("value") == e.str("value") && x.block == e.block
		})
		if !known {
			m.shown = append(m.shown, e)
		}
	}
}

// findElement looks an element up by action, and by block and value if given.
func findElement(list []element, action, block string, value any) (element, bool) {
	var found []element
	for _, e := range list {
		if e.action() == action && (block == "" || e.block == block) {
			found = append(found, e)
		}
	}
	for _, e := range found {
		if v, _ := value.(string); v != "" && e.str("value") == v {
			return e, true
		}
	}
	if len(found) == 0 {
		return element{}, false
	}
	return found[len(found)-1], true
}

// holdsValue says whether an element has a place in state.values.
func holdsValue(e object) bool {
	switch e["type"] {
	case "button", "overflow", "workflow_button", "icon_button", "feedback_buttons":
		return false
	}
	return true
}

// stateOf returns state.values: what was entered, else the initial values.
func stateOf(blocks []any, entered object) object {
	values := object{}
	for _, e := range elements(blocks) {
		if !holdsValue(e.body) {
			continue
		}
		var v any = initialValue(e.body)
		if block, ok := entered[e.block].(object); ok && block[e.action()] != nil {
			v = block[e.action()]
		}
		if values[e.block] == nil {
			values[e.block] = object{}
		}
		values[e.block].(object)[e.action()] = v
	}
	return values
}

// keepEntered drops what was entered into elements that are gone.
func keepEntered(blocks []any, entered object) object {
	kept := object{}
	for _, e := range elements(blocks) {
		block, _ := entered[e.block].(object)
		if v := block[e.action()]; v != nil {
			if kept[e.block] == nil {
				kept[e.block] = object{}
			}
			kept[e.block].(object)[e.action()] = v
		}
	}
	return kept
}

// valueKeys says where an element's value stands in state and action, and where
// its initial value stands in the element.
func valueKeys(kind string) (key, initial string) {
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

func initialValue(e object) object {
	kind, _ := e["type"].(string)
	key, initial := valueKeys(kind)
	v := object{"type": kind, key: e[initial]}
	if e[initial] == nil && (strings.HasPrefix(key, "selected_") && strings.HasSuffix(key, "s") || key == "files") {
		v[key] = []any{}
	}
	return v
}

// entry makes the value of an element, as state.values has it, from what the
// page or a test sent: such a value already, or only the bare value.
func (w *Workspace) entry(e object, v any) object {
	kind, _ := e["type"].(string)
	key, _ := valueKeys(kind)
	if o, ok := v.(object); ok && (o[key] != nil || o["type"] == kind) {
		full := object{"type": kind, key: nil}
		for k, x := range o {
			full[k] = x
		}
		full[key] = w.complete(e, key, full[key])
		return full
	}
	return object{"type": kind, key: w.complete(e, key, v)}
}

// complete turns the bare values of options and files into whole objects.
func (w *Workspace) complete(e object, key string, v any) any {
	if v == "" {
		v = nil
	}
	switch key {
	case "selected_option":
		if s, ok := v.(string); ok {
			return optionOf(e, s)
		}
	case "selected_options", "selected_users", "selected_conversations", "selected_channels", "files":
		out := []any{}
		for _, x := range listOf(v) {
			s, isText := x.(string)
			switch {
			case isText && key == "selected_options":
				out = append(out, optionOf(e, s))
			case isText && key == "files":
				if f := w.files[s]; f != nil {
					out = append(out, w.fileObject(f))
				}
			default:
				out = append(out, x)
			}
		}
		return out
	case "selected_date_time":
		if s, ok := v.(string); ok {
			return json.Number(s)
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

func listOf(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	}
	return []any{v}
}

// optionOf finds an option by its value.
func optionOf(e object, value string) any {
	groups := listOf(e["options"])
	for _, g := range listOf(e["option_groups"]) {
		o, _ := g.(object)
		groups = append(groups, listOf(o["options"])...)
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
		v.values[e.block].(object)[e.action()] = w.entry(e.body, x)
	}
}

// unfilled returns what Slack's own client says before it submits: a required
// input is empty, a text too short or too long.
func (v *view) unfilled() map[string]string {
	wrong := map[string]string{}
	state := v.state()
	for _, e := range elements(v.blocks()) {
		if e.input == nil {
			continue
		}
		block, _ := state[e.block].(object)
		value, _ := block[e.action()].(object)
		kind, _ := e.body["type"].(string)
		key, _ := valueKeys(kind)
		if isEmpty(value[key]) {
			if e.input["optional"] != true {
				wrong[e.block] = "Please complete this required field."
			}
			continue
		}
		if s, ok := value[key].(string); ok {
			if complaint := lengthComplaint(e.body, s); complaint != "" {
				wrong[e.block] = complaint
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

func lengthComplaint(e object, s string) string {
	n := len([]rune(s))
	if e["type"] == "plain_text_input" {
		if low, ok := intOf(e["min_length"]); ok && n < low {
			return fmt.Sprintf("This input must be at least %d characters.", low)
		}
		high, ok := intOf(e["max_length"])
		if !ok {
			high = 3000
		}
		if n > high {
			return fmt.Sprintf("This input must be less than %d characters.", high+1)
		}
	}
	return ""
}

func intOf(v any) (int, bool) {
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
