package slacksim

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"factorbot/bot/slacksim/page"
)

// shownMessages is how many messages a conversation shows before "older".
const shownMessages = 100

// screen is what one browser shows: whose eyes, which conversation, which thread.
type screen struct {
	Me       *personView
	People   []*personView
	Channels []*channelView
	Direct   *channelView // with the app
	Home     bool         // the app's home tab is open
	Here     *channelView // the open conversation
	Tab      string       // "home", or the conversation's ID
	Thread   string       // ts of the open thread's parent
	At       string       // ts of the message to show

	Messages []*messageView
	Older    string // link to older messages
	Replies  []*messageView
	HomeHTML template.HTML
	Modal    *modalView
	Org      *orgView
	Phone    []OrgPush // pushes that wait on the person's phone
	Sample   bool      // there is a sample roster to drop here
	Sockets  int
	Deciders []*personView // who may press what waits on this screen
	Tour     []tourStep    // the three steps, where the person and the app meet; nil elsewhere
	Next     bool          // a result file is there: time to try something else
	Slack    struct{ Down bool }
	Commands string // JSON, for the composer's suggestions
	Handles  string // JSON, likewise

}

type personView struct {
	ID, Name, Handle, Title string
	Bot, Me, News           bool
}

type channelView struct {
	ID, Name, Topic                         string
	Private, Archived, Open, Member, Direct bool
	Bot                                     bool // is in it
	Unread                                  int
	People                                  int
}

// selection is what the page's address asks for.
type selection struct {
	user, channel, thread, at, query, before string
	offset                                   int
	home                                     bool
}

func (w *Workspace) selection(r *http.Request) selection {
	q := r.URL.Query()
	s := selection{
		user: q.Get("user"), channel: q.Get("channel"), thread: q.Get("thread"), at: q.Get("at"),
		query: q.Get("q"), before: q.Get("before"), home: q.Get("channel") == "home",
	}
	s.offset = args{"offset": q.Get("offset")}.int("offset", 0)
	if p := w.person(s.user); p == nil || p.Bot {
		s.user = w.firstPerson()
	}
	if conv := w.conversation[s.channel]; conv == nil || !w.reads(s.user, conv) {
		s.channel = w.firstChannel(s.user)
	}
	if conv := w.conversation[s.channel]; conv == nil || conv.find(s.thread) == nil {
		s.thread = ""
	}
	return s
}

func (w *Workspace) firstPerson() string {
	for _, p := range w.people {
		if !p.Bot {
			return p.ID
		}
	}
	return ""
}

// firstChannel is where the person and the app meet.
func (w *Workspace) firstChannel(user string) string {
	for _, both := range []bool{true, false} {
		for _, id := range w.order {
			c := w.conversation[id]
			if c.kind() == "channels" && (c.member(BotUser) || !both) && w.reads(user, c) {
				return id
			}
		}
	}
	return ""
}

// reads says whether a person sees a conversation.
func (w *Workspace) reads(user string, c *conversation) bool {
	p := w.person(user)
	if c.kind() != "channels" {
		return c.member(user)
	}
	guest := p != nil && (p.Restricted || p.UltraRestricted || p.team() != Team)
	return c.member(user) || !guest
}

// screen gathers what the parts need.
func (w *Workspace) screen(r *http.Request, parts ...string) *screen {
	w.mu.Lock()
	s := w.selection(r)
	v := &screen{
		Thread: s.thread, At: s.at, Home: s.home, Sample: w.opt.Sample != nil && s.channel == w.firstChannel(s.user), Sockets: len(w.sockets),
		Tab: s.channel,
	}
	if s.home {
		v.Tab = "home"
	}
	v.Me = w.personView(w.person(s.user), s.user)
	v.Here = w.channelView(w.conversation[s.channel], s)
	v.Slack.Down = w.settings.Down
	n := w.names()
	for _, part := range parts {
		switch part {
		case "sidebar":
			w.addSidebar(v, s)
		case "conversation":
			w.addConversationView(v, n, s)
		case "thread":
			w.addThread(v, n, s)
		case "modal":
			v.Modal = w.modalView(n, s.user)
		}
	}
	email := ""
	if p := w.person(s.user); p != nil {
		email = p.Email
	}
	w.mu.Unlock()
	if slices.Contains(parts, "org") || slices.Contains(parts, "modal") {
		v.Phone = w.phone(email)
	}
	if slices.Contains(parts, "org") { // the org has a lock of its own
		v.Org = w.orgView(s)
	}
	return v
}

