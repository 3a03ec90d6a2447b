package slacksim

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lengths of a message's text in characters: chat.postMessage cuts, chat.update
// refuses.
const (
	maxPosted  = 40000
	maxUpdated = 4000
)

func chatMethods() map[string]func(*Workspace, *call) (object, error) {
	return map[string]func(*Workspace, *call) (object, error){
		"chat.postMessage":   postMessage,
		"chat.postEphemeral": postEphemeral,
		"chat.update":        updateMessage,
		"chat.delete":        deleteMessage,
		"chat.getPermalink":  getPermalink,
		"reactions.add":      addReaction,
		"reactions.remove":   removeReaction,
		"blocks.validate":    validateBlocks,
	}
}

// content is what a message says.
type content struct {
	text        string
	blocks      []any
	attachments []any
	metadata    *Metadata
}

// content reads and checks text, blocks, attachments and metadata.
func (w *Workspace) content(a args) (content, error) {
	c := content{text: a.str("text")}
	if a.has("markdown_text") {
		if a.has("text") || a.has("blocks") {
			return c, refuse("markdown_text_conflict")
		}
		c.text = a.str("markdown_text")
	}
	blocks, ok := a.json("blocks")
	if !ok {
		return c, refuse("invalid_blocks_format")
	}
	var err error
	if c.blocks, err = w.blocks(blocks, surfaceMessage); err != nil {
		return c, err
	}
	attachments, ok := a.json("attachments")
	if !ok {
		return c, refuse("invalid_attachments")
	}
	if list, isList := attachments.([]any); isList {
		c.attachments = list
	}
	c.metadata, err = readMetadata(a)
	return c, err
}

func (c content) empty() bool {
	return strings.TrimSpace(c.text) == "" && len(c.blocks) == 0 && len(c.attachments) == 0
}

func readMetadata(a args) (*Metadata, error) {
	if !a.has("metadata") {
		return nil, nil
	}
	v, ok := a.json("metadata")
	o, isObject := v.(object)
	if !ok || !isObject {
		return nil, refuse("invalid_metadata_format")
	}
	if len(o) == 0 {
		return &Metadata{}, nil // clears, in an update
	}
	kind, _ := o["event_type"].(string)
	payload, isObject := o["event_payload"].(object)
	if kind == "" || !isObject {
		return nil, refuse("invalid_metadata_schema")
	}
	return &Metadata{EventType: kind, EventPayload: payload}, nil
}

// destination finds the conversation that the app posts to: by ID, by #name, or
// by a person's ID, which opens the direct message.
func (w *Workspace) destination(name string) (*conversation, error) {
	conv := w.conversation[name]
	if conv == nil && strings.HasPrefix(name, "U") && w.person(name) != nil {
		conv, _ = w.direct(name)
	}
	if conv == nil {
		conv = w.channelNamed(strings.TrimPrefix(name, "#"))
	}
	switch {
	case conv == nil, conv.Private && !conv.member(BotUser):
		return nil, refuse("channel_not_found")
	case conv.Archived:
		return nil, refuse("is_archived")
	case !conv.member(BotUser):
		if w.checkScope("chat.postMessage", "chat:write.public") != nil {
			return nil, refuse("not_in_channel")
		}
	}
	return conv, nil
}

func (w *Workspace) channelNamed(name string) *conversation {
	for _, id := range w.order {
		if c := w.conversation[id]; c.Name == name && name != "" {
			return c
		}
	}
	return nil
}

func postMessage(w *Workspace, c *call) (object, error) {
	what, err := w.content(c.args)
	if err != nil {
		return nil, err
	}
	if what.empty() {
		return nil, refuse("no_text")
	}
	conv, err := w.destination(c.str("channel"))
	if err != nil {
		return nil, err
	}
	m := w.botMessage(what)
	m.Username = c.str("username")
	if w.threadRoot(conv, c.str("thread_ts")) {
		m.ThreadTS = c.str("thread_ts")
	}
	w.post(conv, m)
	w.books.Posts = append(w.books.Posts, Post{
		Method: c.name, Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS, Text: m.Text, Metadata: m.Metadata,
	})
	return object{"channel": conv.ID, "ts": m.TS, "message": m}, nil
}

// threadRoot says whether ts is a message of the conversation. A reply to a
// message that is gone is posted to the channel, without a word (slack-go issue
// 1571, caipe-io/ai-platform-engineering 1034).
func (w *Workspace) threadRoot(conv *conversation, ts string) bool {
	return ts != "" && conv.find(ts) != nil
}

