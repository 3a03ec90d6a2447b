package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/cmd/internal/cli"
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
	s := mustSandbox(t, "--no-bot", "--users", "10")
	if code, _ := probe(t, s.url+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz is %d without a bot", code)
	}
	if code, _ := probe(t, s.url+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz is %d without a bot", code)
	}
}

func TestReadiness_namesWhatIsWrongAndAsksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrote, asked int
		var diskFull, revoked error
		r := newReadiness(func() int { return 1 },
			func(context.Context) error { wrote++; return diskFull },
			func(context.Context) error { asked++; return revoked })
		check := func(want string) {
			t.Helper()
			got := "ready"
			if err := r.check(t.Context()); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("check() says %q, want %q", got, want)
			}
		}
		check("ready")
		check("ready")
		if wrote != 1 || asked != 1 {
			t.Errorf("two probes wrote %d times and asked Okta %d times", wrote, asked)
		}
		diskFull, revoked = errors.New("disk full"), errors.New("401\nE0000011")
		<-time.After(time.Minute)
		check("store: disk full\nokta: 401; E0000011")
		diskFull, revoked = nil, nil
		check("okta: 401; E0000011")
		<-time.After(10 * time.Second)
		check("ready")
	})
}

func TestReadiness_isBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return errors.New("no answer") }
		r := newReadiness(func() int { return 0 }, func(context.Context) error { return nil }, hang)
		begun := time.Now()
		err := r.check(t.Context())
		if want := "slack: no socket to Slack is open\nokta: no answer"; err == nil || err.Error() != want {
			t.Errorf("check() = %v, want %q", err, want)
		}
		if took := time.Since(begun); took != readyTime { // the bubble's clock
			t.Errorf("it took %s", took)
		}
	})
}

func TestHealth_asked(t *testing.T) {
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
		{[]string{"health", "--ready"}, []string{"FACTORBOT_HTTP_ADDR=" + addr}, 1, "the bot is not running"},
		{[]string{"health", "--http-addr", "127.0.0.1:1"}, nil, 1, "not healthy"},
	} {
		out := &buffer{}
		if code := run(t.Context(), c.args, cli.Env{Vars: c.vars, Stdout: out, Stderr: out}); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("factorbot %v: exit code %d, %s", c.args, code, out)
		}
	}
	if got := reachable("0.0.0.0:8090") + reachable("[::]:1") + reachable(":2") + reachable("10.0.0.1:3"); got != "127.0.0.1:8090127.0.0.1:1127.0.0.1:210.0.0.1:3" {
		t.Error(got)
	}
}
