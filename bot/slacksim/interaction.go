package slacksim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/slacksim/kit"
)

// interaction is one thing a person did that the app hears of: a command, a
// click, a submission.
type interaction struct {
	trigger   string
	user      string
	channel   string
	messageTS string // of the message clicked on
	viewID    string // of the view acted in
	issued    time.Time
	used      bool // the trigger ID opened a view

	opened  *view      // by the trigger ID
	private []*Message // what this person alone was told since
	public  bool       // the response URL posted where everybody sees
	touched bool       // the message clicked on, or the view acted in, was changed
	wake    chan struct{}
}

// signal wakes who waits for the interaction's effects.
func (in *interaction) signal() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// interact makes a new interaction. The caller holds mu.
func (w *Workspace) interact(user, channel string) *interaction {
	now := time.Now()
	for id, in := range w.interactions {
		if now.Sub(in.issued) > 10*time.Duration(w.settings.Patience) {
			delete(w.interactions, id)
		}
	}
	w.lastID++
	in := &interaction{
		trigger: fmt.Sprintf("%d.%d.%s", now.UnixMilli(), w.lastID, randomWord(32)),
		user:    user, channel: channel, issued: now, wake: make(chan struct{}, 1),
	}
	w.interactions[in.trigger] = in
	return in
}

// note lets mark note something of every interaction that it is about, and wakes who
// waits for that. mark says whether it is.
func (w *Workspace) note(mark func(*interaction) bool) {
	for _, in := range w.interactions {
		if mark(in) {
			in.signal()
		}
	}
}

// answered notes that a person was told something privately.
func (w *Workspace) answered(user string, m *Message) {
	w.note(func(in *interaction) bool {
		if in.user != user || m.User == slackbot {
			return false
		}
		in.private = append(in.private, m)
		return true
	})
}

// touched notes that a message was changed that somebody may have clicked on.
func (w *Workspace) touched(channel, ts string) {
	w.note(func(in *interaction) bool {
		in.touched = in.touched || in.channel == channel && in.messageTS == ts
		return in.touched
	})
}

// redrawn notes that a view was changed that somebody may have acted in.
func (w *Workspace) redrawn(v *view) {
	w.note(func(in *interaction) bool {
		in.touched = in.touched || in.viewID == v.id
		return in.touched
	})
}

// await waits until done says so of the interaction, at most d.
func (w *Workspace) await(ctx context.Context, in *interaction, d time.Duration, done func() bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		w.mu.Lock()
		finished := done()
		w.mu.Unlock()
		if finished {
			return
		}
		select {
		case <-in.wake:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		case <-w.ctx.Done():
			return
		}
	}
}

// nameForApp is the conversation's name in commands and clicks.
func (c *conversation) nameForApp() string {
	switch c.kind() {
	case "im":
		return "directmessage"
	case "groups":
		return "privategroup"
	}
	return c.Name
}

// common are the parts that every interactive payload has.
func (w *Workspace) common(kind string, in *interaction) object {
	who := w.person(in.user)
	p := object{
		"type": kind, "team": object{"id": Team, "domain": teamDomain},
		"user":       object{"id": who.ID, "username": who.Name, "name": who.Name, "team_id": who.team()},
		"api_app_id": AppID, "token": "sandbox", "trigger_id": in.trigger,
	}
	w.addEnterprise(p)
	return p
}

// Click is one use of an interactive element.
type Click struct {
	User     string `json:"user"`
	Channel  string `json:"channel"`
	Message  string `json:"message_ts"` // or
	View     string `json:"view_id"`
	ActionID string `json:"action_id"`
	BlockID  string `json:"block_id"` // empty: the element with that action
	// Value is what was chosen: the value of an option, a user's ID, a date, a
	// text; of a button, its value as the person's screen had it. nil: the
	// button's own value.
	Value any `json:"value"`
	// Values is what the other inputs of the view hold.
	Values object `json:"values"`
}

// Result is what a person sees of an action: a view, errors in its fields.
type Result struct {
	OK     bool              `json:"ok"`
	Error  string            `json:"error,omitempty"` // dispatch_failed, operation_timeout, ...
	Errors map[string]string `json:"errors"`
	View   object            `json:"view"`
}

