package slacksim

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Figures of docs.slack.dev/apis/events-api/using-socket-mode.
const (
	maxSockets    = 10
	pingEvery     = 10 * time.Second
	warningBefore = 10 * time.Second
	ticketLives   = 30 * time.Second
	writeWithin   = 5 * time.Second
)

// socket is one open Socket Mode connection.
type socket struct {
	id   int
	conn *websocket.Conn
	once sync.Once
	done chan struct{} // closed when the socket is gone

	writing sync.Mutex
}

// write sends one text frame.
func (s *socket) write(body []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	return s.conn.WriteMessage(websocket.TextMessage, body)
}

// drop cuts the connection without a close frame.
func (s *socket) drop() {
	s.once.Do(func() {
		close(s.done)
		_ = s.conn.Close()
	})
}

// ping sends Slack's pings until the socket is gone.
func (s *socket) ping() {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-s.done:
			return
		case now := <-t.C:
			text := []byte("Ping from sandbox " + now.UTC().Format(time.RFC3339))
			if s.conn.WriteControl(websocket.PingMessage, text, now.Add(writeWithin)) != nil {
				s.drop()
				return
			}
		}
	}
}

// connectionsOpen is apps.connections.open: a socket URL for one use.
func connectionsOpen(w *Workspace, c *call) (object, error) {
	for ticket, issued := range w.tickets {
		if c.now.Sub(issued) > ticketLives {
			delete(w.tickets, ticket)
		}
	}
	ticket := randomWord(24)
	w.tickets[ticket] = c.now
	return object{"url": "ws" + strings.TrimPrefix(w.base, "http") + "/link/?ticket=" + ticket + "&app_id=" + AppID}, nil
}

// serveSocket answers GET /link/?ticket=...
func (w *Workspace) serveSocket(rw http.ResponseWriter, r *http.Request) {
	if !w.join() {
		http.Error(rw, "closing", http.StatusServiceUnavailable)
		return
	}
	defer w.wg.Done()
	if !w.useTicket(r.URL.Query().Get("ticket")) {
		http.Error(rw, "invalid ticket", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // the ticket is the key; clients send any Origin
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	s := &socket{conn: conn, done: make(chan struct{})}
	defer s.drop()
	if !w.hello(s) {
		return
	}
	defer w.leave(s)
	w.wg.Go(s.ping)
	w.read(s)
}

func (w *Workspace) useTicket(ticket string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	issued, ok := w.tickets[ticket]
	delete(w.tickets, ticket)
	return ok && time.Since(issued) <= ticketLives && !w.settings.Down
}

// hello takes the socket in and greets it; the eleventh is sent away.
func (w *Workspace) hello(s *socket) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	if len(w.sockets) >= maxSockets {
		_ = s.write(disconnectFrame("too_many_websockets"))
		return false
	}
	w.lastID++
	s.id = w.lastID
	body, _ := json.Marshal(object{
		"type": "hello", "num_connections": len(w.sockets) + 1,
		"connection_info": object{"app_id": AppID},
		"debug_info":      object{"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
	})
	if s.write(body) != nil {
		return false
	}
	w.sockets[s.id] = s
	w.books.Connects++
	w.changed(Change{Type: "sockets"})
	return true
}

func (w *Workspace) leave(s *socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sockets, s.id)
	w.changed(Change{Type: "sockets"})
}

// read takes acknowledgements until the socket is gone.
func (w *Workspace) read(s *socket) {
	for {
		_, body, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(body, &ack) == nil {
			w.acknowledge(ack.ID, ack.Payload)
		}
	}
}

// pick returns one open socket, any of them: Slack promises no pattern.
func (w *Workspace) pick(n int) []*socket {
	open := slices.Collect(maps.Values(w.sockets))
	rand.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	return open[:min(n, len(open))]
}

func disconnectFrame(reason string) []byte {
	body, _ := json.Marshal(object{
		"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-sandbox"},
	})
	return body
}

// disconnect sends each socket a disconnect. After a "warning" the socket lives
// on for 10 s; after refresh_requested, link_disabled and others it is closed.
func (w *Workspace) disconnect(reason string) {
	for _, s := range w.sockets {
		_ = s.write(disconnectFrame(reason))
		grace := time.Duration(0)
		if reason == "warning" {
			grace = warningBefore
		}
		w.start(func(ctx context.Context) { s.closeAfter(ctx, grace) })
	}
}

// closeAfter closes the socket with a close frame, and waits for the other side
// to answer it.
func (s *socket) closeAfter(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.done:
		return
	case <-ctx.Done():
	}
	frame := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = s.conn.WriteControl(websocket.CloseMessage, frame, time.Now().Add(writeWithin))
	_ = wait(ctx, time.Second)
	s.drop()
}

// dropSockets cuts every socket without a word.
func (w *Workspace) dropSockets() {
	for _, s := range w.sockets {
		s.drop()
	}
}

// Sockets returns how many sockets are open.
func (w *Workspace) Sockets() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sockets)
}

// sendFrame sends one socket a frame as it is, to see what the app makes of it.
func (w *Workspace) sendFrame(body []byte) {
	for _, s := range w.pick(1) {
		_ = s.write(body)
	}
}
