package slacksim

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// place is a workspace that is served, with a client of its Web API.
type place struct {
	*Workspace
	server *httptest.Server
	api    *slack.Client
}

// mustServe serves a workspace on a port of its own.
func mustServe(tb testing.TB, o Options) *place {
	tb.Helper()
	w, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(w)
	w.SetURL(server.URL)
	tb.Cleanup(func() {
		w.Close()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	client := &http.Client{Transport: &http.Transport{}}
	tb.Cleanup(client.CloseIdleConnections)
	api := slack.New("xoxb-sandbox", slack.OptionAppLevelToken("xapp-sandbox"),
		slack.OptionAPIURL(server.URL+"/api/"), slack.OptionHTTPClient(client))
	return &place{w, server, api}
}

// mustConnect opens a Socket Mode client and hands each request to handle until
// the test ends. It returns when the socket is up.
func (p *place) mustConnect(tb testing.TB, handle func(*socketmode.Client, socketmode.Event)) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	client := socketmode.New(p.api)
	up := make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() { _ = client.RunContext(ctx) })
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-client.Events:
				if e.Type == socketmode.EventTypeHello {
					once.Do(func() { close(up) })
				}
				if e.Request != nil && e.Request.EnvelopeID != "" {
					handle(client, e)
				}
			}
		}
	})
	tb.Cleanup(func() {
		cancel()
		mustSet(tb, p.Workspace, `{"slack_drop_sockets": true}`) // slack-go's reader outlives its context until the socket ends
		wg.Wait()
	})
	select {
	case <-up:
	case <-time.After(5 * time.Minute):
		tb.Fatal("no hello")
	}
}
