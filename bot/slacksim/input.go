package slacksim

import (
	"slices"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// element is one interactive element of a message or view.
type element struct {
	block string // block_id
	body  object
	input object // the input block it is in, if it is
}

func (e element) str(key string) string { return kit.Text(e.body[key]) }
func (e element) action() string        { return e.str("action_id") }

// put keeps a value in the element's place of state.values.
func (e element) put(values object, v any) {
	if values[e.block] == nil {
		values[e.block] = object{}
	}
	values[e.block].(object)[e.action()] = v
}

// elements returns every interactive element of the blocks.
func elements(blocks []any) []element {
	var out []element
	for _, o := range everyBlock(blocks) {
		for _, e := range elementsOf(o) {
			if !interactive(e) {
				continue
			}
			x := element{block: kit.Text(o["block_id"]), body: e}
			if o["type"] == "input" {
				x.input = o
			}
			out = append(out, x)
		}
	}
	return out
}

// remember keeps the elements that the message shows now: somebody's screen may
// still show them after the next update, and a click there still arrives.
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
		if v := kit.Text(value); v != "" && e.str("value") == v {
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
		if x := kit.ObjectAt(entered, e.block)[e.action()]; x != nil {
			v = x
		}
		e.put(values, v)
	}
	return values
}

// keepEntered drops what was entered into elements that are gone.
func keepEntered(blocks []any, entered object) object {
	kept := object{}
	for _, e := range elements(blocks) {
		if v := kit.ObjectAt(entered, e.block)[e.action()]; v != nil {
			e.put(kept, v)
		}
	}
	return kept
}

func initialValue(e object) object {
	key, initial := kit.ValueKeys(kit.Text(e["type"]))
	v := object{"type": kit.Text(e["type"]), key: e[initial]}
	if e[initial] == nil && (strings.HasPrefix(key, "selected_") && strings.HasSuffix(key, "s") || key == "files") {
		v[key] = []any{}
	}
	return v
}
