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

func (w *Workspace) userIn(id string) object {
	p := w.person(id)
	return object{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": p.team()}
}

func (w *Workspace) channelIn(conv *conversation) object {
	return object{"id": conv.ID, "name": conv.nameForApp()}
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
	p := object{
		"type": kind, "team": object{"id": Team, "domain": teamDomain}, "user": w.userIn(in.user),
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
	if w.person(c.User) == nil {
		return nil, nil, errors.New("user_not_found")
	}
	if c.View != "" {
		return w.clickInView(c)
	}
	conv := w.conversation[c.Channel]
	if conv == nil || !w.reads(c.User, conv) {
		return nil, nil, errors.New("channel_not_found")
	}
	m := conv.find(c.Message)
	if m == nil {
		m = conv.findPrivate(c.User, c.Message)
	}
	if m == nil {
		return nil, nil, errors.New("message_not_found")
	}
	e, ok := findElement(m.shown, c.ActionID, c.BlockID, c.Value)
	if !ok {
		return nil, nil, errors.New("action_not_found")
	}
	in := w.interact(c.User, conv.ID)
	in.messageTS = m.TS
	p := w.common("block_actions", in)
	container := object{
		"type": "message", "message_ts": m.TS, "channel_id": conv.ID, "is_ephemeral": m.Ephemeral,
	}
	if m.reply() {
		container["thread_ts"] = m.ThreadTS
	}
	p["container"], p["channel"] = container, w.channelIn(conv)
	if !m.Ephemeral { // the source of an ephemeral click is not sent
		o := m.object()
		o["files"] = w.fileObjects(m)
		if m.fileIDs == nil {
			delete(o, "files")
		}
		p["message"] = o
	}
	p["state"] = object{"values": stateOf(m.Blocks, nil)}
	p["response_url"] = w.newHook("actions", in, m)
	p["actions"] = []object{w.actionOf(c.User, e, c.Value, in.issued)}
	return p, in, nil
}

func (w *Workspace) clickInView(c Click) (object, *interaction, error) {
	v := w.views[c.View]
	if v == nil || v.user != c.User {
		return nil, nil, errors.New("view_not_found")
	}
	e, ok := findElement(elements(v.blocks()), c.ActionID, c.BlockID, c.Value)
	if !ok {
		return nil, nil, errors.New("action_not_found")
	}
	w.enter(v, c.Values)
	if holdsValue(e.body) {
		w.enter(v, object{e.block: object{e.action(): c.Value}})
	}
	in := w.interact(c.User, "")
	in.viewID = v.id
	p := w.common("block_actions", in)
	p["container"] = object{"type": "view", "view_id": v.id}
	p["view"] = v.object()
	p["actions"] = []object{w.actionOf(c.User, e, c.Value, in.issued)}
	return p, in, nil
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
