package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
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
		"POST /sandbox/command":      w.serveCommand,
		"POST /sandbox/message":      w.serveSay,
		"POST /sandbox/upload":       w.serveDrop,
		"POST /sandbox/file":         w.serveAttach,
		"POST /sandbox/action":       w.serveAction,
		"POST /sandbox/options":      w.serveOptions,
		"POST /sandbox/view":         w.serveSubmit,
		"POST /sandbox/close":        w.serveClose,
		"POST /sandbox/edit":         w.serveEdit,
		"POST /sandbox/set":          w.serveSet,
		"POST /sandbox/reload":       w.serveReload,
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
func readBody(rw http.ResponseWriter, r *http.Request, v any) bool {
	r.Body = http.MaxBytesReader(rw, r.Body, maxBody)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var raw []byte
	var err error
	if kind == "application/x-www-form-urlencoded" && !looksJSON(r, &raw) {
		o := object{}
		form, _ := url.ParseQuery(string(raw))
		for k := range form {
			o[k] = form.Get(k)
		}
		raw, err = json.Marshal(o)
	} else if raw == nil {
		raw, err = io.ReadAll(r.Body)
	}
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		err = d.Decode(v)
	}
	if err != nil {
		fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
		return false
	}
	return true
}

// looksJSON reads the body and says whether it is JSON after all: curl -d sends
// JSON as a form.
func looksJSON(r *http.Request, raw *[]byte) bool {
	*raw, _ = io.ReadAll(r.Body)
	return strings.HasPrefix(strings.TrimSpace(string(*raw)), "{")
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

func (w *Workspace) serveCommand(rw http.ResponseWriter, r *http.Request) {
	var q struct{ User, Channel, Text, Thread string }
	if readBody(rw, r, &q) {
		a, err := w.Command(r.Context(), q.User, q.Channel, q.Text)
		reply(rw, a, err)
	}
}

func (w *Workspace) serveSay(rw http.ResponseWriter, r *http.Request) {
	var q struct {
		User, Channel, Text string
		Thread              string `json:"thread_ts"`
	}
	if readBody(rw, r, &q) {
		ts, err := w.Say(q.User, q.Channel, q.Text, q.Thread)
		reply(rw, object{"ok": true, "ts": ts}, err)
	}
}

// serveDrop answers POST /sandbox/upload. A form without a file and with
// "sample" drops the sample roster.
func (w *Workspace) serveDrop(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxFile+maxBody)
	parts, err := r.MultipartReader()
	if err != nil {
		fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
		return
	}
	u, sample, err := readDrop(parts.NextPart)
	if err != nil {
		fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
		return
	}
	if sample && w.opt.Sample != nil {
		u.Files = append(u.Files, UploadedFile{"sample.csv", w.opt.Sample()})
	}
	if len(u.Files) == 0 {
		fail(rw, http.StatusBadRequest, errors.New("no_file_data"))
		return
	}
	ts, err := w.Upload(u)
	reply(rw, object{"ok": true, "ts": ts}, err)
}

// serveAttach answers POST /sandbox/file: files for a file_input, not shared
// anywhere.
func (w *Workspace) serveAttach(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxFile+maxBody)
	parts, err := r.MultipartReader()
	if err != nil {
		fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
		return
	}
	u, _, err := readDrop(parts.NextPart)
	if err != nil {
		fail(rw, http.StatusBadRequest, fmt.Errorf("invalid_arguments: %w", err))
		return
	}
	ids, err := w.Attach(u.User, u.Files...)
	reply(rw, object{"ok": true, "files": ids}, err)
}

func (w *Workspace) serveAction(rw http.ResponseWriter, r *http.Request) {
	var c Click
	if readBody(rw, r, &c) {
		result, err := w.Click(r.Context(), c)
		reply(rw, result, err)
	}
}

// serveOptions answers POST /sandbox/options: what the app offers in an
// external_select for the text in "value".
func (w *Workspace) serveOptions(rw http.ResponseWriter, r *http.Request) {
	var c Click
	if readBody(rw, r, &c) {
		offered, err := w.Suggest(r.Context(), c)
		reply(rw, offered, err)
	}
}

func (w *Workspace) serveSubmit(rw http.ResponseWriter, r *http.Request) {
	var q struct {
		User   string `json:"user"`
		View   string `json:"view_id"`
		Values object `json:"values"`
	}
	if readBody(rw, r, &q) {
		result, err := w.Submit(r.Context(), q.User, q.View, q.Values)
		reply(rw, result, err)
	}
}

func (w *Workspace) serveClose(rw http.ResponseWriter, r *http.Request) {
	var q struct {
		User string `json:"user"`
		View string `json:"view_id"`
	}
	if readBody(rw, r, &q) {
		reply(rw, object{"ok": true}, w.CloseView(q.User, q.View))
	}
}

func (w *Workspace) serveEdit(rw http.ResponseWriter, r *http.Request) {
	var q struct {
		Channel string          `json:"channel"`
		TS      string          `json:"message_ts"`
		Text    json.RawMessage `json:"text"`
	}
	if !readBody(rw, r, &q) {
		return
	}
	var text *string
	if err := json.Unmarshal(q.Text, &text); err != nil { // absent is not null
		fail(rw, http.StatusBadRequest, errors.New("invalid_arguments: text"))
		return
	}
	reply(rw, object{"ok": true}, w.Edit(q.Channel, q.TS, text))
}

func (w *Workspace) serveSet(rw http.ResponseWriter, r *http.Request) {
	var values map[string]json.RawMessage
	if readBody(rw, r, &values) {
		reply(rw, object{"ok": true}, w.Set(values))
	}
}

func (w *Workspace) serveReload(rw http.ResponseWriter, r *http.Request) {
	var q struct{ User string }
	if readBody(rw, r, &q) {
		w.Reload(q.User)
		reply(rw, object{"ok": true}, nil)
	}
}

func (w *Workspace) serveMessages(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	messages, err := w.Messages(q.Get("channel"), q.Get("user"))
	if root := q.Get("thread_ts"); root != "" {
		kept := []*Message{}
		for _, m := range messages {
			if m.TS == root || m.ThreadTS == root {
				kept = append(kept, m)
			}
		}
		messages = kept
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
