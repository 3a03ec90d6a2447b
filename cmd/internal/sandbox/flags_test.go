package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/cli"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestSandboxFlags(t *testing.T) {
	defaults := Config{Addr: "127.0.0.1:8025", Users: 500, RateLimit: 600, Window: time.Minute, Latency: 80 * time.Millisecond}
	with := func(change func(*Config)) Config {
		c := defaults
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		args []string
		want Config
	}{
		"defaults":  {nil, defaults},
		"simulator": {[]string{"--no-bot", "--addr", "127.0.0.1:0"}, with(func(c *Config) { c.NoBot = true; c.Addr = "127.0.0.1:0" })},
		"org":       {[]string{"--users=3", "--users-from=r.csv", "--db=x.db"}, with(func(c *Config) { c.Users = 3; c.UsersFrom = "r.csv"; c.DB = "x.db" })},
		"pace":      {[]string{"--rate-limit=100", "--window=10s", "--latency=0"}, with(func(c *Config) { c.RateLimit = 100; c.Window = 10 * time.Second; c.Latency = 0 })},
		"small":     {[]string{"--limits=small"}, with(func(c *Config) { c.Limits = "small" })},
		"container": {[]string{"--container"}, with(func(c *Config) { c.Container = true })},
		"verbose":   {[]string{"--verbose"}, with(func(c *Config) { c.Verbose = true })},
		"faults":    {[]string{"--faults", "0.03"}, with(func(c *Config) { c.Faults = 0.03 })},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sandboxFlags(c.args, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, *got); d != "" {
				t.Errorf("sandboxFlags (-want +got):\n%s", d)
			}
		})
	}
}

// notAFlag may be a secret in the wrong place, which no error quotes.
const notAFlag = "CANARY51d0"

func TestSandboxFlags_refuses(t *testing.T) {
	for name, c := range map[string]struct{ arg, setting, says string }{
		"unknown":        {"--user=5", "--user", "did you mean --users?"},
		"no port":        {"--addr=localhost", "--addr", "HOST:PORT"},
		"no such port":   {"--addr=127.0.0.1:99999", "--addr", "HOST:PORT"},
		"for everybody":  {"--addr=0.0.0.0:8025", "--addr", "loopback"},
		"no users":       {"--users=0", "--users", "from 1"},
		"many users":     {"--users=1000001", "--users", "from 1"},
		"no calls":       {"--rate-limit=0", "--rate-limit", "at least 1"},
		"other tenants":  {"--limits=large", "--limits", "small"},
		"short window":   {"--window=10ms", "--window", "at least 1s"},
		"window in text": {"--window=" + notAFlag, "--window", "unit"},
		"early answers":  {"--latency=-1s", "--latency", "negative"},
		"many faults":    {"--faults=1.5", "--faults", "0 to 1"},
		"no number":      {"--faults=NaN", "--faults", "0 to 1"},
		"faults in text": {"--faults=" + notAFlag, "--faults", "0.02"},
		"loose":          {notAFlag, "arguments", "flags only"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sandboxFlags([]string{c.arg}, nil)
			var setting *cli.SettingError
			if !errors.As(err, &setting) || setting.Name != c.setting || !strings.Contains(setting.Problem, c.says) || strings.Contains(err.Error(), notAFlag) {
				t.Errorf("error %v, want one about %q that says %q", err, c.setting, c.says)
			}
		})
	}
}

func TestSandboxFlags_help(t *testing.T) {
	var out bytes.Buffer
	if _, err := sandboxFlags([]string{"-h"}, &out); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("error %v, want pflag.ErrHelp", err)
	}
	for _, flag := range []string{"addr", "users", "users-from", "rate-limit", "limits", "window", "latency", "faults", "db", "no-bot", "container", "verbose"} {
		if !strings.Contains(out.String(), "--"+flag) {
			t.Errorf("the help does not tell of --%s", flag)
		}
	}
}

var _ slacksim.Org = OrgPane{}

// On a terminal the bot logs only errors, unless all of it is asked for; a file gets all.
func TestSandboxLogger(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	for name, c := range map[string]struct {
		args []string
		to   io.Writer
		want slog.Level
	}{
		"terminal":          {nil, terminal, slog.LevelError},
		"terminal, verbose": {[]string{"--verbose"}, terminal, slog.LevelInfo},
		"file":              {nil, io.Discard, slog.LevelInfo},
	} {
		cfg, err := sandboxFlags(c.args, nil)
		if err != nil {
			t.Fatal(err)
		}
		log := sandboxLogger(cfg, cli.Env{Stderr: c.to})
		if !log.Enabled(t.Context(), c.want) || log.Enabled(t.Context(), c.want-1) {
			t.Errorf("%s: the log does not begin at %v", name, c.want)
		}
	}
}

// In a container the port is published on the loopback address of the host: it listens
// on every address of its own, and its URLs are those of the host.
func TestListen_container(t *testing.T) {
	for _, c := range []struct {
		container bool
		loopback  bool
	}{{false, true}, {true, false}} {
		l, url, err := listen(&Config{Addr: "127.0.0.1:0", Container: c.container})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addr := l.Addr().(*net.TCPAddr)
		if want := fmt.Sprintf("http://127.0.0.1:%d", addr.Port); url != want || addr.IP.IsLoopback() != c.loopback {
			t.Errorf("container %t: listens on %v, %s, want %s", c.container, addr, url, want)
		}
	}
}
