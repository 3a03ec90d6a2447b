package slacksim

import (
	"errors"
	"slices"
	"strings"
)

// reshape changes a channel's properties and members, and tells the app what
// Slack tells it: who came and went, that it was removed itself, that the
// channel was archived or opened again. The caller holds mu.
func (w *Workspace) reshape(c *conversation, to Channel, actor string) {
	before := c.Channel
	kind := c.eventKind() // a private channel's events are called group_...
	c.Channel = to
	for _, id := range to.Members {
		if !slices.Contains(before.Members, id) {
			w.emitMember("member_joined_channel", c, id)
		}
	}
	for _, id := range before.Members {
		switch {
		case slices.Contains(to.Members, id):
		case id == BotUser:
			w.emit(object{"type": kind + "_left", "channel": c.ID, "actor_id": actor, "event_ts": w.nextTS()})
		default:
			w.emitMember("member_left_channel", c, id)
		}
	}
	if to.Archived != before.Archived && slices.Contains(before.Members, BotUser) {
		word := map[bool]string{true: "_archive", false: "_unarchive"}[to.Archived]
		w.emit(object{"type": kind + word, "channel": c.ID, "user": actor, "event_ts": w.nextTS()})
	}
	w.changed(Change{Type: "channel", Channel: c.ID})
}

// emitMember tells an app that is in the channel who came or went.
func (w *Workspace) emitMember(event string, c *conversation, user string) {
	if !c.member(BotUser) {
		return
	}
	w.emit(object{
		"type": event, "user": user, "channel": c.ID, "team": w.person(user).team(),
		"channel_type": map[bool]string{true: "G", false: "C"}[c.Private], "event_ts": w.nextTS(),
	})
}

// slackCommand does what Slack's own slash commands do: /invite and /remove
// somebody, /archive the channel. It says whether word is one of them.
func (w *Workspace) slackCommand(user, channel, word, rest string) (known bool, err error) {
	if !slices.Contains([]string{"/invite", "/remove", "/kick", "/archive"}, word) {
		return false, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.conversation[channel]
	if c == nil || c.kind() != "channels" && c.kind() != "groups" || !c.member(user) {
		return true, errors.New("not_in_channel")
	}
	to := c.Channel
	to.Members = slices.Clone(c.Members)
	if word == "/archive" {
		to.Archived = true
		w.reshape(c, to, user)
		return true, nil
	}
	p := w.handled(strings.TrimPrefix(strings.TrimSpace(rest), "@"))
	if p == nil {
		return true, errors.New("user_not_found")
	}
	to.Members = slices.DeleteFunc(to.Members, func(id string) bool { return id == p.ID })
	if word == "/invite" {
		to.Members = append(to.Members, p.ID)
	}
	w.reshape(c, to, user)
	return true, nil
}

// handled finds a person by handle or ID.
func (w *Workspace) handled(name string) *Person {
	for _, p := range w.people {
		if p.ID == name || strings.EqualFold(p.Name, name) {
			return p
		}
	}
	return nil
}
