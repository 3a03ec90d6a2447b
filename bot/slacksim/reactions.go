package slacksim

import (
	"slices"
	"strings"
)

// reactedMessage is the message that a call names, where the bot can see it.
func (w *Workspace) reactedMessage(c *call) (*conversation, *Message, error) {
	conv := w.conversation[c.str("channel")]
	if conv == nil || conv.Private && !conv.member(BotUser) {
		return nil, nil, refuse("channel_not_found")
	}
	if conv.Archived {
		return nil, nil, refuse("is_archived")
	}
	m := conv.find(c.str("timestamp"))
	if m == nil {
		return nil, nil, refuse("message_not_found")
	}
	return conv, m, nil
}

func addReaction(w *Workspace, c *call) (object, error) {
	conv, m, err := w.reactedMessage(c)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(c.str("name"), ":")
	i := slices.IndexFunc(m.Reactions, func(r *Reaction) bool { return r.Name == name })
	if i >= 0 && slices.Contains(m.Reactions[i].Users, BotUser) {
		return nil, refuse("already_reacted")
	}
	if i < 0 {
		m.Reactions = append(m.Reactions, &Reaction{Name: name})
		i = len(m.Reactions) - 1
	}
	r := m.Reactions[i]
	r.Users = append(r.Users, BotUser)
	r.Count++
	m.version++
	w.changed(Change{Type: "message", Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS})
	return nil, nil
}

func removeReaction(w *Workspace, c *call) (object, error) {
	if !c.has("channel") || !c.has("timestamp") {
		return nil, refuse("no_item_specified")
	}
	conv, m, err := w.reactedMessage(c)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(c.str("name"), ":")
	i := slices.IndexFunc(m.Reactions, func(r *Reaction) bool {
		return r.Name == name && slices.Contains(r.Users, BotUser)
	})
	if i < 0 {
		return nil, refuse("no_reaction")
	}
	r := m.Reactions[i]
	r.Users = slices.DeleteFunc(r.Users, func(u string) bool { return u == BotUser })
	if r.Count--; r.Count == 0 {
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	m.version++
	w.changed(Change{Type: "message", Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS})
	return nil, nil
}
