package slacksim

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// conversation is a channel or a direct message with all that was said in it.
type conversation struct {
	Channel
	created  int64
	user     string     // the person of a direct message with the app
	group    []string   // the people of a direct message among several
	messages []*Message // oldest first, replies among them
	// private holds what only one person sees; it goes at that person's reload.
	private map[string][]*Message
}

func (w *Workspace) addConversation(c Channel) *conversation {
	c.Members = slices.Clone(c.Members)
	conv := &conversation{Channel: c, created: 1700000000, private: map[string][]*Message{}}
	w.conversation[c.ID] = conv
	w.order = append(w.order, c.ID)
	return conv
}

// direct returns the direct message between the app and a person.
func (w *Workspace) direct(user string) (conv *conversation, fresh bool) {
	id := "D" + strings.TrimPrefix(user, "U")
	if c := w.conversation[id]; c != nil {
		return c, false
	}
	c := w.addConversation(Channel{ID: id, Members: []string{BotUser, user}})
	c.user = user
	return c, true
}

func (c *conversation) member(user string) bool { return slices.Contains(c.Members, user) }

// kind is the conversation's type in Slack's scopes: channels, groups, im, mpim.
func (c *conversation) kind() string {
	switch {
	case c.user != "":
		return "im"
	case c.group != nil:
		return "mpim"
	case c.Private:
		return "groups"
	}
	return "channels"
}

// eventKind is the conversation's type in events: channel, group, im, mpim.
func (c *conversation) eventKind() string { return strings.TrimSuffix(c.kind(), "s") }

func (c *conversation) find(ts string) *Message {
	i := sort.Search(len(c.messages), func(i int) bool { return c.messages[i].TS >= ts })
	if i < len(c.messages) && c.messages[i].TS == ts {
		return c.messages[i]
	}
	return nil
}

// findPrivate returns the ephemeral message ts that user still sees.
func (c *conversation) findPrivate(user, ts string) *Message {
	for _, m := range c.private[user] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// thread returns the parent and its replies, oldest first; nil if there is no
// message ts.
func (c *conversation) thread(ts string) []*Message {
	m := c.find(ts)
	if m == nil {
		return nil
	}
	root := ts
	if m.reply() {
		root = m.ThreadTS
	}
	var thread []*Message
	for _, m := range c.messages {
		if m.TS == root || m.ThreadTS == root {
			thread = append(thread, m)
		}
	}
	return thread
}

// append adds a message that has its ts, and counts it at its parent.
func (c *conversation) append(m *Message) {
	m.channel = c.ID
	c.messages = append(c.messages, m)
	if !m.reply() {
		return
	}
	parent := c.find(m.ThreadTS)
	if parent == nil {
		return
	}
	m.ParentUserID = parent.User
	parent.ThreadTS = parent.TS
	parent.ReplyCount++
	parent.LatestReply = m.TS
	parent.version++
	if m.User != "" && !slices.Contains(parent.ReplyUsers, m.User) {
		parent.ReplyUsers = append(parent.ReplyUsers, m.User)
	}
}

// remove takes a message away; its parent counts one reply less.
func (c *conversation) remove(m *Message) {
	c.messages = slices.DeleteFunc(c.messages, func(x *Message) bool { return x == m })
	if !m.reply() {
		return
	}
	if parent := c.find(m.ThreadTS); parent != nil && parent.ReplyCount > 0 {
		parent.ReplyCount--
		parent.version++
		if parent.ReplyCount == 0 {
			parent.ThreadTS, parent.LatestReply, parent.ReplyUsers = "", "", nil
		}
	}
}

// shared says whether people of another workspace are in the channel.
func (w *Workspace) shared(c *conversation) bool {
	for _, id := range c.Members {
		if p := w.person(id); p != nil && p.team() != Team {
			return true
		}
	}
	return false
}

// channelObject returns the conversation object of the Web API.
func (w *Workspace) channelObject(c *conversation, numMembers bool) object {
	o := object{
		"id": c.ID, "created": c.created, "updated": c.created * 1000, "is_archived": c.Archived,
		"is_org_shared": false, "context_team_id": Team, "is_im": c.kind() == "im",
	}
	if c.kind() == "im" {
		o["user"], o["is_open"] = c.user, true
		return o
	}
	shared := w.shared(c)
	maps.Copy(o, object{
		"name": c.Name, "name_normalized": c.Name, "is_channel": c.kind() == "channels", "is_mpim": c.kind() == "mpim",
		"is_group": c.kind() == "groups", "is_private": c.kind() != "channels",
		"is_member": c.member(BotUser), "is_general": c.ID == "C_GENERAL", "creator": "U_APPROVER1",
		"is_shared": shared, "is_ext_shared": shared, "is_pending_ext_shared": false,
		"pending_shared": []any{}, "unlinked": 0, "parent_conversation": nil,
		"shared_team_ids": []string{Team}, "previous_names": []any{},
		"topic":   object{"value": c.Topic, "creator": "", "last_set": 0},
		"purpose": object{"value": "", "creator": "", "last_set": 0},
	})
	if numMembers {
		o["num_members"] = len(c.Members)
	}
	return o
}

// dropPrivate takes one ephemeral message off the person's screen.
func (c *conversation) dropPrivate(user string, m *Message) {
	c.private[user] = slices.DeleteFunc(c.private[user], func(x *Message) bool { return x == m })
}
