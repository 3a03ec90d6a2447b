package slacksim

import (
	"encoding/json"
	"slices"
)

// viewArg reads the view argument, an object or its JSON text.
func (w *Workspace) viewArg(c *call) (object, error) {
	raw, ok := c.json("view")
	if !ok {
		return nil, refuse("invalid_arguments", "[ERROR] must be JSON [json-pointer:/view]")
	}
	return w.viewBody(raw)
}

// modalArg reads the view argument where only a modal will do.
func (w *Workspace) modalArg(c *call) (object, error) {
	body, err := w.viewArg(c)
	if err == nil && body["type"] != "modal" {
		return nil, refuse("invalid_arguments", "[ERROR] must be a modal [json-pointer:/view/type]")
	}
	return body, err
}

// viewBody checks a view. Slack answers invalid_arguments for a view that does
// not fit its schema, with the pointer below /view.
func (w *Workspace) viewBody(v any) (object, error) {
	o, ok := v.(object)
	if !ok {
		return nil, refuse("invalid_arguments", "[ERROR] must be an object [json-pointer:/view]")
	}
	if raw, err := json.Marshal(o); err != nil || len(raw) > maxView {
		return nil, refuse("view_too_large")
	}
	body, _ := deepCopy(withoutNulls(o)).(object)
	on := surfaceModal
	if body["type"] == "home" {
		on = surfaceHome
	}
	wrong := w.schema.check(body, on)
	wrong = append(wrong, checkView(body)...)
	if wrong != nil {
		var messages []string
		for _, c := range wrong {
			c.pointer = "/view" + c.pointer
			messages = append(messages, "[ERROR] "+c.String())
		}
		return nil, refuse("invalid_arguments", messages...)
	}
	blocks, _ := body["blocks"].([]any)
	body["blocks"] = w.name(blocks)
	return body, nil
}

// checkView finds what the schema cannot say of a whole view.
func checkView(body object) []problem {
	blocks, _ := body["blocks"].([]any)
	hasInput := slices.ContainsFunc(everyBlock(blocks), func(o object) bool { return o["type"] == "input" })
	if body["type"] == "modal" && hasInput && body["submit"] == nil {
		return []problem{{"/submit", "missing required field: submit, there are input blocks"}}
	}
	if id, _ := body["external_id"].(string); len([]rune(id)) > 255 {
		return []problem{{"/external_id", "must be less than 256 characters"}}
	}
	return nil
}

// withoutNulls drops top-level nulls: clients send them for what they left out.
func withoutNulls(o object) object {
	out := object{}
	for k, v := range o {
		if v != nil && !(v == "" && (k == "external_id" || k == "callback_id" || k == "private_metadata")) {
			out[k] = v
		}
	}
	return out
}
