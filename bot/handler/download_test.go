package handler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/bot/event"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
)

// fileHost serves files as the API's own host does, and an address elsewhere that nobody may ask.
func fileHost(t *testing.T, serve http.HandlerFunc) (h *Handler, url string) {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	api := server.URL + "/api/"
	return &Handler{
		Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", api, nil), APIURL: api,
		Limits: func() roster.Limits { return roster.Limits{Users: 10} },
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, fileTime: 300 * time.Millisecond,
	}, server.URL
}

// refused downloads a file and returns the words of the refusal.
func refused(t *testing.T, h *Handler, f event.File) string {
	t.Helper()
	_, err := h.download(context.Background(), f, 0)
	var e *roster.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return e.Words
}

func TestDownload_redirectElsewhere(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, "login\nana@example.com\n")
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		h, host := fileHost(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/list.csv", status) })
		if words := refused(t, h, event.File{Name: "list.csv", URL: host + "/files-pri/T-F/list.csv"}); !strings.Contains(words, "couldn't get the file") {
			t.Errorf("%d: %s", status, words)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the host elsewhere was asked %d times", n)
	}
}

func TestDownload_redirectsWithoutEnd(t *testing.T) {
	var asked atomic.Int32
	h, host := fileHost(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
	})
	if words := refused(t, h, event.File{Name: "list.csv", URL: host + "/a"}); !strings.Contains(words, "couldn't get the file") {
		t.Error(words)
	}
	if n := asked.Load(); n > 8 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestDownload_bytesThatDripForEver(t *testing.T) {
	h, host := fileHost(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "login\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	if words := refused(t, h, event.File{Name: "list.csv", URL: host + "/a"}); !strings.Contains(words, "couldn't get the file") {
		t.Error(words)
	}
}

func TestDownload_sizeThatIsALie(t *testing.T) {
	row := strings.Repeat("x", 30) + "@example.com\n"
	h, host := fileHost(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "login\n")
		for range 1 << 20 { // 43 MiB, if anybody reads them
			if _, err := io.WriteString(w, row); err != nil {
				return
			}
		}
	})
	h.fileTime = 30 * time.Second
	h.Limits = func() roster.Limits { return roster.Limits{Users: 10_000_000, Bytes: 1 << 20} }
	if words := refused(t, h, event.File{Name: "list.csv", Size: 10, URL: host + "/a"}); !strings.Contains(words, "1 MiB") {
		t.Error(words)
	}
}

func TestDownload_pageInThePlaceOfTheFile(t *testing.T) {
	h, host := fileHost(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>Sign in</title>")
	})
	if words := refused(t, h, event.File{Name: "list.csv", URL: host + "/a"}); !strings.Contains(words, "fetched") && !strings.Contains(words, "web page") {
		t.Error(words)
	}
}
