package slacksim

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
)

// visible finds a conversation that the app may look at; a private one that it
// is not in does not exist for it. The scope depends on the conversation's kind.
func (w *Workspace) visible(c *call, verb string) (*conversation, error) {
	conv := w.conversation[c.str("channel")]
	if conv == nil || conv.kind() != "channels" && !conv.member(BotUser) {
		return nil, refuse("channel_not_found")
	}
	return conv, w.checkScope(c.name, conv.kind()+":"+verb)
}

func conversationInfo(w *Workspace, c *call) (object, error) {
	conv, err := w.visible(c, "read")
	if err != nil {
		return nil, err
	}
	return object{"channel": w.channelObject(conv, c.bool("include_num_members"))}, nil
}

// span is the part of the messages that a call asked for.
type span struct {
	oldest, latest string
	inclusive      bool
}

func readSpan(c *call) (span, error) {
	s := span{oldest: c.str("oldest"), latest: c.str("latest"), inclusive: c.bool("inclusive")}
	if s.latest == "now" {
		s.latest = ""
	}
	for name, ts := range map[string]string{"oldest": s.oldest, "latest": s.latest} {
		if strings.Trim(ts, "0123456789.") != "" {
			return s, refuse("invalid_ts_" + name)
		}
	}
	return s, nil
}

// holds compares timestamps of equal form; "0" and whole seconds are older than
// their microseconds.
func (s span) holds(ts string) bool {
	within := func(order int) bool { return order > 0 || order == 0 && s.inclusive }
	return (s.oldest == "" || within(compareTS(ts, s.oldest))) && (s.latest == "" || within(compareTS(s.latest, ts)))
}

// compareTS compares two timestamps as the numbers they are.
func compareTS(a, b string) int {
	secA, fracA, _ := strings.Cut(a, ".")
	secB, fracB, _ := strings.Cut(b, ".")
	secA, secB = strings.TrimLeft(secA, "0"), strings.TrimLeft(secB, "0")
	return cmp.Or(len(secA)-len(secB), strings.Compare(secA, secB), strings.Compare(strings.TrimRight(fracA, "0"), strings.TrimRight(fracB, "0")))
}

// page cuts a list by limit and cursor. The cursor is opaque for the app.
func pageOf[T any](c *call, items []T, standard, largest int, key func(T) string) (page []T, next string, err error) {
	if c.has("cursor") {
		raw, err := base64.StdEncoding.DecodeString(c.str("cursor"))
		after, ok := strings.CutPrefix(string(raw), "next:")
		i := slices.IndexFunc(items, func(v T) bool { return key(v) == after })
		if err != nil || !ok || i < 0 {
			return nil, "", refuse("invalid_cursor")
		}
		items = items[i:]
	}
	n := c.int("limit", standard)
	if n <= 0 {
		n = standard
	}
	n = min(n, largest)
	if len(items) > n {
		return items[:n], base64.StdEncoding.EncodeToString([]byte("next:" + key(items[n]))), nil
	}
	return items, "", nil
}

// readable finds a conversation that the bot may read, and the span that is asked for.
func (w *Workspace) readable(c *call) (conv *conversation, s span, err error) {
	if conv, err = w.visible(c, "history"); err != nil {
		return nil, s, err
	}
	if !conv.member(BotUser) {
		return nil, s, refuse("not_in_channel")
	}
	s, err = readSpan(c)
	return conv, s, err
}

func conversationHistory(w *Workspace, c *call) (object, error) {
	conv, s, err := w.readable(c)
	if err != nil {
		return nil, err
	}
	var found []*Message
	for _, m := range slices.Backward(conv.messages) {
		if !m.reply() && s.holds(m.TS) {
			found = append(found, m)
		}
	}
	reply, err := w.messagePage(c, found, 100, 999)
	if err == nil {
		reply["pin_count"], reply["channel_actions_ts"], reply["channel_actions_count"] = 0, nil, 0
	}
	return reply, err
}

// messagePage is one page of messages; the last page has no response_metadata.
func (w *Workspace) messagePage(c *call, messages []*Message, standard, largest int) (object, error) {
	page, next, err := pageOf(c, messages, standard, largest, func(m *Message) string { return m.TS })
	if err != nil {
		return nil, err
	}
	reply := object{"messages": w.seen(c, page), "has_more": next != ""}
	if next != "" {
		reply["response_metadata"] = object{"next_cursor": next}
	}
	return reply, nil
}

func conversationReplies(w *Workspace, c *call) (object, error) {
	conv, s, err := w.readable(c)
	if err != nil {
		return nil, err
	}
	thread := conv.thread(c.str("ts"))
	if thread == nil {
		return nil, refuse("thread_not_found")
	}
	thread = slices.DeleteFunc(thread, func(m *Message) bool { return m.reply() && !s.holds(m.TS) })
	return w.messagePage(c, thread, 1000, 1000)
}

