package slacksim

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// Upload is a person's message with files.
type Upload struct {
	User, Channel, Comment, ThreadTS string
	Files                            []UploadedFile
	Elsewhere                        string // "gdrive": the files are links to that service
}

// UploadedFile is a name and the bytes.
type UploadedFile struct {
	Name    string
	Content []byte
}

// Upload posts a person's files, in one message, and returns its ts.
func (w *Workspace) Upload(u Upload) (ts string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conv, err := w.writable(u.User, u.Channel)
	if err != nil {
		return "", err
	}
	var files []*file
	for _, x := range u.Files {
		f := w.newFile(x.Name, u.User)
		f.content, f.uploaded, f.complete, f.elsewhere = x.Content, true, true, u.Elsewhere
		files = append(files, f)
	}
	m := w.personMessage(u.User, u.Comment, u.ThreadTS)
	m.Subtype = fileShare
	w.postFiles(conv, m, files)
	return m.TS, nil
}

// Attach takes a person's files for a file_input and returns their IDs. The app
// may read them as soon as they are here.
func (w *Workspace) Attach(user string, files ...UploadedFile) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.person(user) == nil {
		return nil, errors.New("user_not_found")
	}
	ids := []string{}
	for _, x := range files {
		ids = append(ids, w.give(user, x))
	}
	return ids, nil
}

// give keeps a file that was put into a file_input and returns its ID.
func (w *Workspace) give(user string, x UploadedFile) string {
	f := w.newFile(x.Name, user)
	f.content, f.uploaded, f.complete, f.given = x.Content, true, true, true
	return f.id
}

// Say posts a person's message and returns its ts.
func (w *Workspace) Say(user, channel, text, threadTS string) (ts string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conv, err := w.writable(user, channel)
	if err != nil {
		return "", err
	}
	m := w.personMessage(user, text, threadTS)
	w.post(conv, m)
	return m.TS, nil
}

// writable finds the conversation that a person writes to.
func (w *Workspace) writable(user, channel string) (*conversation, error) {
	p, conv := w.person(user), w.conversation[channel]
	switch {
	case p == nil:
		return nil, errors.New("user_not_found")
	case conv == nil:
		return nil, errors.New("channel_not_found")
	case conv.Archived:
		return nil, errors.New("is_archived")
	case conv.kind() == "im" && conv.user != user:
		return nil, errors.New("not_in_channel")
	}
	return conv, nil
}

func (w *Workspace) personMessage(user, text, threadTS string) *Message {
	stored := w.escape(escapeText(text))
	return &Message{
		Type: "message", TS: w.nextTS(), User: user, Team: w.person(user).team(), ClientMsgID: randomUUID(),
		Text: stored, Blocks: richOf(stored), ThreadTS: threadTS,
	}
}

// escapeText writes a person's text as Slack stores it.
func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// Edit changes a message as its author; nil deletes it.
func (w *Workspace) Edit(channel, ts string, text *string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	conv := w.conversation[channel]
	if conv == nil {
		return errors.New("channel_not_found")
	}
	m := conv.find(ts)
	if m == nil {
		return errors.New("message_not_found")
	}
	if text == nil {
		w.deleted(conv, m)
		return nil
	}
	before := *m
	m.Text = w.escape(escapeText(*text))
	m.Blocks = richOf(m.Text)
	m.Edited = &Edited{User: m.User, TS: w.nextTS()}
	w.edited(conv, m, &before)
	return nil
}

// Messages returns every message of a conversation, replies too, oldest first,
// with files and metadata; with user, the ephemeral ones that this person sees.
func (w *Workspace) Messages(channel, user string) ([]*Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conv := w.conversation[channel]
	if person := "U" + strings.TrimPrefix(channel, "D"); conv == nil && w.person(person) != nil {
		conv, _ = w.direct(person) // nothing was said yet
	}
	if conv == nil {
		return nil, errors.New("channel_not_found")
	}
	all := slices.Concat(conv.messages, conv.private[user])
	out := copies(all)
	for _, m := range out {
		m.Files = w.shownFiles(m)
	}
	slices.SortStableFunc(out, func(a, b *Message) int { return compareTS(a.TS, b.TS) })
	return out, nil
}

// Reload is what happens when a person reloads the page: ephemeral messages and
// open modals are gone.
func (w *Workspace) Reload(user string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.order {
		delete(w.conversation[id].private, user)
	}
	if stack := w.stacks[user]; len(stack) > 0 {
		w.closeView(stack[0], true)
	}
	w.changed(Change{Type: "ephemeral", User: user})
}

// FileContent returns the bytes of a file.
func (w *Workspace) FileContent(id string) (name string, content []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[id]
	if f == nil || f.deleted {
		return "", nil, fmt.Errorf("file_not_found")
	}
	return f.name, f.content, nil
}

// take notes that somebody opened a file on the page.
func (w *Workspace) take(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.files[id]; f != nil && !f.taken {
		f.taken = true
		w.changed(Change{Type: "file"})
	}
}

// Replace gives a file other bytes, and reports whether there is such a file.
func (w *Workspace) Replace(id string, content []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[id]
	if f == nil {
		return false
	}
	f.content = content
	return true
}

// marked matches what Slack writes for a user, a channel or a link.
var marked = regexp.MustCompile(`<[^>]*>`)

// richOf turns a person's text into the rich_text block that Slack's own client
// sends with it.
func richOf(text string) []any {
	var parts []any
	add := func(s string) {
		if s != "" {
			parts = append(parts, object{"type": "text", "text": kit.Unescape(s)})
		}
	}
	from := 0
	for _, at := range marked.FindAllStringIndex(text, -1) {
		add(text[from:at[0]])
		body, label, _ := strings.Cut(text[at[0]+1:at[1]-1], "|")
		switch {
		case strings.HasPrefix(body, "@"):
			parts = append(parts, object{"type": "user", "user_id": body[1:]})
		case strings.HasPrefix(body, "#"):
			parts = append(parts, object{"type": "channel", "channel_id": body[1:]})
		default:
			parts = append(parts, object{"type": "link", "url": body, "text": label})
		}
		from = at[1]
	}
	add(text[from:])
	if parts == nil {
		return nil
	}
	section := object{"type": "rich_text_section", "elements": parts}
	return []any{object{"type": "rich_text", "block_id": randomWord(5), "elements": []any{section}}}
}
