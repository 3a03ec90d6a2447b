package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
)

// probeTime bounds factorbot health.
const probeTime = 5 * time.Second

// errUnhealthy is the answer of a bot that says it is not well.
var errUnhealthy = errors.New("not healthy")

// RunHealth asks a running bot on this machine how it is: for HEALTHCHECK in an
// image that holds nothing but the program.
func RunHealth(ctx context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("health")
	settings := config.AddFlags(flags, "http-addr")
	ready := flags.Bool("ready", false, "ask whether it can work, not only whether it lives")
	if err := cli.Parse(flags, args, env.Stdout, "Ask a running bot how it is; exit code 1 if it is not well.\n\nUsage: factorbot health [--ready]\n\n"); err != nil {
		return err
	}
	cfg, err := settings.Place(env.Vars)
	if err != nil {
		return err
	}
	path := "/healthz"
	if *ready {
		path = "/readyz"
	}
	text, err := askHealth(ctx, Reachable(cfg.HTTPAddr), path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.Stdout, text)
	return err
}

// Reachable is where to ask a server that may listen on every address.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func askHealth(ctx context.Context, addr, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return "", cli.BadSetting("FACTORBOT_HTTP_ADDR", "must be HOST:PORT, as in 127.0.0.1:8090")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("%w: %s", errUnhealthy, cli.WithoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnhealthy, err)
	}
	text := strings.TrimSpace(string(b))
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w: %s", errUnhealthy, text)
	}
	return text, nil
}
