package slacksim

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

func updateMessage(w *Workspace, c *call) (object, error) {
	what, err := w.content(c.args)
	if err != nil {
		return nil, err
	}
	conv, m, err := w.ownMessage(c.str("channel"), c.str("ts"), "cant_update_message")
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(what.text) > maxUpdated {
		return nil, refuse("msg_too_long")
	}
	if what.empty() && !c.has("file_ids") {
		return nil, refuse("no_text")
	}
	before := *m
	if c.given("text") || c.has("markdown_text") {
		m.Text = what.text
	}
	m.Blocks = what.blocks // text alone removes them
	if c.given("attachments") || what.blocks != nil || what.text != "" {
		m.Attachments = what.attachments
	}
	if what.metadata != nil {
		m.Metadata = what.metadata
		if what.metadata.EventType == "" {
			m.Metadata = nil
		}
	}
	if what.blocks == nil {
		m.Edited = &Edited{User: BotUser, TS: formatTS(c.now.UnixMicro())}
	}
	w.edited(conv, m, &before)
	message := m.object()
	for _, key := range []string{"ts", "thread_ts", "reply_count", "reply_users", "latest_reply"} {
		delete(message, key) // the answer says them outside the message, or not at all
	}
	return object{"channel": conv.ID, "ts": m.TS, "text": m.Text, "message": message}, nil
}

// ownMessage finds a message of the app.
func (w *Workspace) ownMessage(channel, ts, notOurs string) (*conversation, *Message, error) {
	conv := w.conversation[channel]
	if conv == nil || !conv.member(BotUser) && conv.kind() != "channels" {
		return nil, nil, refuse("channel_not_found")
	}
	if conv.Archived {
		return nil, nil, refuse("is_inactive")
	}
	m := conv.find(ts)
	if m == nil {
		return nil, nil, refuse("message_not_found")
	}
	if m.User != BotUser {
		return nil, nil, refuse(notOurs)
	}
	return conv, m, nil
}

// edited tells everybody that a message changed.
func (w *Workspace) edited(conv *conversation, m, before *Message) {
	m.version++
	m.remember()
	w.touched(conv.ID, m.TS)
	w.changed(Change{Type: "message", Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS})
	if !conv.member(BotUser) {
		return
	}
	ts := w.nextTS()
	w.emit(object{
		"type": "message", "subtype": "message_changed", "hidden": true, "ts": ts, "event_ts": ts,
		"channel": conv.ID, "channel_type": conv.eventKind(),
		"message": w.eventMessage(m), "previous_message": w.eventMessage(before),
	})
}

func deleteMessage(w *Workspace, c *call) (object, error) {
	conv, m, err := w.ownMessage(c.str("channel"), c.str("ts"), "cant_delete_message")
	if err != nil {
		return nil, err
	}
	w.deleted(conv, m)
	return object{"channel": conv.ID, "ts": m.TS}, nil
}

// deleted takes a message away. A parent with replies stays as a tombstone.
func (w *Workspace) deleted(conv *conversation, m *Message) {
	before := *m
	if m.ReplyCount > 0 {
		*m = Message{
			Type: "message", Subtype: "tombstone", TS: m.TS, User: slackbot, Text: "This message was deleted.",
			ThreadTS: m.ThreadTS, ReplyCount: m.ReplyCount, ReplyUsers: m.ReplyUsers, LatestReply: m.LatestReply,
			channel: conv.ID, version: m.version + 1,
		}
	} else {
		conv.remove(m)
	}
	w.touched(conv.ID, before.TS)
	w.changed(Change{Type: "message", Channel: conv.ID, TS: before.TS, ThreadTS: before.ThreadTS})
	if !conv.member(BotUser) {
		return
	}
	ts := w.nextTS()
	w.emit(object{
		"type": "message", "subtype": "message_deleted", "hidden": true, "ts": ts, "event_ts": ts,
		"channel": conv.ID, "channel_type": conv.eventKind(),
		"deleted_ts": before.TS, "previous_message": w.eventMessage(&before),
	})
}

func getPermalink(w *Workspace, c *call) (object, error) {
	conv := w.conversation[c.str("channel")]
	if conv == nil || conv.Private && !conv.member(BotUser) {
		return nil, refuse("channel_not_found")
	}
	m := conv.find(c.str("message_ts"))
	if m == nil {
		return nil, refuse("message_not_found")
	}
	return object{"channel": conv.ID, "permalink": w.permalink(conv, m)}, nil
}

func (w *Workspace) permalink(conv *conversation, m *Message) string {
	link := fmt.Sprintf("%s/archives/%s/p%s", w.base, conv.ID, strings.Replace(m.TS, ".", "", 1))
	if m.reply() {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + conv.ID
	}
	return link
}
