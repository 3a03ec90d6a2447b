package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/cmd/internal/cli"
)

// patience bounds how long a test waits for something that must happen: it ends a test
// that hangs, and is never near what a busy machine takes.
const patience = 5 * time.Minute

// sandboxRun is a running program and its page, driven as the page does it.
type sandboxRun struct {
	tb   testing.TB
	url  string
	logs *buffer
	stop func() int // stops it and returns the exit code; safe to call twice
}

// buffer is a writer that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// mustSandbox starts the program as its main does and waits for its URLs.
func mustSandbox(tb testing.TB, args ...string) *sandboxRun {
	tb.Helper()
	s := &sandboxRun{tb: tb, logs: &buffer{}}
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	args = append([]string{"sandbox", "--addr", "127.0.0.1:0", "--latency", "1ms"}, args...)
	go func() {
		code := run(ctx, args, cli.Env{Stdout: in, Stderr: s.logs})
		_ = in.Close()
		ended <- code
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-ended })
	tb.Cleanup(func() {
		if code := s.stop(); code != 0 && !tb.Failed() {
			tb.Errorf("the program ended with %d:\n%s", code, s.logs)
		}
		if tb.Failed() {
			tb.Logf("log:\n%s", tail(s.logs.String(), 4000))
		}
	})
	s.url = mustPrinted(tb, out, "page URL ", s.logs)
	s.patient("60s")
	return s
}

// patient has the sandbox's Slack wait longer for the bot than Slack would, as a machine
// that does much besides needs it.
func (s *sandboxRun) patient(span string) {
	s.tb.Helper()
	s.set(map[string]any{"slack_patience": span})
}

