package slacksim

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// pipes is a listener whose connections are net.Pipes, so that a whole
// conversation over sockets runs on synctest's clock.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8025} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// app is a program at the other end of a socket, which decides itself what it
// acknowledges.
type app struct {
	conn   *websocket.Conn
	frames chan object // closed when the socket is gone
	pings  chan string
}

// inBubble runs f with a served workspace in a synctest bubble.
func inBubble(t *testing.T, o Options, f func(t *testing.T, w *Workspace, open func() *app)) {
	synctest.Test(t, func(t *testing.T) {
		w, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		w.SetURL("http://127.0.0.1:8025")
		lis := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: w}
		served := make(chan error, 1)
		go func() { served <- server.Serve(lis) }()
		f(t, w, func() *app { return mustOpen(t, w, lis) })
		w.Close()
		_ = server.Close()
		<-served
	})
}

func mustOpen(t *testing.T, w *Workspace, lis *pipes) *app {
	t.Helper()
	_, o := send(w, "POST", "/api/apps.connections.open", map[string]string{"Authorization": "Bearer xapp-sandbox", "Content-Type": form}, "")
	url, _ := o["url"].(string)
	dialer := websocket.Dialer{NetDialContext: lis.dial}
	conn, answer, err := dialer.Dial(url, nil)
	if err != nil {
		t.Fatalf("dial %q: %v", url, err)
	}
	_ = answer.Body.Close()
	a := &app{conn: conn, frames: make(chan object, 100), pings: make(chan string, 100)}
	standard := conn.PingHandler()
	conn.SetPingHandler(func(text string) error {
		select {
		case a.pings <- text:
		default:
		}
		return standard(text)
	})
	go func() {
		defer close(a.frames)
		defer func() { _ = conn.Close() }()
		for {
			o := object{}
			if conn.ReadJSON(&o) != nil {
				return
			}
			a.frames <- o
		}
	}()
	return a
}

func (a *app) ack(frame object, payload any) {
	_ = a.conn.WriteJSON(object{"envelope_id": frame["envelope_id"], "payload": payload})
}

func TestSocket_hello(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		for i := range maxSockets {
			hello := <-open().frames
			if hello["type"] != "hello" || hello["num_connections"] != float64(i+1) || hello["connection_info"].(object)["app_id"] != AppID {
				t.Fatalf("socket %d: %v", i, hello)
			}
		}
		last := open()
		if f := <-last.frames; f["type"] != "disconnect" || f["reason"] != "too_many_websockets" {
			t.Errorf("the eleventh: %v", f)
		}
		if _, open := <-last.frames; open {
			t.Error("the eleventh stayed")
		}
	})
}

func TestSocket_pings(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		start := time.Now()
		text := <-a.pings
		if d := time.Since(start); d != pingEvery || !strings.HasPrefix(text, "Ping from") {
			t.Errorf("%q after %v", text, d)
		}
	})
}

func TestSocket_ticket(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		_, o := send(w, "POST", "/api/apps.connections.open", map[string]string{"Authorization": "Bearer xapp-sandbox", "Content-Type": form}, "")
		_, ticket, _ := strings.Cut(o["url"].(string), "ticket=")
		ticket, _, _ = strings.Cut(ticket, "&")
		if !w.useTicket(ticket) || w.useTicket(ticket) {
			t.Error("a ticket is for one use")
		}
	})
}

// TestSocket_disconnect: after a warning the socket lives on for ten seconds,
// after the other reasons it is closed.
func TestSocket_disconnect(t *testing.T) {
	for reason, lives := range map[string]time.Duration{"warning": warningBefore, "refresh_requested": 0, "link_disabled": 0} {
		t.Run(reason, func(t *testing.T) {
			inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
				a := open()
				<-a.frames
				start := time.Now()
				mustSet(t, w, `{"slack_disconnect": "`+reason+`"}`)
				if f := <-a.frames; f["type"] != "disconnect" || f["reason"] != reason {
					t.Fatalf("got %v", f)
				}
				if _, open := <-a.frames; open {
					t.Fatal("a frame after the disconnect")
				}
				if d := time.Since(start); d != lives {
					t.Errorf("closed after %v", d)
				}
			})
		})
	}
}

