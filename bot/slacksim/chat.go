package slacksim

import (
	"errors"
	"strings"
	"unicode/utf8"

	"factorbot/bot/slacksim/kit"
)

// Lengths of a message's text in characters: chat.postMessage cuts, chat.update
// refuses.
const (
	maxPosted  = 40000
	maxUpdated = 4000
)

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
	kind := kit.Text(o["event_type"])
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

// outgoing reads what is to be posted, and where.
func (w *Workspace) outgoing(c *call) (what content, conv *conversation, err error) {
	if what, err = w.content(c.args); err != nil {
		return what, nil, err
	}
	if what.empty() {
		return what, nil, refuse("no_text")
	}
	conv, err = w.destination(c.str("channel"))
	return what, conv, err
}

func postMessage(w *Workspace, c *call) (object, error) {
	what, conv, err := w.outgoing(c)
	if err != nil {
		return nil, err
	}
	m := w.botMessage(what)
	m.Username = c.str("username")
	m.ThreadTS = conv.threadFor(c)
	w.post(conv, m)
	w.books.post(c.name, m, "")
	return object{"channel": conv.ID, "ts": m.TS, "message": m}, nil
}

// threadFor returns the thread that a call names, "" if its message is gone: the reply is
// posted to the channel then, without a word (slack-go issue 1571,
// caipe-io/ai-platform-engineering 1034).
func (c *conversation) threadFor(named *call) string {
	ts := named.str("thread_ts")
	if c.find(ts) == nil {
		return ""
	}
	return ts
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
	copied.Files = w.fileObjects(m)
	if m.Subtype == fileShare { // which team the person is of, only users.info tells
		copied.Team = ""
	}
	return copied.object()
}

func postEphemeral(w *Workspace, c *call) (object, error) {
	what, conv, err := w.outgoing(c)
	if err != nil {
		return nil, err
	}
	if !conv.member(c.str("user")) {
		return nil, refuse("user_not_in_channel")
	}
	m := w.botMessage(what)
	m.ThreadTS = c.str("thread_ts")
	w.showEphemeral(conv, c.str("user"), m, c.name)
	return object{"message_ts": m.TS}, nil
}

// showEphemeral shows a message to one person, until that person reloads.
func (w *Workspace) showEphemeral(conv *conversation, user string, m *Message, method string) {
	m.Ephemeral, m.IsEphemeral = true, true
	m.channel = conv.ID
	m.remember()
	conv.private[user] = append(conv.private[user], m)
	if m.User == BotUser {
		w.books.post(method, m, user)
	}
	w.answered(user, m)
	w.changed(Change{Type: "ephemeral", Channel: conv.ID, TS: m.TS, ThreadTS: m.ThreadTS, User: user})
}

// validateBlocks is blocks.validate: each part has an error of its own.
func validateBlocks(w *Workspace, c *call) (object, error) {
	for _, part := range []struct {
		arg, code string
		check     func(any) error
	}{
		{"blocks", "invalid_blocks", func(v any) error { _, err := w.blocks(v, surfaceMessage); return err }},
		{"message", "invalid_message", func(v any) error {
			_, err := w.blocks(kit.ObjectAt(v)["blocks"], surfaceMessage)
			return err
		}},
		{"view", "invalid_view", func(v any) error { _, err := w.viewBody(v); return err }},
	} {
		if !c.has(part.arg) {
			continue
		}
		v, ok := c.json(part.arg)
		if !ok {
			return nil, refuse("invalid_arguments", "[ERROR] must be JSON [json-pointer:/"+part.arg+"]")
		}
		var e *refusal
		if errors.As(part.check(v), &e) {
			return nil, &refusal{code: part.code, messages: e.messages, extra: e.extra}
		}
	}
	return nil, nil
}
