package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Submit presses a modal's submit button with what was entered: values as in
// state.values, or bare values in their place.
func (w *Workspace) Submit(ctx context.Context, user, viewID string, values object) (Result, error) {
	payload, v, wrong, err := w.submitPayload(user, viewID, values)
	if err != nil {
		return Result{}, err
	}
	if wrong != nil {
		return w.stay(v, wrong, ""), nil
	}
	ack, err := w.deliver(ctx, envelope{Type: "interactive", Accepts: true, Payload: payload})
	if err != nil {
		return w.stay(v, nil, err.Error()), nil
	}
	return w.submitted(v, ack), nil
}

func (w *Workspace) submitPayload(user, viewID string, values object) (object, *view, map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[viewID]
	if v == nil || v.user != user || !isModal(v) {
		return nil, nil, nil, errors.New("view_not_found")
	}
	w.enter(v, values)
	if wrong := v.unfilled(); len(wrong) > 0 {
		return nil, v, wrong, nil
	}
	in := w.interact(user, "")
	p := w.common("view_submission", in)
	p["view"], p["response_urls"] = v.object(), []any{}
	return p, v, nil, nil
}

// stay keeps a modal open with what is wrong: in its fields, or with itself.
func (w *Workspace) stay(v *view, wrong map[string]string, trouble string) Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keepOpen(v, wrong, trouble)
}

func (w *Workspace) keepOpen(v *view, wrong map[string]string, trouble string) Result {
	v.errors, v.trouble = wrong, ""
	if trouble != "" {
		v.trouble = "We had some trouble connecting. Try again? (" + trouble + ")"
	}
	w.changed(Change{Type: "view", User: v.user, View: v.id})
	return Result{Error: trouble, Errors: wrong, View: v.object()}
}

// submitted does what the acknowledgement of a submission asks for.
func (w *Workspace) submitted(v *view, ack json.RawMessage) Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   any               `json:"view"`
	}
	if len(ack) > 0 && decode(ack, &answer) != nil {
		return w.keepOpen(v, nil, "response_action")
	}
	switch answer.Action {
	case "":
		w.closeView(v, false)
	case "clear":
		w.closeView(v, true)
	case "errors":
		return w.fieldErrors(v, answer.Errors)
	case "update", "push":
		return w.answerView(v, answer.Action, answer.View)
	default:
		return w.keepOpen(v, nil, "response_action")
	}
	r := Result{OK: true}
	if below := w.top(v.user); below != nil {
		r.View = below.object()
	}
	return r
}

// fieldErrors shows errors at their inputs; an error elsewhere is Slack's
// "trouble connecting".
func (w *Workspace) fieldErrors(v *view, errs map[string]string) Result {
	inputs := map[string]bool{}
	for _, e := range elements(v.blocks()) {
		inputs[e.block] = inputs[e.block] || e.input != nil
	}
	for block := range errs {
		if !inputs[block] {
			return w.keepOpen(v, nil, fmt.Sprintf("errors: no input block %q", block))
		}
	}
	if len(errs) == 0 {
		return w.keepOpen(v, nil, "errors: none")
	}
	return w.keepOpen(v, errs, "")
}

func (w *Workspace) answerView(v *view, action string, raw any) Result {
	body, err := w.viewBody(raw)
	if err == nil && body["type"] != "modal" {
		err = refuse("invalid_arguments")
	}
	if err == nil && action == "push" && len(w.stacks[v.user]) >= maxDepth {
		err = refuse("push_limit_reached")
	}
	if err != nil {
		return w.keepOpen(v, nil, err.Error())
	}
	if action == "update" {
		w.replace(v, body)
		return Result{OK: true, View: v.object()}
	}
	return Result{OK: true, View: w.show(w.interact(v.user, ""), body).object()}
}

// CloseView closes a modal with its x, or with clear_on_close the whole stack;
// the app hears of those that ask for it.
func (w *Workspace) CloseView(user, viewID string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[viewID]
	if v == nil || v.user != user || !isModal(v) {
		return errors.New("view_not_found")
	}
	all := v.body["clear_on_close"] == true
	gone := []*view{v}
	if all {
		gone = slices.Clone(w.stacks[user])
	}
	w.closeView(v, all)
	for _, x := range gone {
		if x.body["notify_on_close"] == true {
			w.emitClosed(x, all)
		}
	}
	return nil
}

func (w *Workspace) emitClosed(v *view, cleared bool) {
	p := w.common("view_closed", w.interact(v.user, ""))
	delete(p, "trigger_id")
	p["view"], p["is_cleared"] = v.object(), cleared
	w.start(func(ctx context.Context) {
		_, _ = w.deliver(ctx, envelope{Type: "interactive", Payload: p})
	})
}
