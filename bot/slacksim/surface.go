package slacksim

import (
	"fmt"
	"slices"

	"factorbot/bot/slacksim/kit"
)

// surfacesOf says where a type of block or element may stand: docs.slack.dev/blocks.json
// and the pages of the elements, and stricter for four blocks that are listed
// for a surface where Slack does not show them (measured by the authors of
// tightknitai's validator): card in modals, table and data_table in home tabs,
// file anywhere.
func surfacesOf(kind string) []surface {
	switch kind {
	case "file":
		return nil
	case "alert", "email_text_input", "file_input", "number_input", "url_text_input":
		return []surface{surfaceModal}
	case "card", "carousel", "container":
		return []surface{surfaceMessage, surfaceHome}
	case "context_actions", "data_table", "data_visualization", "feedback_buttons", "icon_button", "markdown", "plan", "table", "task_card", "workflow_button":
		return []surface{surfaceMessage}
	case "datetimepicker":
		return []surface{surfaceMessage, surfaceModal}
	case "rich_text_input":
		return []surface{surfaceModal, surfaceHome}
	}
	return []surface{surfaceMessage, surfaceModal, surfaceHome}
}

// checkPlace finds blocks and elements, inside other blocks too, that do not
// belong on this surface.
func checkPlace(b any, at string, on surface) []problem {
	o := kit.ObjectAt(b)
	t := kit.Text(o["type"])
	if !slices.Contains(surfacesOf(t), on) {
		return []problem{{at + "/type", "unsupported type on this surface: " + t}}
	}
	var wrong []problem
	for _, p := range parts(o) {
		if kind := kit.Text(p.body["type"]); p.isBlock {
			wrong = append(wrong, checkPlace(p.body, at+p.pointer, on)...)
		} else if !slices.Contains(surfacesOf(kind), on) {
			wrong = append(wrong, problem{at + p.pointer + "/type", "unsupported type on this surface: " + kind})
		}
	}
	return wrong
}

// part is a block or an element inside a block.
type part struct {
	pointer string // "/elements/0"
	body    object
	isBlock bool
}

// parts returns what is inside a block: its elements and its blocks, not what
// is inside those.
func parts(block object) []part {
	var out []part
	for _, key := range []string{"accessory", "element"} {
		if e, ok := block[key].(object); ok {
			out = append(out, part{"/" + key, e, false})
		}
	}
	for _, key := range []string{"elements", "actions", "child_blocks", "tasks"} {
		list, _ := block[key].([]any)
		for i, v := range list {
			if o, ok := v.(object); ok {
				inner := key == "child_blocks" || key == "tasks" || block["type"] == "carousel"
				out = append(out, part{fmt.Sprintf("/%s/%d", key, i), o, inner})
			}
		}
	}
	return out
}

// everyBlock returns the blocks and those inside them, in the order of reading.
func everyBlock(blocks []any) []object {
	var out []object
	for _, o := range kit.Objects(blocks) {
		out = append(out, o)
		for _, p := range parts(o) {
			if p.isBlock {
				out = append(out, everyBlock([]any{p.body})...)
			}
		}
	}
	return out
}