// Click clicks and waits for the acknowledgement. If the app opens a view, or
// changes the message or the view, or tells the person something, it returns with that; at
// most 2 s after the acknowledgement.
func (w *Workspace) Click(ctx context.Context, c Click) (Result, error) {
	payload, in, err := w.clickPayload(c)
	if err != nil {
		return Result{}, err
	}
	_, err = w.deliver(ctx, envelope{Type: "interactive", Accepts: true, Payload: payload})
	if err != nil {
		return Result{Error: err.Error()}, nil
	}
	w.await(ctx, in, w.patience()*2/3, func() bool {
		return in.opened != nil || in.touched || in.public || len(in.private) > 0
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	r := Result{OK: true}
	if v := in.opened; v != nil {
		r.View = v.object()
	} else if v := w.views[c.View]; v != nil {
		r.View = v.object()
	}
	return r, nil
}

func (w *Workspace) clickPayload(c Click) (object, *interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, err := w.target(c)
	if err != nil {
		return nil, nil, err
	}
	in := w.interact(c.User, t.channel)
	in.messageTS, in.viewID = t.message.TS, t.view.id
	p := w.common("block_actions", in)
	if t.view.id != "" {
		w.enter(t.view, c.Values)
		if holdsValue(t.body) {
			w.enter(t.view, object{t.block: object{t.action(): c.Value}})
		}
	} else {
		p["state"] = object{"values": stateOf(t.message.Blocks, nil)}
		p["response_url"] = w.newHook("actions", in, t.message)
	}
	w.addTarget(p, t)
	p["actions"] = []object{w.actionOf(c.User, t.element, c.Value, in.issued)}
	return p, in, nil
}

// target is the element that a person acts on, in a view or in a message; the other of
// the two is empty.
type target struct {
	element
	view    *view
	channel string
	message *Message
}

// target finds what a click, or the typing into a select, is about. The caller holds mu.
func (w *Workspace) target(c Click) (target, error) {
	t := target{view: &view{}, message: &Message{}}
	if w.person(c.User) == nil {
		return t, errors.New("user_not_found")
	}
	if c.View != "" {
		if t.view = w.views[c.View]; t.view == nil || t.view.user != c.User {
			return t, errors.New("view_not_found")
		}
		return t.find(elements(t.view.blocks()), c)
	}
	conv := w.conversation[c.Channel]
	if conv == nil || !w.reads(c.User, conv) {
		return t, errors.New("channel_not_found")
	}
	t.channel, t.message = conv.ID, conv.find(c.Message)
	if t.message == nil {
		t.message = conv.findPrivate(c.User, c.Message)
	}
	if t.message == nil {
		return t, errors.New("message_not_found")
	}
	return t.find(t.message.shown, c)
}

func (t target) find(shown []element, c Click) (target, error) {
	e, ok := findElement(shown, c.ActionID, c.BlockID, c.Value)
	if !ok {
		return t, errors.New("action_not_found")
	}
	t.element = e
	return t, nil
}

// addTarget adds what an interaction says of where it happened.
func (w *Workspace) addTarget(p object, t target) {
	if t.view.id != "" {
		p["container"], p["view"] = object{"type": "view", "view_id": t.view.id}, t.view.object()
		return
	}
	m := t.message
	container := object{
		"type": "message", "message_ts": m.TS, "channel_id": t.channel, "is_ephemeral": m.Ephemeral,
	}
	if m.reply() {
		container["thread_ts"] = m.ThreadTS
	}
	p["container"], p["channel"] = container, object{"id": t.channel, "name": w.conversation[t.channel].nameForApp()}
	if m.Ephemeral { // the source of an ephemeral click is not sent
		return
	}
	o := m.object()
	if m.fileIDs != nil {
		o["files"] = w.fileObjects(m)
	}
	p["message"] = o
}

// actionOf returns one entry of actions.
func (w *Workspace) actionOf(user string, e element, value any, at time.Time) object {
	kind := e.str("type")
	a := object{
		"type": kind, "action_id": e.action(), "block_id": e.block, "action_ts": formatTS(at.UnixMicro()),
	}
	for _, key := range []string{"text", "style", "placeholder", "confirm"} {
		if e.body[key] != nil {
			a[key] = e.body[key]
		}
	}
	if kind == "button" || kind == "workflow_button" || kind == "icon_button" {
		a["value"] = e.str("value")
		if v, ok := value.(string); ok {
			a["value"] = v
		}
		if e.body["value"] == nil && value == nil {
			delete(a, "value")
		}
		return a
	}
	key, initial := kit.ValueKeys(kind)
	a[key] = w.entry(user, e.body, value)[key]
	if e.body[initial] != nil {
		a[initial] = e.body[initial]
	}
	return a
}
