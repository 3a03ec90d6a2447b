package slacksim

import (
	"io"
	"maps"
	"net/http"
	"strconv"
)

// serveState answers GET /sandbox/state; q, offset and limit choose Okta users.
func (w *Workspace) serveState(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	state := w.state()
	if w.opt.Org != nil {
		state["okta"] = w.opt.Org.State(OrgQuery{Text: q.Get("q"), Offset: max(0, offset), Limit: max(0, limit)})
	}
	writeJSON(rw, http.StatusOK, state)
}

func (w *Workspace) state() object {
	settings := w.Settings()
	delete(settings, "slack_app_token")
	delete(settings, "slack_bot_token")
	w.mu.Lock()
	defer w.mu.Unlock()
	users := []object{}
	for _, p := range w.people {
		users = append(users, p.user(true))
	}
	channels := []object{}
	for _, id := range w.order {
		c := w.conversation[id]
		o := w.channelObject(c, true)
		o["members"] = c.Members
		channels = append(channels, o)
	}
	return object{
		"ok": true, "users": users, "channels": channels, "sockets": len(w.sockets), "settings": settings,
		"tried": maps.Clone(w.books.Tried),
	}
}

// readDrop reads the form of /sandbox/upload and /sandbox/file.
func readDrop(r *http.Request) (u Upload, sample bool, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return u, false, err
	}
	fields := map[string]*string{
		"user": &u.User, "channel": &u.Channel, "comment": &u.Comment, "thread_ts": &u.ThreadTS,
		"elsewhere": &u.Elsewhere,
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return u, sample, nil
		}
		if err != nil {
			return u, sample, err
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return u, sample, err
		}
		switch name := part.FormName(); {
		case part.FileName() != "":
			u.Files = append(u.Files, UploadedFile{part.FileName(), body})
		case name == "sample":
			sample = true
		case fields[name] != nil:
			*fields[name] = string(body)
		}
	}
}
