package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSlackMeter_countsRefusals(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch r.URL.Path {
		case "/api/chat.postMessage":
			_, _ = io.WriteString(w, `{"ok":false,"error":"not_in_channel"}`)
		case "/api/users.info":
			_, _ = io.WriteString(w, `{"ok":true,"pad":"`+strings.Repeat("x", 3*peekBytes)+`"}`)
		case "/api/chat.update":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/api/files.info":
			_, _ = io.WriteString(w, `{"ok":false,"error":"<secret> \u0000"}`)
		}
	}))
	defer srv.Close()
	m := New()
	client := &http.Client{Transport: m.Slack}
	for _, path := range []string{"/api/chat.postMessage", "/api/users.info", "/api/chat.update", "/api/files.info", "/files-pri/T1-F2/secret-name.csv", "/actions/T1/2/secret"} {
		resp, err := client.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || path == "/api/users.info" && len(body) < 3*peekBytes {
			t.Errorf("%s: the caller got %d bytes, %v", path, len(body), err)
		}
	}
	client.CloseIdleConnections()
	mux := http.NewServeMux()
	m.Mount(mux)
	shown := httptest.NewRecorder()
	mux.ServeHTTP(shown, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`factorbot_slack_errors_total{error="not_in_channel",method="chat.postMessage"} 1`, `factorbot_slack_errors_total{error="http_429",method="chat.update"} 1`,
		`factorbot_slack_errors_total{error="unknown",method="files.info"} 1`, `factorbot_slack_calls_total{method="users.info"} 1`, `factorbot_slack_calls_total{method="other"} 2`,
	} {
		if !strings.Contains(shown.Body.String(), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(shown.Body.String(), "secret") {
		t.Error("a label holds a secret")
	}
}

func TestSocketMeter(t *testing.T) {
	all, mux := New(), http.NewServeMux()
	all.Mount(mux)
	m := all.Sockets
	for _, step := range []struct {
		n, count, again int
		open            bool
	}{{0, 0, 0, false}, {0, 1, 0, true}, {1, 2, 0, true}, {0, 1, 0, false}, {0, 1, 0, false}, {0, 2, 1, true}, {0, 2, 2, true}} {
		m.Note(step.n, step.open)
		shown := httptest.NewRecorder()
		mux.ServeHTTP(shown, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		for _, want := range []string{fmt.Sprintf("\nfactorbot_slack_sockets %d\n", step.count), fmt.Sprintf("\nfactorbot_slack_reconnects_total %d\n", step.again)} {
			if !strings.Contains(shown.Body.String(), want) {
				t.Fatalf("after %+v the metrics lack %q", step, want)
			}
		}
	}
}