func (w *Workspace) botMessage(c content) *Message {
	text := c.text
	if utf8.RuneCountInString(text) > maxPosted {
		text = string([]rune(text)[:maxPosted])
	}
	return &Message{
		Type: "message", TS: w.nextTS(), User: BotUser, BotID: BotID, AppID: AppID, Team: Team,
		Text: text, Blocks: c.blocks, Attachments: c.attachments, Metadata: c.metadata,
		BotProfile: object{
			"id": BotID, "app_id": AppID, "name": "factorbot", "team_id": Team, "deleted": false,
			"updated": 1700000000, "icons": object{},
		},
	}
}

// post adds a message and tells everybody.
func (w *Workspace) post(conv *conversation, m *Message) {
	if m.ThreadTS == m.TS {
		m.ThreadTS = ""
	}
	if m.reply() { // a reply to a reply belongs to the thread's root
		if to := conv.find(m.ThreadTS); to != nil && to.reply() {
			m.ThreadTS = to.ThreadTS
		}
	}
	m.remember()
	conv.append(m)
	w.changed(Change{Type: "message", Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS})
	w.emitMessage(conv, m)
}

// emitMessage sends the message event, to an app that is in the conversation.
func (w *Workspace) emitMessage(conv *conversation, m *Message) {
	if !conv.member(BotUser) {
		return
	}
	event := w.eventMessage(m)
	event["channel"], event["channel_type"], event["event_ts"] = conv.ID, conv.eventKind(), m.TS
	w.emit(event)
	if m.User != BotUser && strings.Contains(m.Text, "<@"+BotUser) {
		w.emit(object{
			"type": "app_mention", "user": m.User, "text": m.Text, "ts": m.TS, "team": m.Team,
			"thread_ts": m.ThreadTS, "channel": conv.ID, "event_ts": m.TS,
		})
	}
}

// eventMessage is a message as events carry it: without counts and metadata;
// files of another workspace only as stubs.
func (w *Workspace) eventMessage(m *Message) object {
	copied := *m
	copied.Metadata = nil
	copied.ReplyCount, copied.ReplyUsers, copied.LatestReply = 0, nil, ""
	copied.Files = w.fileObjects(m, true)
	return copied.object()
}

func postEphemeral(w *Workspace, c *call) (object, error) {
	what, err := w.content(c.args)
	if err != nil {
		return nil, err
	}
	if what.empty() {
		return nil, refuse("no_text")
	}
	conv, err := w.destination(c.str("channel"))
	if err != nil {
		return nil, err
	}
	if !conv.member(c.str("user")) {
		return nil, refuse("user_not_in_channel")
	}
	m := w.botMessage(what)
	m.ThreadTS = c.str("thread_ts")
	w.whisper(conv, c.str("user"), m, c.name)
	return object{"message_ts": m.TS}, nil
}

// whisper shows a message to one person, until that person reloads.
func (w *Workspace) whisper(conv *conversation, user string, m *Message, method string) {
	m.Ephemeral, m.IsEphemeral = true, true
	m.channel = conv.ID
	m.remember()
	conv.private[user] = append(conv.private[user], m)
	if m.User == BotUser {
		w.books.Posts = append(w.books.Posts, Post{
			Method: method, Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS, User: user, Text: m.Text, Metadata: m.Metadata,
		})
	}
	w.answered(user, m)
	w.changed(Change{Type: "ephemeral", Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS, User: user})
}

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
	return object{"channel": conv.ID, "ts": m.TS, "text": m.Text, "message": m}, nil
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
	if i < 0 {
		m.Reactions = append(m.Reactions, &Reaction{Name: name})
		i = len(m.Reactions) - 1
	}
	r := m.Reactions[i]
	if slices.Contains(r.Users, BotUser) {
		return nil, refuse("already_reacted")
	}
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

func validateBlocks(w *Workspace, c *call) (object, error) {
	for arg, check := range map[string]func(any) error{
		"blocks": func(v any) error { _, err := w.blocks(v, surfaceMessage); return err },
		"message": func(v any) error {
			o, _ := v.(object)
			_, err := w.blocks(o["blocks"], surfaceMessage)
			return err
		},
		"view": func(v any) error { _, err := w.viewBody(v); return err },
	} {
		if !c.has(arg) {
			continue
		}
		v, ok := c.json(arg)
		if !ok {
			return nil, refuse("invalid_arguments", "[ERROR] must be JSON [json-pointer:/"+arg+"]")
		}
		if err := check(v); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
