package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/operator"
)

// probe asks for a path and returns status and text.
func probe(tb testing.TB, url string) (int, string) {
	tb.Helper()
	resp, err := http.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestHealth_ofARunningBot(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "10")
	s.await("the bot to be ready", func() bool { code, _ := probe(t, s.url+"/readyz"); return code == http.StatusOK })
	s.post("/sandbox/set", map[string]any{"slack_down": true})
	s.await("the bot to miss its sockets", func() bool {
		code, text := probe(t, s.url+"/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "slack: no socket to Slack is open")
	})
	if code, text := probe(t, s.url+"/healthz"); code != http.StatusOK || text != "ok\n" {
		t.Errorf("/healthz is %d %q while Slack is away", code, text)
	}
	s.post("/sandbox/set", map[string]any{"slack_down": false})
	s.await("the bot to be ready again", func() bool { code, _ := probe(t, s.url+"/readyz"); return code == http.StatusOK })
}

func TestHealth_withoutBot(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	if code, _ := probe(t, s.url+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz is %d without a bot", code)
	}
	if code, _ := probe(t, s.url+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz is %d without a bot", code)
	}
}

func TestHealth_asked(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	addr := strings.TrimPrefix(s.url, "http://")
	for _, c := range []struct {
		args []string
		vars []string
		code int
		says string
	}{
		{[]string{"health"}, []string{"FACTORBOT_HTTP_ADDR=" + addr}, 0, "ok"},
		{[]string{"health", "--http-addr", addr}, nil, 0, "ok"},
		{[]string{"health", "--config", mustWrite(t, "policy.yaml", "http_addr: "+addr+"\nverify: wrong\n")}, nil, 0, "ok"},
		{[]string{"health", "--ready"}, []string{"FACTORBOT_HTTP_ADDR=" + addr}, 1, "the bot is not running"},
		{[]string{"health", "--http-addr", "127.0.0.1:1"}, nil, 1, "not healthy"},
	} {
		out := &buffer{}
		if code := run(t.Context(), c.args, cli.Env{Vars: c.vars, Stdout: out, Stderr: out}); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("factorbot %v: exit code %d, %s", c.args, code, out)
		}
	}
	if got := operator.Reachable("0.0.0.0:8090") + operator.Reachable("[::]:1") + operator.Reachable(":2") + operator.Reachable("10.0.0.1:3"); got != "127.0.0.1:8090127.0.0.1:1127.0.0.1:210.0.0.1:3" {
		t.Error(got)
	}
}
