package slacksim

import (
	"context"
	"encoding/json"
	"errors"

	"factorbot/bot/slacksim/kit"
)

// Suggest types into an external_select and returns what the app offers:
// {"options": [...]} or {"option_groups": [...]}. c.Value is what was typed.
func (w *Workspace) Suggest(ctx context.Context, c Click) (object, error) {
	payload, err := w.suggestPayload(c)
	if err != nil {
		return nil, err
	}
	ack, err := w.deliver(ctx, envelope{Type: "interactive", Accepts: true, Payload: payload})
	if err != nil {
		return nil, err
	}
	offered := object{}
	if len(ack) > 0 && json.Unmarshal(ack, &offered) != nil {
		return nil, errors.New("invalid_options")
	}
	return object{"ok": true, "options": kit.ListOf(offered["options"]), "option_groups": kit.ListOf(offered["option_groups"])}, nil
}

func (w *Workspace) suggestPayload(c Click) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.person(c.User) == nil {
		return nil, errors.New("user_not_found")
	}
	p := w.common("block_suggestion", w.interact(c.User, c.Channel))
	delete(p, "trigger_id")
	var shown []element
	if v := w.views[c.View]; v != nil && v.user == c.User {
		shown = elements(v.blocks())
		p["view"], p["container"] = v.object(), object{"type": "view", "view_id": v.id}
	} else if conv := w.conversation[c.Channel]; conv != nil && conv.find(c.Message) != nil {
		m := conv.find(c.Message)
		shown = m.shown
		p["message"], p["channel"] = m.object(), w.channelIn(conv)
		p["container"] = object{"type": "message", "message_ts": m.TS, "channel_id": conv.ID, "is_ephemeral": false}
	}
	e, ok := findElement(shown, c.ActionID, c.BlockID, nil)
	if !ok {
		return nil, errors.New("action_not_found")
	}
	p["action_id"], p["block_id"], p["value"] = e.action(), e.block, c.Value
	return p, nil
}
