package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Change says that something is different now.
type Change struct {
	// Type is message, ephemeral, view, channel, sockets, settings, org, file
	// (somebody opened one), or resync: some changes were left out.
	Type     string `json:"type"`
	Channel  string `json:"channel,omitempty"`
	TS       string `json:"ts,omitempty"`
	ThreadTS string `json:"thread_ts,omitempty"`
	User     string `json:"user,omitempty"` // who alone sees it
	View     string `json:"view,omitempty"`
}

// watcherHolds is how many changes wait for a slow reader before they become a
// resync.
const watcherHolds = 256

// changed tells every watcher. The caller holds mu.
func (w *Workspace) changed(c Change) {
	for ch := range w.watchers {
		if len(ch) == cap(ch)-1 {
			c = Change{Type: "resync"}
		}
		select {
		case ch <- c:
		default:
		}
	}
}

// watch returns a channel of changes, and the function that ends it.
func (w *Workspace) watch() (changes <-chan Change, stop func()) {
	ch := make(chan Change, watcherHolds)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers[ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers, ch)
	}
}

// keepAlive is how often an idle stream says that it lives.
const keepAlive = 15 * time.Second

// serveEvents answers GET /sandbox/events: server-sent events, one per change
// from the first line on.
func (w *Workspace) serveEvents(rw http.ResponseWriter, r *http.Request) {
	if !w.join() {
		http.Error(rw, "closing", http.StatusServiceUnavailable)
		return
	}
	defer w.wg.Done()
	changes, stop := w.watch()
	defer stop()
	var org <-chan struct{}
	if w.opt.Org != nil {
		org = w.opt.Org.Watch(r.Context())
	}
	h := rw.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	out := http.NewResponseController(rw)
	_, err := fmt.Fprint(rw, "retry: 1000\n\n")
	for err == nil {
		if err = out.Flush(); err == nil {
			err = w.nextEvent(r.Context(), rw, changes, org)
		}
	}
}

// nextEvent waits for one change and writes it.
func (w *Workspace) nextEvent(ctx context.Context, rw http.ResponseWriter, changes <-chan Change, org <-chan struct{}) error {
	idle := time.NewTimer(keepAlive)
	defer idle.Stop()
	select {
	case c := <-changes:
		return writeEvent(rw, c)
	case _, ok := <-org:
		if !ok {
			return errors.New("the org is closed")
		}
		return writeEvent(rw, Change{Type: "org"})
	case <-idle.C:
		_, err := fmt.Fprint(rw, ": alive\n\n")
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

func writeEvent(rw http.ResponseWriter, c Change) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(rw, "event: change\ndata: %s\n\n", body)
	return err
}
