package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// checkTexts finds empty text objects, which Slack refuses and the schema does
// not see.
func checkTexts(v any, at string) []complaint {
	var wrong []complaint
	switch v := v.(type) {
	case object:
		if t := v["type"]; t == "plain_text" || t == "mrkdwn" {
			if text, _ := v["text"].(string); text == "" {
				return []complaint{{at + "/text", "must be more than 0 characters"}}
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

// checkPlace finds blocks that do not belong on this surface, and those that
// lack what the schema cannot demand.
func checkPlace(b any, at string, on surface) []complaint {
	o, _ := b.(object)
	t, _ := o["type"].(string)
	switch {
	case t == "alert" && on != surfaceModal,
		on != surfaceMessage && slices.Contains([]string{"markdown", "context_actions", "task_card", "plan", "table", "file"}, t),
		t == "container" && on == surfaceModal:
		return []complaint{{at + "/type", "unsupported type on this surface: " + t}}
	case t == "section" && o["text"] == nil && o["fields"] == nil:
		return []complaint{{at, "missing required field: text or fields"}}
	case t == "actions":
		if list, _ := o["elements"].([]any); len(list) == 0 {
			return []complaint{{at + "/elements", "no fewer than 1 items allowed"}}
		}
	case t == "input" && on != surfaceModal:
		if e, _ := o["element"].(object); e["type"] == "file_input" {
			return []complaint{{at + "/element/type", "unsupported type on this surface: file_input"}}
		}
	}
	return nil
}

// checkIDs finds a block_id twice in a message and an action_id twice in a block.
func checkIDs(blocks []any) []complaint {
	var wrong []complaint
	seen := map[string]bool{}
	for i, b := range blocks {
		o, _ := b.(object)
		if id, _ := o["block_id"].(string); id != "" {
			if seen[id] {
				wrong = append(wrong, complaint{fmt.Sprintf("/blocks/%d/block_id", i), "block_id already exists: " + id})
			}
			seen[id] = true
		}
		actions := map[string]bool{}
		for _, e := range elementsOf(o) {
			if id, _ := e["action_id"].(string); id != "" {
				if actions[id] {
					wrong = append(wrong, complaint{fmt.Sprintf("/blocks/%d", i), "action_id already exists: " + id})
				}
				actions[id] = true
			}
		}
	}
	return wrong
}

// elementsOf returns the interactive elements of a block, those of blocks
// inside it too.
func elementsOf(block object) []object {
	var out []object
	add := func(v any) {
		if e, ok := v.(object); ok && e["type"] != nil {
			out = append(out, e)
		}
	}
	for _, key := range []string{"accessory", "element"} {
		add(block[key])
	}
	for _, key := range []string{"elements", "actions"} {
		list, _ := block[key].([]any)
		for _, v := range list {
			add(v)
		}
	}
	for _, key := range []string{"child_blocks", "cards"} {
		list, _ := block[key].([]any)
		for _, v := range list {
			if b, ok := v.(object); ok {
				out = append(out, elementsOf(b)...)
			}
		}
	}
	return out
}

// name returns a copy of the blocks in which each block has a block_id and each
// interactive element an action_id.
func (w *Workspace) name(blocks []any) []any {
	named, _ := deepCopy(blocks).([]any)
	for _, b := range named {
		o, ok := b.(object)
		if !ok {
			continue
		}
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
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&out) != nil {
		return v
	}
	return out
}
