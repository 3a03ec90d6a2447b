package slacksim

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// A response URL works for half an hour, five times
// (docs.slack.dev/interactivity/handling-user-interaction).
const (
	hookLives = 30 * time.Minute
	hookUses  = 5
)

// hook is a response_url.
type hook struct {
	interaction *interaction
	channel     string
	user        string
	message     *Message // that was clicked on; nil for a command
	issued      time.Time
	uses        int
}

// newHook makes a response URL of a kind: commands, actions.
func (w *Workspace) newHook(kind string, in *interaction, m *Message) string {
	now := time.Now()
	for id, h := range w.hooks {
		if now.Sub(h.issued) > 2*hookLives {
			delete(w.hooks, id)
		}
	}
	id := randomWord(24)
	w.hooks[id] = &hook{interaction: in, channel: in.channel, user: in.user, message: m, issued: now}
	return w.base + "/" + kind + "/" + Team + "/" + id
}

// serveHook answers POST to a response URL.
func (w *Workspace) serveHook(rw http.ResponseWriter, r *http.Request) {
	failed := w.fault("response_url")
	if failed.before(rw, r) {
		return
	}
	a := args{}
	raw, _ := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err := a.readJSON(bytes.NewReader(raw)); err != nil {
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	status, answer := w.respond(r.PathValue("id"), a)
	if failed.fault == faultLost {
		hangUp(rw)
		return
	}
	writeJSON(rw, status, answer)
}

func (w *Workspace) respond(id string, a args) (int, object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	no := func(status int, code string) (int, object) { return status, object{"ok": false, "error": code} }
	h := w.hooks[id]
	switch {
	case h == nil:
		return no(http.StatusNotFound, "invalid_url")
	case time.Since(h.issued) > hookLives:
		return no(http.StatusNotFound, "expired_url")
	case h.uses >= hookUses:
		return no(http.StatusNotFound, "used_url")
	}
	if a.bool("delete_original") && h.message != nil {
		h.uses++
		w.removeOriginal(h)
		return http.StatusOK, object{"ok": true}
	}
	what, err := w.content(a)
	if err == nil && what.empty() {
		err = refuse("no_text")
	}
	if err != nil {
		return http.StatusBadRequest, refusalBody(err)
	}
	h.uses++
	w.say(h, what, a)
	return http.StatusOK, object{"ok": true}
}

// say posts what was sent to a response URL: to the one person, unless it says
// in_channel or replaces the message clicked on.
func (w *Workspace) say(h *hook, what content, a args) {
	conv := w.conversation[h.channel]
	m := w.botMessage(what)
	m.ThreadTS = a.str("thread_ts")
	if a.bool("replace_original") && h.message != nil {
		before := *h.message
		h.message.Text, h.message.Blocks, h.message.Attachments = m.Text, m.Blocks, m.Attachments
		if h.message.Ephemeral {
			h.message.version++
			h.message.remember()
			w.answered(h.user, h.message)
			w.changed(Change{Type: "ephemeral", Channel: conv.ID, TS: h.message.TS, User: h.user})
		} else {
			w.edited(conv, h.message, &before)
		}
		return
	}
	if a.str("response_type") == "in_channel" {
		w.post(conv, m)
		w.books.post("response_url", m, "")
		h.interaction.public = true
		h.interaction.signal()
		return
	}
	w.showEphemeral(conv, h.user, m, "response_url")
}

func (w *Workspace) removeOriginal(h *hook) {
	conv := w.conversation[h.channel]
	if !h.message.Ephemeral {
		if conv.find(h.message.TS) == h.message {
			w.deleted(conv, h.message)
		}
		return
	}
	conv.dropPrivate(h.user, h.message)
	w.changed(Change{Type: "ephemeral", Channel: conv.ID, TS: h.message.TS, User: h.user})
}
