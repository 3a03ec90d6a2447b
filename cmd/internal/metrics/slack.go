package metrics

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"factorbot/cmd/internal/cli"

	"github.com/prometheus/client_golang/prometheus"
)

// slackMeter counts the calls of Slack's Web API and what was wrong with them.
type slackMeter struct {
	calls, errors *prometheus.CounterVec
	base          *http.Transport
}

func newSlackMeter() *slackMeter {
	return &slackMeter{
		calls:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "factorbot_slack_calls_total", Help: "Calls of Slack, by Web API method; files and answers through a response URL count too."}, []string{"method"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "factorbot_slack_errors_total", Help: "Calls of Slack that failed, by Slack's error code, http_STATUS, or network."}, []string{"method", "error"}),
		base:   cli.NewTransport(),
	}
}

// CloseIdle closes the connections that no call uses.
func (m *slackMeter) CloseIdle() { m.base.CloseIdleConnections() }

// RoundTrip sends a call and counts what came of it.
func (m *slackMeter) RoundTrip(r *http.Request) (*http.Response, error) {
	method := slackMethod(r.URL.Path)
	m.calls.WithLabelValues(method).Inc()
	resp, err := m.base.RoundTrip(r)
	switch {
	case err != nil:
		m.errors.WithLabelValues(method, "network").Inc()
		return resp, err
	case resp.StatusCode >= 400:
		m.errors.WithLabelValues(method, "http_"+strconv.Itoa(resp.StatusCode)).Inc()
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json"):
		if code := slackRefusal(resp); code != "" {
			m.errors.WithLabelValues(method, code).Inc()
		}
	}
	return resp, nil
}

// slackMethod is the Web API method of a path, such as chat.postMessage. Every
// other path counts as one: those of files and response URLs hold secrets.
func slackMethod(p string) string {
	name := path.Base(p)
	if strings.Contains(p, "/api/") && cli.IsWord(name, ".") && strings.Contains(name, ".") {
		return name
	}
	return "other"
}

// peekBytes is how much of an answer is looked at; refusals are short.
const peekBytes = 4096

// slackRefusal is the error code of an answer that Slack gives with status 200, ""
// for a good one. The body stays whole for the caller.
func slackRefusal(resp *http.Response) string {
	head := make([]byte, peekBytes)
	n, err := io.ReadFull(resp.Body, head)
	rest := resp.Body
	resp.Body = &peeked{Reader: io.MultiReader(bytes.NewReader(head[:n]), rest), Closer: rest}
	if err == nil { // longer than any refusal
		return ""
	}
	var answer struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(head[:n], &answer) != nil || answer.OK == nil || *answer.OK {
		return ""
	}
	if !cli.IsWord(answer.Error, "") {
		return "unknown"
	}
	return answer.Error
}

// peeked is a body whose beginning has been read.
type peeked struct {
	io.Reader
	io.Closer
}

// socketMeter tells how many sockets are open and how often they had to be opened again.
type socketMeter struct {
	again prometheus.Counter

	mu  sync.Mutex
	now map[int]bool // by socket
}

func newSocketMeter() *socketMeter {
	again := prometheus.NewCounter(prometheus.CounterOpts{Name: "factorbot_slack_reconnects_total", Help: "Times that a socket to Slack was opened again."})
	return &socketMeter{again: again, now: map[int]bool{}}
}

// Note is told by the listener.
func (m *socketMeter) Note(n int, open bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, before := m.now[n]; open && before {
		m.again.Inc()
	}
	if open || m.now[n] {
		m.now[n] = open
	}
}

// Count is how many are open.
func (m *socketMeter) Count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, open := range m.now {
		if open {
			n++
		}
	}
	return n
}
