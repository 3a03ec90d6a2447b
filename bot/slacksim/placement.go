package slacksim

import (
	"encoding/json"
	"fmt"
)

// checkTexts finds empty text objects, which Slack refuses and the schema does
// not see.
func checkTexts(v any, at string) []problem {
	var wrong []problem
	switch v := v.(type) {
	case object:
		if t := v["type"]; t == "plain_text" || t == "mrkdwn" {
			if text, _ := v["text"].(string); text == "" {
				return []problem{{at + "/text", "must be more than 0 characters"}}
			}
		}
		for k, x := range v {
			wrong = append(wrong, checkTexts(x, at+"/"+k)...)
		}
	case []any:
		for i, x := range v {
			wrong = append(wrong, checkTexts(x, fmt.Sprintf("%s/%d", at, i))...)
		}
	}
	return wrong
}

// checkIDs finds a block_id twice in a message and an action_id twice in a block.
func checkIDs(blocks []any) []problem {
	var wrong []problem
	seen := map[string]bool{}
	for i, b := range blocks {
		for _, o := range everyBlock([]any{b}) {
			if id, _ := o["block_id"].(string); id != "" {
				if seen[id] {
					wrong = append(wrong, problem{fmt.Sprintf("/blocks/%d/block_id", i), "block_id already exists: " + id})
				}
				seen[id] = true
			}
			actions := map[string]bool{}
			for _, e := range elementsOf(o) {
				if id, _ := e["action_id"].(string); id != "" {
					if actions[id] {
						wrong = append(wrong, problem{fmt.Sprintf("/blocks/%d", i), "action_id already exists: " + id})
					}
					actions[id] = true
				}
			}
		}
	}
	return wrong
}

// elementsOf returns the elements of a block, not those of blocks inside it.
func elementsOf(block object) []object {
	var out []object
	for _, p := range parts(block) {
		if !p.isBlock && p.body["type"] != nil {
			out = append(out, p.body)
		}
	}
	return out
}

// name returns a copy of the blocks in which each block, inside others too, has
// a block_id and each interactive element an action_id.
func (w *Workspace) name(blocks []any) []any {
	named, _ := deepCopy(blocks).([]any)
	for _, o := range everyBlock(named) {
		if o["block_id"] == nil || o["block_id"] == "" {
			o["block_id"] = randomWord(5)
		}
		for _, e := range elementsOf(o) {
			if interactive(e) && (e["action_id"] == nil || e["action_id"] == "") {
				e["action_id"] = randomWord(5)
			}
		}
	}
	return named
}

func interactive(e object) bool {
	switch e["type"] {
	case "image", "plain_text", "mrkdwn", "rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted":
		return false
	}
	return true
}

func deepCopy(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if decode(raw, &out) != nil {
		return v
	}
	return out
}
