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
	t, err := w.target(c)
	if err != nil {
		return nil, err
	}
	p := w.common("block_suggestion", w.interact(c.User, t.channel))
	delete(p, "trigger_id")
	w.addTarget(p, t)
	p["action_id"], p["block_id"], p["value"] = t.action(), t.block, c.Value
	return p, nil
}