// seen returns messages as the app reads them: metadata only when asked for, and
// no subtype and no team for a message with files. Only the event carries "file_share": of 67
// such messages in a public set of recordings none had it (rusq/slackdump,
// internal/fixtures/assets/CHY5HUESG.json).
func (w *Workspace) seen(c *call, messages []*Message) []*Message {
	out := make([]*Message, 0, len(messages))
	for _, m := range messages {
		copied := *m
		copied.Files = w.fileObjects(m)
		if m.Subtype == fileShare {
			copied.Subtype, copied.Team = "", ""
		}
		if !c.bool("include_all_metadata") {
			copied.Metadata = nil
		}
		out = append(out, &copied)
	}
	return out
}

func conversationMembers(w *Workspace, c *call) (object, error) {
	conv, err := w.visible(c, "read")
	if err != nil {
		return nil, err
	}
	var present []string
	for _, id := range conv.Members { // deactivated people lose their membership
		if p := w.person(id); p != nil && !p.Deleted {
			present = append(present, id)
		}
	}
	ids, next, err := pageOf(c, present, 100, 1000, func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	if ids == nil {
		ids = []string{}
	}
	return object{"members": ids, "response_metadata": object{"next_cursor": next}}, nil
}

func conversationList(w *Workspace, c *call) (object, error) {
	return w.listConversations(c, func(*conversation) bool { return true })
}

func userConversations(w *Workspace, c *call) (object, error) {
	user := cmp.Or(c.str("user"), BotUser)
	return w.listConversations(c, func(conv *conversation) bool { return conv.member(user) })
}

func (w *Workspace) listConversations(c *call, wanted func(*conversation) bool) (object, error) {
	kinds := map[string]string{"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
	types := c.list("types")
	if types == nil {
		types = []string{"public_channel"}
	}
	var found []*conversation
	for _, t := range types {
		kind, ok := kinds[t]
		if !ok {
			return nil, refuse("invalid_types")
		}
		if err := w.checkScope(c.name, kind+":read"); err != nil {
			return nil, err
		}
		for _, id := range w.order {
			conv := w.conversation[id]
			seen := conv.kind() == "channels" || conv.member(BotUser)
			if conv.kind() == kind && seen && wanted(conv) && !(conv.Archived && c.bool("exclude_archived")) {
				found = append(found, conv)
			}
		}
	}
	found, next, err := pageOf(c, found, 100, 1000, func(c *conversation) string { return c.ID })
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, conv := range found {
		out = append(out, w.channelObject(conv, true))
	}
	return object{"channels": out, "response_metadata": object{"next_cursor": next}}, nil
}

func conversationOpen(w *Workspace, c *call) (object, error) {
	if c.has("channel") {
		conv := w.conversation[c.str("channel")]
		if conv == nil || !conv.member(BotUser) || conv.kind() != "im" && conv.kind() != "mpim" {
			return nil, refuse("channel_not_found")
		}
		return w.opened(c, conv, false), nil
	}
	users := c.list("users")
	if len(users) == 0 {
		return nil, refuse("users_list_not_supplied")
	}
	for _, id := range users {
		switch p := w.person(id); {
		case p == nil:
			return nil, refuse("user_not_found")
		case p.Deleted:
			return nil, refuse("user_disabled")
		case p.Bot:
			return nil, refuse("cannot_dm_bot")
		}
	}
	if len(users) > 8 {
		return nil, refuse("too_many_users")
	}
	scope, open := "mpim:write", w.groupDirect
	if len(users) == 1 {
		scope, open = "im:write", func(users []string) (*conversation, bool) { return w.direct(users[0]) }
	}
	if err := w.checkScope(c.name, scope); err != nil {
		return nil, err
	}
	conv, fresh := open(users)
	return w.opened(c, conv, fresh), nil
}

func (w *Workspace) groupDirect(users []string) (conv *conversation, fresh bool) {
	group := slices.Sorted(slices.Values(append([]string{BotUser}, users...)))
	for _, id := range w.order {
		if slices.Equal(w.conversation[id].group, group) {
			return w.conversation[id], false
		}
	}
	conv = w.addConversation(Channel{ID: w.nextID("G"), Name: "mpdm", Private: true, Members: group})
	conv.group = group
	return conv, true
}

func (w *Workspace) opened(c *call, conv *conversation, fresh bool) object {
	channel := object{"id": conv.ID}
	if c.bool("return_im") {
		channel = w.channelObject(conv, false)
	}
	if fresh {
		w.changed(Change{Type: "channel", Channel: conv.ID})
		return object{"channel": channel}
	}
	return object{"channel": channel, "no_op": true, "already_open": true}
}

func conversationJoin(w *Workspace, c *call) (object, error) {
	conv := w.conversation[c.str("channel")]
	switch {
	case conv == nil || conv.Private:
		return nil, refuse("channel_not_found")
	case conv.kind() != "channels":
		return nil, refuse("method_not_supported_for_channel_type")
	case conv.Archived:
		return nil, refuse("is_archived")
	}
	if word := "already_in_channel"; conv.member(BotUser) {
		return object{"channel": w.channelObject(conv, false), "warning": word, "response_metadata": object{"warnings": []string{word}}}, nil
	}
	to := conv.Channel
	to.Members = append(slices.Clone(conv.Members), BotUser)
	w.reshape(conv, to, BotUser)
	return object{"channel": w.channelObject(conv, false)}, nil
}
