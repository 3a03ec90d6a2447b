package slacksim

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/slacksim/page"
)

// rendered is a message's body as HTML. It is kept until the message changes.
type rendered struct {
	version int
	html    template.HTML
}

// messageView is a message as the page shows it.
type messageView struct {
	TS, ID           string
	Author           *personView
	App              bool
	RFC, Clock       string
	Body             template.HTML
	Edited, Ephemera bool
	Mine, Deletable  bool
	Reactions        []*Reaction
	Replies          int
	Repliers         []*personView
	LatestRFC        string
	Latest           string
	Highlight        bool
	Follows          bool // the one before is of the same author and time
}

// addConversationView shows the newest messages, or those before a ts.
func (w *Workspace) addConversationView(v *screen, n *page.Names, s selection) {
	if s.home {
		v.HomeHTML = w.homeHTML(n, s.user)
		return
	}
	c := w.conversation[s.channel]
	if c == nil {
		return
	}
	var found []*Message
	for _, m := range slices.Concat(c.messages, c.private[s.user]) {
		if m.reply() || s.before != "" && compareTS(m.TS, s.before) >= 0 {
			continue
		}
		found = append(found, m)
	}
	slices.SortStableFunc(found, func(a, b *Message) int { return compareTS(a.TS, b.TS) })
	if len(found) > shownMessages {
		found = found[len(found)-shownMessages:]
		q := url.Values{"user": {s.user}, "channel": {c.ID}, "before": {found[0].TS}}
		v.Older = "/?" + q.Encode()
	}
	v.Messages = w.messageViews(n, found, s)
	v.Deciders = w.deciders(found, s.user)
	if conv := w.conversation[s.channel]; v.Sample && !v.Home && conv.kind() == "channels" && conv.member(BotUser) && !conv.Archived {
		p := w.progress(conv)
		v.Tour = tour(p)
		v.Next = p.posted && len(v.Deciders) == 0
	}
	if s.before == "" {
		w.markSeen(c, s.user)
	}
}

func (w *Workspace) addThread(v *screen, n *page.Names, s selection) {
	c := w.conversation[s.channel]
	if c == nil || s.thread == "" || s.home {
		return
	}
	thread := c.thread(s.thread)
	for _, m := range c.private[s.user] {
		if m.ThreadTS == s.thread {
			thread = append(thread, m)
		}
	}
	if over := len(thread) - 2*shownMessages; over > 0 {
		thread = append(thread[:1:1], thread[1+over:]...)
	}
	v.Replies = w.messageViews(n, thread, s)
}

// markSeen notes that a person has the conversation on the screen.
func (w *Workspace) markSeen(c *conversation, user string) {
	last := ""
	if len(c.messages) > 0 {
		last = c.messages[len(c.messages)-1].TS
	}
	for _, m := range c.private[user] {
		if compareTS(m.TS, last) > 0 {
			last = m.TS
		}
	}
	w.lastSeen[user+" "+c.ID] = last
}

// deciders are the people to act as when a button waits that somebody else
// should press: a primary button, on the screen of who wrote last.
func (w *Workspace) deciders(shown []*Message, user string) []*personView {
	if p := w.person(user); p == nil || p.Admin {
		return nil
	}
	waiting := slices.ContainsFunc(shown, func(m *Message) bool {
		return !m.Ephemeral && m.User == BotUser && slices.ContainsFunc(elements(m.Blocks), func(e element) bool {
			return e.str("style") == "primary"
		})
	})
	if !waiting {
		return nil
	}
	var out []*personView
	for _, p := range w.people {
		if p.Admin && !p.Deleted && !p.Bot {
			out = append(out, w.personView(p, user))
		}
	}
	return out
}

func (w *Workspace) messageViews(n *page.Names, messages []*Message, s selection) []*messageView {
	var out []*messageView
	var before *Message
	for _, m := range messages {
		x := w.messageView(n, m, s)
		x.Follows = before != nil && before.User == m.User && before.ReplyCount == 0 &&
			!m.Ephemeral && !before.Ephemeral && withinMinutes(before.TS, m.TS, 5)
		out = append(out, x)
		before = m
	}
	return out
}