// TestEvent_redelivery follows an event that nobody acknowledges, on Slack's
// schedule, and one that is acknowledged the third time.
func TestEvent_redelivery(t *testing.T) {
	for name, ackAt := range map[string]int{"never": 99, "third": 2} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
				a := open()
				<-a.frames
				start := time.Now()
				if _, err := w.Say("U_ANA", "C_FACTORS", "hi", ""); err != nil {
					t.Fatal(err)
				}
				var at []time.Duration
				var ids []any
				for i := range 4 {
					var f object
					select {
					case f = <-a.frames:
					case <-time.After(time.Hour):
					}
					if f == nil {
						break
					}
					at = append(at, time.Since(start).Round(time.Second))
					payload := f["payload"].(object)
					ids = append(ids, payload["event_id"])
					reason := map[bool]string{true: "", false: "timeout"}[i == 0]
					if f["retry_attempt"] != float64(i) || f["retry_reason"] != reason || f["accepts_response_payload"] != false {
						t.Errorf("delivery %d: %v", i, f)
					}
					if i == ackAt {
						a.ack(f, nil)
					}
				}
				want := []time.Duration{0, 3 * time.Second, 66 * time.Second, 369 * time.Second}
				if ackAt == 2 {
					want = want[:3]
				}
				if len(at) != len(want) {
					t.Fatalf("delivered at %v, want %v", at, want)
				}
				for i := range want {
					if at[i] != want[i] || ids[i] != ids[0] {
						t.Errorf("delivery %d at %v with ID %v, want %v and %v", i, at[i], ids[i], want[i], ids[0])
					}
				}
				_ = wait(t.Context(), time.Minute) // what is left ends
				if lost := w.Books().Lost; lost != map[bool]int{true: 1, false: 0}[ackAt == 99] {
					t.Errorf("%d lost", lost)
				}
			})
		})
	}
}

// TestEvent_withoutSocket: an event that nobody is there for is tried again.
func TestEvent_withoutSocket(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		if _, err := w.Say("U_ANA", "C_FACTORS", "hi", ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		a := open()
		<-a.frames
		f := <-a.frames
		if f["retry_attempt"] != 1.0 || f["payload"].(object)["event"].(object)["text"] != "hi" {
			t.Errorf("got %v", f)
		}
		a.ack(f, nil)
	})
}

// TestCommand_failures: what a person sees when the app is away or silent.
func TestCommand_failures(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		check := func(user, text, want string) {
			t.Helper()
			got, err := w.Command(t.Context(), user, "C_FACTORS", text)
			if err != nil || got.OK || got.Error != want || len(got.Ephemeral) != 1 || got.Ephemeral[0].User != slackbot {
				t.Errorf("%s %s: %+v, %v, want %s", user, text, got, err, want)
			}
		}
		check("U_ANA", "/factor-reset x", "dispatch_failed")
		a := open()
		<-a.frames
		check("U_ANA", "/nothing", "unknown_command")
		check("U_STRANGER", "/factor-reset x", "unknown_command")
		check("U_ANA", "/factor-reset x", "operation_timeout")
		f := <-a.frames
		a.ack(f, nil)
		synctest.Wait()
		if late := w.Books().LateAcks; late != 1 {
			t.Errorf("%d late acknowledgements", late)
		}
	})
}

// TestCommand_answers: each way in which an app answers a command at once.
func TestCommand_answers(t *testing.T) {
	for name, tc := range map[string]struct {
		payload any
		want    string
	}{
		"text":      {object{"text": "from the acknowledgement"}, "from the acknowledgement"},
		"bare text": {"only text", "only text"},
		"nothing":   {object{}, ""},
		"too large": {object{"text": strings.Repeat("x", maxAck)}, "operation_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
				a := open()
				<-a.frames
				go func() { a.ack(<-a.frames, tc.payload) }()
				got, err := w.Command(t.Context(), "U_ANA", "C_FACTORS", "/factor-reset x")
				if err != nil {
					t.Fatal(err)
				}
				text := got.Error
				if len(got.Ephemeral) == 1 && got.OK {
					text = got.Ephemeral[0].Text
				}
				if text != tc.want {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// TestSet_sockets: what Set can do to sockets.
func TestSet_sockets(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		if err := w.Set(map[string]json.RawMessage{"slack_frame": json.RawMessage(`{"type":"odd"}`)}); err != nil {
			t.Fatal(err)
		}
		if f := <-a.frames; f["type"] != "odd" {
			t.Errorf("got %v", f)
		}
		if err := w.Set(map[string]json.RawMessage{"slack_drop_sockets": json.RawMessage(`true`)}); err != nil {
			t.Fatal(err)
		}
		if _, open := <-a.frames; open {
			t.Error("the socket lives")
		}
	})
}
