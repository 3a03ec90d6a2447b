package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// routes says where everything is.
func (w *Workspace) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("GET /link/", w.serveSocket)
	mux.HandleFunc("POST /upload/v1/{id}", w.serveUpload)
	mux.HandleFunc("GET /files-pri/{file}/{rest...}", w.serveFile)
	mux.HandleFunc("POST /commands/{team}/{id}", w.serveHook)
	mux.HandleFunc("POST /actions/{team}/{id}", w.serveHook)
	for pattern, serve := range map[string]http.HandlerFunc{
		"POST /sandbox/command": posted(func(ctx context.Context, a act) (any, error) { return w.Command(ctx, a.User, a.Channel, a.Text) }),
		"POST /sandbox/message": posted(func(_ context.Context, a act) (any, error) {
			ts, err := w.Say(a.User, a.Channel, a.Text, a.Thread)
			return object{"ok": true, "ts": ts}, err
		}),
		"POST /sandbox/upload": dropped(w.dropUpload),
		"POST /sandbox/file": dropped(func(u Upload, _ bool) (any, error) {
			ids, err := w.Attach(u.User, u.Files...)
			return object{"ok": true, "files": ids}, err
		}),
		"POST /sandbox/action":  posted(func(ctx context.Context, c Click) (any, error) { return w.Click(ctx, c) }),
		"POST /sandbox/options": posted(func(ctx context.Context, c Click) (any, error) { return w.Suggest(ctx, c) }),
		"POST /sandbox/view":    posted(func(ctx context.Context, a act) (any, error) { return w.Submit(ctx, a.User, a.View, a.Values) }),
		"POST /sandbox/close":   posted(func(_ context.Context, a act) (any, error) { return done(w.CloseView(a.User, a.View)) }),
		"POST /sandbox/edit":    posted(w.correct),
		"POST /sandbox/set":     posted(func(_ context.Context, values map[string]json.RawMessage) (any, error) { return done(w.Set(values)) }),
		"POST /sandbox/reload": posted(func(_ context.Context, a act) (any, error) {
			w.Reload(a.User)
			return done(nil)
		}),
		"GET /sandbox/messages":      w.serveMessages,
		"GET /sandbox/home":          w.serveHome,
		"GET /sandbox/files/{id}":    w.serveSandboxFile,
		"GET /sandbox/state":         w.serveState,
		"GET /sandbox/books":         w.serveBooks,
		"GET /sandbox/events":        w.serveEvents,
		"GET /sample.csv":            w.serveSample,
		"GET /archives/{id}/{ts}":    w.servePermalink,
		"GET /assets/{name}":         w.page.ServeAsset,
		"GET /sandbox/part/{part}":   w.servePart,
		"GET /{$}":                   w.servePage,
		"GET /files/{user}/{id}/{n}": w.serveSandboxFile,
	} {
		mux.HandleFunc(pattern, w.guard(serve))
	}
	return mux
}