func withinMinutes(a, b string, minutes int) bool {
	return timeOf(b).Sub(timeOf(a)) < time.Duration(minutes)*time.Minute
}

func (w *Workspace) messageView(n *page.Names, m *Message, s selection) *messageView {
	v := &messageView{
		TS: m.TS, ID: "m-" + m.TS, Author: w.author(m), App: m.BotID != "", Edited: m.Edited != nil,
		Ephemera: m.Ephemeral, Mine: m.User == s.user && !m.Ephemeral, Reactions: m.Reactions,
		Replies: m.ReplyCount, Highlight: m.TS == s.at,
	}
	me := w.person(s.user)
	v.Deletable = v.Mine || me != nil && me.Admin && !m.Ephemeral // Slack lets administrators delete others' messages
	v.RFC, v.Clock = clock(m.TS)
	if m.ReplyCount > 0 {
		v.LatestRFC, v.Latest = clock(m.LatestReply)
		for _, id := range m.ReplyUsers {
			v.Repliers = append(v.Repliers, w.personView(w.person(id), s.user))
		}
	}
	if m.html == nil || m.html.version != m.version {
		m.html = &rendered{m.version, w.body(n, m)}
	}
	v.Body = m.html.html
	return v
}

func (w *Workspace) author(m *Message) *personView {
	if m.User == slackbot {
		return &personView{ID: slackbot, Name: "Slackbot", Bot: true}
	}
	v := *w.personView(w.person(m.User), "")
	if m.Username != "" {
		v.Name = m.Username
	}
	return &v
}

// body renders blocks, or text, and files.
func (w *Workspace) body(n *page.Names, m *Message) template.HTML {
	r := &page.Renderer{Names: n, Page: w.page, Prefix: "m" + m.TS}
	data := struct {
		Text, Blocks template.HTML
		Files        []object
	}{Files: w.shownFiles(m)}
	var err error
	if len(m.Blocks) > 0 && m.BotID != "" { // a person's blocks say what the text says
		data.Blocks, err = r.Blocks(m.Blocks)
	} else {
		data.Text = n.Mrkdwn(m.Text, false)
	}
	if err == nil {
		var html template.HTML
		if html, err = w.page.Run("body", data); err == nil {
			return html
		}
	}
	return template.HTML("<p>" + template.HTMLEscapeString("This message cannot be shown: "+err.Error()) + "</p>")
}

// modalView is the modal that a person has in front.
type modalView struct {
	ID, Title, Submit, Close, Trouble string
	Depth                             int
	Body                              template.HTML
}

func (w *Workspace) modalView(n *page.Names, user string) *modalView {
	v := w.top(user)
	if v == nil {
		return nil
	}
	r := &page.Renderer{Names: n, Page: w.page, Prefix: v.id, Values: v.state(), Errors: v.errors, Inside: true}
	body, err := r.Blocks(v.blocks())
	if err != nil {
		return nil
	}
	m := &modalView{
		ID: v.id, Title: r.Plain(v.body["title"]), Submit: r.Plain(v.body["submit"]),
		Close: r.Plain(v.body["close"]), Depth: len(w.stacks[user]), Body: body, Trouble: v.trouble,
	}
	if m.Close == "" {
		m.Close = "Cancel"
	}
	return m
}

func (w *Workspace) homeHTML(n *page.Names, user string) template.HTML {
	v := w.homes[user]
	if v == nil {
		return ""
	}
	r := &page.Renderer{Names: n, Page: w.page, Prefix: v.id, Values: v.state(), Inside: true}
	body, err := r.Blocks(v.blocks())
	if err != nil {
		return ""
	}
	html, err := w.page.Run("homeview", struct {
		ID   string
		Body template.HTML
	}{v.id, body})
	if err != nil {
		return ""
	}
	return html
}

// clock is a time of day as the page shows it before its script knows better.
func clock(ts string) (rfc, short string) {
	at := timeOf(ts)
	return at.Format(time.RFC3339), at.Format("15:04")
}

// timeOf is the time of a message, to the second.
func timeOf(ts string) time.Time {
	seconds, _, _ := strings.Cut(ts, ".")
	n, _ := strconv.ParseInt(seconds, 10, 64) // none is 0
	return time.Unix(n, 0).UTC()
}
