package oktasim

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Transport carries calls to the org without a network, whatever host they
// name; it works in a testing/synctest bubble. A call whose context ends comes
// back at once, while the org goes on with it, as over a network. A dropped
// connection is io.EOF.
func (o *Org) Transport() http.RoundTripper { return transport{o} }

type transport struct{ org *Org }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		body = read
	}
	seen := r.Clone(r.Context())
	seen.Body, seen.RequestURI, seen.RemoteAddr = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI(), "127.0.0.1:1"
	if seen.Host == "" {
		seen.Host = r.URL.Host
	}
	done := make(chan *memory, 1)
	t.org.begin(func() {
		m := &memory{header: http.Header{}}
		t.org.ServeHTTP(m, seen)
		done <- m
	})
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case m := <-done:
		return m.response(r)
	}
}

// begin does work that Close waits for; at once, if the org is closed.
func (o *Org) begin(work func()) {
	o.mu.Lock()
	if o.closed() {
		o.mu.Unlock()
		work()
		return
	}
	o.work.Go(work)
	o.mu.Unlock()
}

// memory is an http.ResponseWriter that keeps the answer.
type memory struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	dropped bool
}

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) WriteHeader(status int)      { m.status = status }
func (m *memory) Write(b []byte) (int, error) { return m.body.Write(b) }
func (m *memory) drop()                       { m.dropped = true }

func (m *memory) response(r *http.Request) (*http.Response, error) {
	if m.dropped && m.status == 0 {
		return nil, io.EOF
	}
	body := io.Reader(&m.body)
	if m.dropped {
		body = io.MultiReader(body, cutOff{})
	}
	return &http.Response{Status: strconv.Itoa(m.status) + " " + http.StatusText(m.status), StatusCode: m.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: m.header, Body: io.NopCloser(body),
		ContentLength: -1, Request: r}, nil
}

// cutOff is where a connection broke.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