// guard refuses what a page elsewhere, or a name that only pretends to be this
// machine (DNS rebinding), could make a browser send.
func (w *Workspace) guard(serve http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if !w.ownHost(r.Host) {
			http.Error(rw, "foreign host", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && foreignOrigin(r) {
			http.Error(rw, "foreign origin", http.StatusForbidden)
			return
		}
		serve(rw, r)
	}
}

// ownHost says whether host is this machine's loopback, or where the workspace
// is said to be.
func (w *Workspace) ownHost(host string) bool {
	w.mu.Lock()
	base := w.base
	w.mu.Unlock()
	if u, err := url.Parse(base); err == nil && u.Host == host {
		return true
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// foreignOrigin says whether a browser sent this from another site's page.
func foreignOrigin(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host
}

// readBody reads a JSON body, or a form, into v.
func readBody(rw http.ResponseWriter, r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		return err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	asJSON := strings.HasPrefix(strings.TrimSpace(string(raw)), "{") // curl -d sends JSON as a form
	if kind == "application/x-www-form-urlencoded" && !asJSON {
		o := object{}
		form, _ := url.ParseQuery(string(raw))
		for k := range form {
			o[k] = form.Get(k)
		}
		if raw, err = json.Marshal(o); err != nil {
			return err
		}
	}
	return decode(raw, v)
}

func fail(rw http.ResponseWriter, status int, err error) {
	writeJSON(rw, status, object{"ok": false, "error": err.Error()})
}

// reply answers a request of /sandbox/: what a person could not have done is a 400.
func reply(rw http.ResponseWriter, v any, err error) {
	if err != nil {
		fail(rw, http.StatusBadRequest, err)
		return
	}
	writeJSON(rw, http.StatusOK, v)
}

// posted answers with what do makes of a request's body.
func posted[T any](do func(context.Context, T) (any, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var body T
		if err := readBody(rw, r, &body); err != nil {
			fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
			return
		}
		v, err := do(r.Context(), body)
		reply(rw, v, err)
	}
}

// done is the answer where nothing is to be told but that it was done.
func done(err error) (any, error) { return object{"ok": true}, err }

// act is what a person does, as the body of a request.
type act struct {
	User, Channel, Text string
	Thread              string `json:"thread_ts"`
	View                string `json:"view_id"`
	Values              object
}

// correction is an edit of a message, as the body of a request.
type correction struct {
	Channel string
	TS      string          `json:"message_ts"`
	Text    json.RawMessage // null deletes
}

func (w *Workspace) correct(_ context.Context, c correction) (any, error) {
	var text *string
	if err := json.Unmarshal(c.Text, &text); err != nil { // absent is not null
		return nil, errors.New("invalid_arguments: text")
	}
	return done(w.Edit(c.Channel, c.TS, text))
}

// dropped answers with what do makes of a form with files.
func dropped(do func(u Upload, sample bool) (any, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(rw, r.Body, maxFile+maxBody)
		u, sample, err := readDrop(r)
		if err != nil {
			fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
			return
		}
		v, err := do(u, sample)
		reply(rw, v, err)
	}
}

// dropUpload shares files; without a file, sample shares the sample roster.
func (w *Workspace) dropUpload(u Upload, sample bool) (any, error) {
	if sample && w.opt.Sample != nil {
		u.Files = append(u.Files, UploadedFile{"sample.csv", w.opt.Sample()})
	}
	if len(u.Files) == 0 {
		return nil, errors.New("no_file_data")
	}
	ts, err := w.Upload(u)
	return object{"ok": true, "ts": ts}, err
}

func (w *Workspace) serveMessages(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	messages, err := w.Messages(q.Get("channel"), q.Get("user"))
	if root := q.Get("thread_ts"); root != "" {
		messages = slices.DeleteFunc(messages, func(m *Message) bool { return m.TS != root && m.ThreadTS != root })
	}
	reply(rw, object{"ok": true, "messages": messages}, err)
}

func (w *Workspace) serveHome(rw http.ResponseWriter, r *http.Request) {
	view, err := w.OpenHome(r.Context(), r.URL.Query().Get("user"))
	reply(rw, object{"ok": true, "view": view}, err)
}

func (w *Workspace) serveSandboxFile(rw http.ResponseWriter, r *http.Request) {
	name, content, err := w.FileContent(r.PathValue("id"))
	if err != nil {
		fail(rw, http.StatusNotFound, err)
		return
	}
	w.take(r.PathValue("id"))
	sendFile(rw, name, content)
}

func (w *Workspace) serveSample(rw http.ResponseWriter, r *http.Request) {
	if w.opt.Sample == nil {
		http.NotFound(rw, r)
		return
	}
	sendFile(rw, "sample.csv", w.opt.Sample())
}

func (w *Workspace) serveBooks(rw http.ResponseWriter, _ *http.Request) {
	writeJSON(rw, http.StatusOK, w.Books())
}

// servePermalink sends a browser to the page with that message.
func (w *Workspace) servePermalink(rw http.ResponseWriter, r *http.Request) {
	ts := strings.TrimPrefix(r.PathValue("ts"), "p")
	if len(ts) > 6 {
		ts = ts[:len(ts)-6] + "." + ts[len(ts)-6:]
	}
	q := url.Values{"channel": {r.PathValue("id")}, "at": {ts}}
	if thread := r.URL.Query().Get("thread_ts"); thread != "" {
		q.Set("thread", thread)
	}
	http.Redirect(rw, r, "/?"+q.Encode(), http.StatusFound)
}
