package okta

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// A machine that sleeps while the connection is made wakes up with a timer that
// knows nothing of it: the wall clock tells, and nothing is sent.
func TestWatch_slept(t *testing.T) {
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	c := &exchange{op: "reset factors", write: true, asked: time.Now()}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.asked = c.asked.Round(0).Add(-time.Hour) // as if an hour had gone by
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	defer transport.CloseIdleConnections()
	w, ctx, late := watchCall(t.Context(), c, true)
	if late != nil {
		t.Fatal(late)
	}
	defer w.stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("sent, and answered")
	}
	if e := w.failure(err); e.Effect != EffectNone || e.Kind != KindLate {
		t.Errorf("%+v", e)
	}
	server.Close() // waits for what it was sent
	if n := hits.Load(); n != 0 {
		t.Errorf("%d calls were sent", n)
	}
}