func (w *Workspace) personView(p *Person, me string) *personView {
	if p == nil {
		return &personView{}
	}
	return &personView{ID: p.ID, Name: p.RealName, Handle: p.Name, Title: p.Title, Bot: p.Bot, Me: p.ID == me}
}

func (w *Workspace) channelView(c *conversation, s selection) *channelView {
	if c == nil {
		return nil
	}
	v := &channelView{
		ID: c.ID, Name: c.Name, Topic: c.Topic, Private: c.Private, Archived: c.Archived,
		Open: c.ID == s.channel && !s.home, Member: c.member(s.user), Bot: c.member(BotUser), People: len(c.Members),
	}
	if c.kind() == "im" {
		v.Direct, v.Name = true, "factorbot"
	}
	if !v.Open { // what is on the screen is read
		v.Unread = w.unread(c, s.user)
	}
	return v
}

// unread counts what a person has not had on the screen.
func (w *Workspace) unread(c *conversation, user string) int {
	if !c.member(user) {
		return 0
	}
	last := w.lastSeen[user+" "+c.ID]
	n := 0
	for _, m := range slices.Backward(c.messages) {
		if compareTS(m.TS, last) <= 0 {
			break
		}
		if m.User != user && !m.reply() {
			n++
		}
	}
	for _, m := range c.private[user] {
		if compareTS(m.TS, last) > 0 {
			n++
		}
	}
	return n
}

func (w *Workspace) addSidebar(v *screen, s selection) {
	for _, p := range w.people {
		if p.Bot {
			continue
		}
		x := w.personView(p, s.user)
		for _, id := range w.order {
			if c := w.conversation[id]; c.kind() == "im" && c.user == p.ID && w.unread(c, p.ID) > 0 {
				x.News = p.ID != s.user
			}
		}
		v.People = append(v.People, x)
	}
	for _, id := range w.order {
		if c := w.conversation[id]; c.kind() != "im" && w.reads(s.user, c) {
			v.Channels = append(v.Channels, w.channelView(c, s))
		}
	}
	direct, _ := w.direct(s.user)
	v.Direct = w.channelView(direct, s)
	v.Commands, v.Handles = w.suggestions()
}

// suggestions are what the composer offers after / and @.
func (w *Workspace) suggestions() (commands, handles string) {
	type suggestion struct {
		Text string `json:"text"`
		Hint string `json:"hint"`
	}
	var c, h []suggestion
	for _, x := range w.opt.Commands {
		c = append(c, suggestion{x.Command + " ", strings.TrimSpace(x.UsageHint + " \u2014 " + x.Description)})
		for _, e := range x.Examples {
			c = append(c, suggestion{x.Command + " " + e.Text, e.Hint})
		}
	}
	c = append(c, suggestion{"/invite @", "add somebody, or the app, to this channel"},
		suggestion{"/remove @", "take somebody, or the app, out of this channel"},
		suggestion{"/archive", "close this channel"})
	for _, p := range w.people {
		h = append(h, suggestion{"@" + p.Name, p.RealName})
	}
	one, _ := json.Marshal(c) // strings
	two, _ := json.Marshal(h)
	return string(one), string(two)
}

func (w *Workspace) names() *page.Names {
	n := &page.Names{
		People: map[string]string{}, Channels: map[string]string{}, ByName: map[string]string{},
		Groups: map[string]string{}, Gone: map[string]bool{}, Base: w.base,
	}
	for _, p := range w.people {
		n.People[p.ID], n.Gone[p.ID] = p.RealName, p.Deleted
	}
	for id, c := range w.conversation {
		if c.kind() == "channels" {
			n.Channels[id], n.ByName[c.Name] = c.Name, id
		}
	}
	for _, g := range w.groups {
		n.Groups[g.ID] = g.Handle
	}
	return n
}
