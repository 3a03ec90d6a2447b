package event

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// interaction is a click, a submission or another use of a view or message.
type interaction struct {
	Type string `json:"type"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		ChannelID string `json:"channel_id"`
		MessageTS string `json:"message_ts"`
		ThreadTS  string `json:"thread_ts"`
		ViewID    string `json:"view_id"`
	} `json:"container"`
	Actions []struct {
		ActionID string `json:"action_id"`
		ActionTS string `json:"action_ts"`
		BlockID  string `json:"block_id"`
		element
	} `json:"actions"`
	View struct {
		ID       string `json:"id"`
		Type     string `json:"type"` // modal, home
		Hash     string `json:"hash"`
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]element `json:"values"`
		} `json:"state"`
	} `json:"view"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`

	ActionID string `json:"action_id"` // of what is typed into
	Value    string `json:"value"`     // of what is typed
}

// element is what an interactive element holds: each kind of it has its own key.
type element struct {
	Value    string `json:"value"`
	Option   chosen `json:"selected_option"`
	Options  []chosen
	Users    []string `json:"selected_users"`
	DateTime int64    `json:"selected_date_time"`
	Files    []File   `json:"files"`
}

type chosen struct {
	Value string `json:"value"`
}

// UnmarshalJSON reads an element and passes over parts of a shape that no form
// of ours has, so that one foreign element does not hide a click.
func (e *element) UnmarshalJSON(b []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return fmt.Errorf("decode an element: %w", err)
	}
	for key, into := range map[string]any{
		"value": &e.Value, "selected_option": &e.Option, "selected_options": &e.Options,
		"selected_users": &e.Users, "selected_date_time": &e.DateTime, "files": &e.Files,
	} {
		if raw, ok := keys[key]; ok {
			_ = json.Unmarshal(raw, into)
		}
	}
	return nil
}

// entered is what is kept of the element.
func (e element) entered() Entered {
	in := Entered{Text: e.Value, Picked: e.Users, At: e.DateTime, Files: e.Files}
	for _, o := range append([]chosen{e.Option}, e.Options...) {
		if o.Value != "" {
			in.Picked = append(in.Picked, o.Value)
		}
	}
	return in
}

func decodeInteraction(payload []byte) (*Event, error) {
	var p interaction
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, fmt.Errorf("decode an interaction: %w", err)
	}
	if p.User.ID == "" {
		return nil, fmt.Errorf("%w: an interaction of nobody", ErrForeign)
	}
	switch {
	case p.Type == "view_submission":
		return p.submission(), nil
	case p.Type == "block_actions" && len(p.Actions) == 1:
		return p.click(), nil
	case p.Type == "block_suggestion":
		a := p.from(KindTyping)
		a.Action, a.Value = p.ActionID, p.Value
		return a, nil
	}
	return nil, nil
}

func (p interaction) from(kind string) *Event {
	a := &Event{
		Kind: kind, By: reset.Person(p.User.ID), Team: cmp.Or(p.User.TeamID, p.Team.ID), Channel: reset.Channel(p.Channel.ID),
		View: p.View.ID, Callback: p.View.Callback, Metadata: p.View.Metadata,
		ResponseURL: p.ResponseURL, TriggerID: p.TriggerID, Hash: p.View.Hash, InModal: p.View.Type == "modal",
		Fields: map[string]Entered{},
	}
	for _, block := range p.View.State.Values {
		for action, e := range block {
			a.Fields[action] = e.entered()
		}
	}
	if a.Channel == "" { // of a modal: where it was opened
		if f, err := view.ParseFrame(a.Metadata); err == nil {
			a.Channel = f.Channel
		}
	}
	return a
}

// click is a button or menu that was used; nil for a tick in a review, which does
// nothing by itself: what is pressed next brings all ticks along.
func (p interaction) click() *Event {
	a, act := p.from(KindClick), p.Actions[0]
	if _, isTick := view.ShownRows(act.ActionID); isTick {
		return nil
	}
	if p.Container.ChannelID != "" && p.Channel.ID == "" {
		a.Channel = reset.Channel(p.Container.ChannelID)
	}
	in := act.entered()
	a.Action, a.Value, a.TS, a.At = act.ActionID, in.Text, p.Container.MessageTS, view.ParseTimestamp(act.ActionTS)
	if t := p.Container.ThreadTS; t != p.Container.MessageTS {
		a.Thread = t
	}
	if a.Value == "" && len(in.Picked) > 0 {
		a.Value = strings.Join(slices.Compact(in.Picked), ",")
	}
	if a.Action == view.ActionMore { // an overflow menu: "cancel:FR-42:-"
		a.Action, a.Value, _ = strings.Cut(a.Value, ":")
	}
	if act.ActionID == view.ActionChooseColumn {
		a.Block = act.BlockID
	}
	where := cmp.Or(p.Container.MessageTS, p.Container.ViewID)
	a.Key = strings.Join([]string{"click", string(a.Channel), where, act.ActionID, p.User.ID, act.ActionTS}, ":")
	return a
}

func (p interaction) submission() *Event {
	a := p.from(KindSubmission)
	a.Key = strings.Join([]string{"submit", p.View.ID, p.View.Hash, p.User.ID}, ":")
	return a
}
