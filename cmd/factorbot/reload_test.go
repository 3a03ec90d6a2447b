package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"factorbot/cmd/internal/cli"
	"factorbot/store"
)

// A running bot takes over another policy when it is asked to, refuses a bad
// one whole, and both are facts of the org's own log.
func TestReload(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	write := func(text string) {
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const people = "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1, U_APPROVER2]}\n"
	ask, logs := make(chan os.Signal), &buffer{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"run", "--config", config}, cli.Env{Vars: s.settings(db), Stdout: logs, Stderr: logs, Reload: ask})
	}()
	stop := sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() { stop() })
	s.await("the bot to listen", func() bool { return strings.Contains(logs.String(), "the socket is open") })

	write(people + "approvalls: 2\n")
	ask <- syscall.SIGHUP
	s.await("the bad policy to be refused", func() bool {
		return strings.Contains(logs.String(), "the old one stays") && strings.Contains(logs.String(), "did you mean approvals?")
	})
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	if one := s.awaitPending(1); !strings.Contains(one.all(), "1 approval needed") {
		t.Errorf("the old policy is not in force: %s", one.Text)
	}
	write(people + "approvals: 2\nretain: 30d\n")
	ask <- syscall.SIGHUP
	s.await("the good policy to be taken over", func() bool {
		return strings.Contains(logs.String(), "the policy is reloaded") && strings.Contains(logs.String(), `"setting":"retain"`)
	})
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone again")
	if two := s.awaitPending(2); !strings.Contains(two.all(), "2 approvals needed") {
		t.Errorf("the new policy is not in force: %s", two.Text)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	record, err := store.Inspect(db)
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	var facts []string
	for e, err := range record.OrgLog(context.Background(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Fact.Name, "reload") {
			facts = append(facts, e.Fact.Name)
		}
	}
	if !slices.Equal(facts, []string{"reload_refused", "reloaded"}) {
		t.Errorf("facts %v", facts)
	}
}

// SIGHUP reaches the running program as a wish to reload and does not end it.
func TestReload_signal(t *testing.T) {
	t.Parallel()
	binary := mustBuild(t)
	s := mustSandbox(t, "--no-bot", "--users", "10")
	logs := &buffer{}
	cmd := exec.Command(binary, "run", "--config", mustConfig(t, ""))
	cmd.Env, cmd.Stderr = s.settings(filepath.Join(t.TempDir(), "f.db")), logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	s.await("the bot to listen", func() bool { return strings.Contains(logs.String(), "the socket is open") })
	for range 2 {
		n := bytes.Count([]byte(logs.String()), []byte("nothing has changed"))
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		s.await("the reload", func() bool { return strings.Count(logs.String(), "nothing has changed") > n })
	}
}

// doorkeeper takes other tokens than the sandbox has, and can change them.
type doorkeeper struct {
	behind http.Handler
	mu     sync.Mutex
	tokens map[string]string // what a caller says -> what the sandbox knows
}

func (d *doorkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	scheme, said, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if known := d.tokens[said]; known != "" {
		r.Header.Set("Authorization", scheme+" "+known)
	} else {
		r.Header.Set("Authorization", scheme+" refused")
	}
	d.mu.Unlock()
	d.behind.ServeHTTP(w, r)
}

func (d *doorkeeper) take(tokens map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens = tokens
}

// A secret in a file is read again with SIGHUP: the old one serves until the new one
// is accepted.
func TestReload_secrets(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	behind, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	door := &doorkeeper{behind: httputil.NewSingleHostReverseProxy(behind)}
	door.take(map[string]string{"old-token": "sandbox-token"})
	srv := httptest.NewServer(door)
	t.Cleanup(srv.Close)
	secret := mustWrite(t, "okta", "old-token")
	db, ask, logs := filepath.Join(t.TempDir(), "f.db"), make(chan os.Signal), &buffer{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"run", "--config", mustConfig(t, "")}, cli.Env{
			Vars: s.settings(db, "OKTA_ORG_URL="+srv.URL, "OKTA_API_TOKEN=", "OKTA_API_TOKEN_FILE="+secret), Stdout: logs, Stderr: logs, Reload: ask,
		})
	}()
	stop := sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() { stop() })
	s.await("the bot to listen", func() bool { return strings.Contains(logs.String(), "the socket is open") })

	ask <- syscall.SIGHUP
	s.await("a reload of the same to say so", func() bool { return strings.Contains(logs.String(), "nothing has changed") })
	if err := os.WriteFile(secret, []byte("new-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask <- syscall.SIGHUP
	s.await("the new token to be refused", func() bool { return strings.Contains(logs.String(), "the new secrets are not accepted") })
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1) // by the old one

	door.take(map[string]string{"old-token": "sandbox-token", "new-token": "sandbox-token"})
	ask <- syscall.SIGHUP
	s.await("the bot to start again", func() bool {
		_, after, started := strings.Cut(logs.String(), "starts again with the new secrets")
		return started && strings.Contains(after, "the socket is open")
	})
	door.take(map[string]string{"new-token": "sandbox-token"})
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost it again")
	s.click("U_APPROVER1", s.awaitPending(2), "approve")
	s.awaitResults(2)
	if text := logs.String(); strings.Contains(text, "old-token") || strings.Contains(text, "new-token") {
		t.Error("the log holds a token")
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