// mustPrinted reads standard output up to the line with this prefix, and lets the rest flow.
func mustPrinted(tb testing.TB, out io.Reader, prefix string, logs *buffer) string {
	tb.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if u, ok := strings.CutPrefix(lines.Text(), prefix); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return strings.TrimSuffix(u, "/")
		}
	}
	tb.Fatalf("no line %q:\n%s", prefix, logs)
	return ""
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// message is what the tests read of a message.
type message struct {
	TS        string          `json:"ts"`
	ThreadTS  string          `json:"thread_ts"`
	User      string          `json:"user"`
	BotID     string          `json:"bot_id"`
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks"`
	Ephemeral bool            `json:"is_ephemeral"`
	Files     []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"files"`
}

func (m message) has(action string) bool { return m.value(action) != "" }

// value returns the value of the button with this action, "" if there is none.
func (m message) value(action string) string {
	var walk func(v any) string
	walk = func(v any) string {
		switch v := v.(type) {
		case map[string]any:
			if v["action_id"] == action {
				return fmt.Sprint(v["value"])
			}
			for _, inner := range v {
				if found := walk(inner); found != "" {
					return found
				}
			}
		case []any:
			for _, inner := range v {
				if found := walk(inner); found != "" {
					return found
				}
			}
		}
		return ""
	}
	var blocks any
	_ = json.Unmarshal(m.Blocks, &blocks)
	return walk(blocks)
}

// all is everything a person can read of the message.
func (m message) all() string { return m.Text + "\n" + string(m.Blocks) }

func (s *sandboxRun) get(path string) []byte {
	s.tb.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.tb.Fatalf("GET %s: %d %v %s", path, resp.StatusCode, err, b)
	}
	return b
}

func (s *sandboxRun) post(path string, body any) map[string]any {
	s.tb.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.tb.Fatal(err)
	}
	resp, err := http.Post(s.url+path, "application/json", bytes.NewReader(b))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		s.tb.Fatalf("POST %s %s: %d %v", path, b, resp.StatusCode, err)
	}
	return answer
}

func (s *sandboxRun) command(user, text string) map[string]any {
	s.tb.Helper()
	return s.post("/sandbox/command", map[string]any{"user": user, "channel": "C_FACTORS", "text": text})
}

func (s *sandboxRun) click(user string, m message, action string) map[string]any {
	s.tb.Helper()
	return s.post("/sandbox/action", map[string]any{
		"user": user, "channel": "C_FACTORS", "message_ts": m.TS, "action_id": action, "value": m.value(action),
	})
}

func (s *sandboxRun) upload(user, comment, name string, content []byte) string {
	s.tb.Helper()
	var answer struct {
		OK bool   `json:"ok"`
		TS string `json:"ts"`
	}
	s.sendFile("/sandbox/upload", map[string]string{"user": user, "channel": "C_FACTORS", "comment": comment}, name, content, &answer)
	if !answer.OK {
		s.tb.Fatal("the upload was refused")
	}
	return answer.TS
}

// sendFile posts a form with a file and decodes the answer.
func (s *sandboxRun) sendFile(path string, form map[string]string, name string, content []byte, answer any) {
	s.tb.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range form {
		if err := w.WriteField(k, v); err != nil {
			s.tb.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		s.tb.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	resp, err := http.Post(s.url+path, w.FormDataContentType(), &b)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		s.tb.Fatalf("%s: %d %v", path, resp.StatusCode, err)
	}
}

func (s *sandboxRun) messages(user string) []message {
	s.tb.Helper()
	path := "/sandbox/messages?channel=C_FACTORS"
	if user != "" {
		path += "&user=" + url.QueryEscape(user)
	}
	b := s.get(path)
	var wrapped struct {
		Messages []message `json:"messages"`
	}
	if err := json.Unmarshal(b, &wrapped); err == nil && wrapped.Messages != nil {
		return wrapped.Messages
	}
	var list []message
	if err := json.Unmarshal(b, &list); err != nil && len(bytes.TrimSpace(b)) > 0 && b[0] == '[' {
		s.tb.Fatal(err)
	}
	return list
}

// await waits until find returns true.
func (s *sandboxRun) await(what string, find func() bool) {
	s.tb.Helper()
	if !poll(patience, find) {
		s.tb.Fatalf("waited in vain for %s; messages:\n%s", what, s.dump())
	}
}

// poll asks until ok returns true, and reports whether it did before the limit: often at
// first, then three times a second, for a question takes its share of the processors.
func poll(limit time.Duration, ok func() bool) bool {
	over := time.After(limit)
	for pause := 10 * time.Millisecond; !ok(); pause = min(2*pause, 300*time.Millisecond) {
		select {
		case <-over:
			return ok()
		case <-time.After(pause):
		}
	}
	return true
}

func (s *sandboxRun) dump() string {
	var b strings.Builder
	for _, m := range s.messages("U_REQUESTER") {
		fmt.Fprintf(&b, "%s %s %s%s: %.300s\n", m.TS, m.ThreadTS, m.User, m.BotID, m.Text)
	}
	return b.String()
}

// awaitMessage waits for a message that fits and returns it.
func (s *sandboxRun) awaitMessage(what string, fits func(message) bool) message {
	s.tb.Helper()
	var found message
	s.await(what, func() bool {
		for _, m := range s.messages("U_REQUESTER") {
			if fits(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// awaitPending waits for the approval message of the n-th request.
func (s *sandboxRun) awaitPending(n int) message {
	s.tb.Helper()
	id := fmt.Sprintf("FR-%d", n)
	return s.awaitMessage(id+" to be pending", func(m message) bool { return strings.HasPrefix(m.value("approve"), id+":") })
}

// awaitResults waits for the result file of the n-th request.
func (s *sandboxRun) awaitResults(n int) []byte {
	s.tb.Helper()
	name := fmt.Sprintf("FR-%d-results.csv", n)
	m := s.awaitMessage(name, func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == name })
	return s.get("/sandbox/files/" + m.Files[0].ID)
}

// oktaUser is what the sandbox shows of one user.
type oktaUser struct {
	ID      string            `json:"id"`
	Login   string            `json:"login"`
	Status  string            `json:"status"`
	Factors []json.RawMessage `json:"factors"`
	Resets  int               `json:"resets"`
	Roles   []string          `json:"roles"`
}

type oktaState struct {
	Okta struct {
		Users     []oktaUser     `json:"users"`
		Requests  map[string]int `json:"requests"`
		Throttled int            `json:"throttled"`
	} `json:"okta"`
}

func (s *sandboxRun) okta() oktaState {
	s.tb.Helper()
	var st oktaState
	if err := json.Unmarshal(s.get("/sandbox/state"), &st); err != nil {
		s.tb.Fatal(err)
	}
	return st
}

// attach brings a file into a form, where it is not shared with anybody, and returns its ID.
func (s *sandboxRun) attach(user, name string, content []byte) string {
	s.tb.Helper()
	var answer struct {
		Files []string `json:"files"`
	}
	s.sendFile("/sandbox/file", map[string]string{"user": user}, name, content, &answer)
	if len(answer.Files) != 1 {
		s.tb.Fatalf("%d files were taken", len(answer.Files))
	}
	return answer.Files[0]
}

// approveLarge approves a large batch as both approvers, who type the number of users.
func (s *sandboxRun) approveLarge(m message) {
	s.tb.Helper()
	n := regexp.MustCompile(`([\d,]+) to reset`).FindStringSubmatch(m.all())
	if n == nil {
		s.tb.Fatalf("no number of users in %s", m.all())
	}
	s.submit("U_APPROVER1", s.numbered("U_APPROVER1", m), answers{"users": n[1]})
	m = s.awaitMessage("one approval", func(now message) bool { return now.TS == m.TS && strings.Contains(now.all(), "1 more approval needed") })
	s.submit("U_APPROVER2", s.numbered("U_APPROVER2", m), answers{"users": n[1]})
}
