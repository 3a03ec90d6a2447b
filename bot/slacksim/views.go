package slacksim

import (
	"fmt"
	"slices"
	"time"

	"factorbot/bot/slacksim/kit"
)

const (
	maxDepth = 3         // modals on top of each other
	maxView  = 250 << 10 // bytes
)

// view is a modal that a person has open, or a person's home tab.
type view struct {
	id, user, hash string
	root, previous string // IDs, in a stack of modals
	body           object // as the app sent it, with every block and action named
	values         object // what the person has entered: block_id -> action_id -> value
	interaction    *interaction
	errors         map[string]string // shown at its inputs: block_id -> words
	trouble        string            // shown above them: Slack's own words
}

func (v *view) str(key string) string { return kit.Text(v.body[key]) }

func (v *view) blocks() []any { b, _ := v.body["blocks"].([]any); return b }

// object returns the view object of the Web API.
func (v *view) object() object {
	o := object{
		"id": v.id, "team_id": Team, "type": v.body["type"], "blocks": v.blocks(),
		"private_metadata": v.str("private_metadata"), "callback_id": v.str("callback_id"),
		"external_id": v.str("external_id"), "hash": v.hash, "state": object{"values": v.state()},
		"title": v.body["title"], "submit": v.body["submit"], "close": v.body["close"],
		"clear_on_close": v.body["clear_on_close"] == true, "notify_on_close": v.body["notify_on_close"] == true,
		"previous_view_id": nil, "root_view_id": v.root, "app_id": AppID, "bot_id": BotID,
		"app_installed_team_id": Team,
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	return o
}

// state returns what every input holds: what was entered, else what it started
// with.
func (v *view) state() object { return stateOf(v.blocks(), v.values) }

// redeem uses up a trigger ID: for as long as Slack waits, once.
func (w *Workspace) redeem(c *call) (*interaction, error) {
	id := c.str("trigger_id")
	if id == "" {
		id = c.str("interactivity_pointer")
	}
	in := w.interactions[id]
	switch {
	case id == "":
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: trigger_id")
	case in == nil:
		return nil, refuse("invalid_trigger_id")
	case in.used:
		return nil, refuse("exchanged_trigger_id")
	case c.now.Sub(in.issued) > time.Duration(w.settings.Patience):
		return nil, refuse("expired_trigger_id")
	}
	in.used = true
	return in, nil
}

func openView(w *Workspace, c *call) (object, error) {
	body, err := w.modalArg(c)
	if err != nil {
		return nil, err
	}
	if err := w.freeExternalID(body, ""); err != nil {
		return nil, err
	}
	in, err := w.redeem(c)
	if err != nil {
		return nil, err
	}
	for _, old := range w.stacks[in.user] {
		delete(w.views, old.id)
	}
	w.stacks[in.user] = nil
	return object{"view": w.show(in, body).object()}, nil
}

func pushView(w *Workspace, c *call) (object, error) {
	body, err := w.modalArg(c)
	if err != nil {
		return nil, err
	}
	in := w.interactions[c.str("trigger_id")]
	if in != nil && len(w.stacks[in.user]) >= maxDepth {
		return nil, refuse("push_limit_reached")
	}
	if in != nil && len(w.stacks[in.user]) == 0 {
		return nil, refuse("not_found")
	}
	if err := w.freeExternalID(body, ""); err != nil {
		return nil, err
	}
	if in, err = w.redeem(c); err != nil {
		return nil, err
	}
	return object{"view": w.show(in, body).object()}, nil
}

// freeExternalID refuses an external_id that another open view has.
func (w *Workspace) freeExternalID(body object, except string) error {
	id := kit.Text(body["external_id"])
	for _, v := range w.views {
		if id != "" && v.str("external_id") == id && v.id != except {
			return refuse("duplicate_external_id")
		}
	}
	return nil
}

// show puts a modal on top of the person's stack.
func (w *Workspace) show(in *interaction, body object) *view {
	v := &view{id: w.nextID("V"), user: in.user, hash: newHash(), body: body, values: object{}, interaction: in}
	v.root = v.id
	if stack := w.stacks[in.user]; len(stack) > 0 {
		v.root, v.previous = stack[0].id, stack[len(stack)-1].id
	}
	w.views[v.id] = v
	w.stacks[in.user] = append(w.stacks[in.user], v)
	in.opened = v
	in.signal()
	w.changed(Change{Type: "view", User: in.user, View: v.id})
	return v
}

func newHash() string { return fmt.Sprintf("%d.%s", time.Now().Unix(), randomWord(8)) }

func updateView(w *Workspace, c *call) (object, error) {
	body, err := w.viewArg(c)
	if err != nil {
		return nil, err
	}
	v := w.views[c.str("view_id")]
	if v == nil && c.has("external_id") {
		for _, x := range w.views {
			if x.str("external_id") == c.str("external_id") {
				v = x
			}
		}
	}
	if !c.has("view_id") && !c.has("external_id") {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: view_id")
	}
	if v == nil {
		return nil, refuse("not_found")
	}
	if c.has("hash") && c.str("hash") != v.hash {
		return nil, refuse("hash_conflict")
	}
	if err := w.freeExternalID(body, v.id); err != nil {
		return nil, err
	}
	w.replace(v, body)
	return object{"view": v.object()}, nil
}

// replace changes what a view shows. What was entered stays where block_id and
// action_id stay.
func (w *Workspace) replace(v *view, body object) {
	v.body, v.hash, v.errors, v.trouble = body, newHash(), nil, ""
	v.values = keepEntered(v.blocks(), v.values)
	w.redrawn(v)
	w.changed(Change{Type: "view", User: v.user, View: v.id})
}

func publishView(w *Workspace, c *call) (object, error) {
	if !w.settings.HomeTab {
		return nil, refuse("not_enabled")
	}
	body, err := w.viewArg(c)
	if err != nil {
		return nil, err
	}
	if body["type"] != "home" {
		return nil, refuse("invalid_arguments", "[ERROR] must be a home view [json-pointer:/view/type]")
	}
	user := c.str("user_id")
	if w.person(user) == nil {
		return nil, refuse("invalid_arguments", "[ERROR] user_not_found [json-pointer:/user_id]")
	}
	v := w.homes[user]
	if v != nil && c.has("hash") && c.str("hash") != v.hash {
		return nil, refuse("hash_conflict")
	}
	if v == nil {
		v = &view{id: w.nextID("V"), user: user, values: object{}}
		v.root = v.id
		w.views[v.id], w.homes[user] = v, v
	}
	if err := w.freeExternalID(body, v.id); err != nil {
		return nil, err
	}
	w.replace(v, body)
	w.published(user)
	return object{"view": v.object()}, nil
}

// top returns the modal that the person sees.
func (w *Workspace) top(user string) *view {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// closeView closes a modal and those above it, or with all the whole stack.
func (w *Workspace) closeView(v *view, all bool) {
	stack := w.stacks[v.user]
	i := slices.Index(stack, v)
	if i < 0 {
		return
	}
	if all {
		i = 0
	}
	for _, x := range stack[i:] {
		delete(w.views, x.id)
	}
	w.stacks[v.user] = stack[:i]
	w.changed(Change{Type: "view", User: v.user, View: v.id})
}

func isModal(v *view) bool { return v.body["type"] == "modal" }
