package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/setup"
	"factorbot/okta/oktasim"
)

// Run serves both simulators and the page, and runs the bot against them.
func Run(ctx context.Context, args []string, env cli.Env) error {
	cfg, err := sandboxFlags(args, env.Stdout)
	if err != nil {
		return err
	}
	listener, url, err := listen(cfg)
	if err != nil {
		return fmt.Errorf("listen for the page: %w", err)
	}
	lc := app.NewLifecycle(ctx)
	if err := startSandbox(ctx, lc, cfg, env, listener, url); err != nil {
		return errors.Join(err, lc.Stop(), listener.Close())
	}
	_, err = fmt.Fprintf(env.Stdout, "slack URL %[1]s/api/\nokta URL %[1]s\ncsv URL %[1]s/sample.csv\npage URL %[1]s/\n", url)
	if err != nil {
		return errors.Join(fmt.Errorf("print the URLs: %w", err), lc.Stop())
	}
	return lc.Wait()
}

// listen opens the port, and returns the URL at which this machine reaches it. In a
// container that is the loopback address too, for the bot beside it and, through the
// published port, for the browser.
func listen(cfg *Config) (net.Listener, string, error) {
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, "", err
	}
	addr := cfg.Addr
	if cfg.Container {
		addr = ":" + port
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", err
	}
	if !cfg.Container {
		return l, "http://" + l.Addr().String(), nil
	}
	_, port, err = net.SplitHostPort(l.Addr().String())
	return l, "http://" + net.JoinHostPort(host, port), err
}

func startSandbox(ctx context.Context, lc *app.Lifecycle, cfg *Config, env cli.Env, listener net.Listener, url string) error {
	opt, err := orgOptions(cfg)
	if err != nil {
		return err
	}
	slack := slacksim.Options{URL: url}
	if !cfg.NoBot { // another app may need more
		slack.Scopes, slack.Events = setup.ScopeNames(), setup.BotEvents()
	}
	org, work, err := Simulate(lc, opt, slack)
	if err != nil {
		return err
	}
	if _, err := org.Set(Settings(map[string]any{"push_answer": "phone"})); err != nil { // the page has phones
		return err
	}
	health := app.NewHealth()
	app.Serve(lc, listener, Handler(org, work, health))
	if cfg.NoBot {
		return nil
	}
	bot, err := sandboxBot(lc, cfg, url)
	if err != nil {
		return err
	}
	if err := app.Start(ctx, lc, bot, app.Options{Log: sandboxLogger(cfg, env), Health: health}); err != nil {
		return err
	}
	return connected(ctx, work)
}

// sandboxLogger says on a terminal only what goes wrong, so that the address of
// the page stays in sight.
func sandboxLogger(cfg *Config, env cli.Env) *slog.Logger {
	if cfg.Verbose {
		return cli.NewLogger(env.Stderr)
	}
	return cli.NewQuietLogger(env.Stderr)
}

// botConnects is how long the bot may take to open its first socket here.
const botConnects = 10 * time.Second

// connected waits until the bot listens, so that whoever reads the URLs is served.
func connected(ctx context.Context, work *slacksim.Workspace) error {
	ctx, cancel := context.WithTimeout(ctx, botConnects)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for work.Sockets() == 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the bot to connect: %w", ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// orgOptions are those of the org: with the cast, and the users of a file or generated ones.
func orgOptions(cfg *Config) (oktasim.Options, error) {
	opt := oktasim.Options{
		Users: cfg.Users, Given: Cast(), RateLimit: cfg.RateLimit, Window: cfg.Window,
		Latency: cfg.Latency, Faults: cfg.Faults, Token: Token, Seed: 1,
	}
	if cfg.Limits == "small" {
		opt.RateLimit, opt.Limits = oktasim.SmallLimits()
	}
	if cfg.UsersFrom != "" {
		users, err := usersFrom(cfg.UsersFrom)
		if err != nil {
			return opt, err
		}
		opt.Given, opt.Users = withoutTwins(append(opt.Given, users...)), 0
	}
	opt.Users = max(0, opt.Users-len(opt.Given)-1) // the token's owner is a user too
	return opt, nil
}

// sandboxBot is the configuration of the bot in the sandbox: the defaults.
func sandboxBot(lc *app.Lifecycle, cfg *Config, url string) (*config.Config, error) {
	db := cfg.DB
	if db == "" {
		dir, err := os.MkdirTemp("", "factorbot-sandbox-")
		if err != nil {
			return nil, fmt.Errorf("make a place for the database: %w", err)
		}
		lc.OnStop("temporary database", func() error { return os.RemoveAll(dir) })
		db = filepath.Join(dir, "factorbot.db")
	}
	c := config.Default()
	c.DB, c.HTTPAddr = db, "127.0.0.1:0"
	c.Slack = config.SlackConfig{AppToken: config.NewSecret("xapp-sandbox"), BotToken: config.NewSecret("xoxb-sandbox"), APIURL: url + "/api/"}
	c.Okta.OrgURL, c.Okta.APIToken = url, config.NewSecret(Token)
	c.Policy.Channels, c.Policy.Approvers.Users = []reset.Channel{"C_FACTORS"}, sandboxApprovers()
	return c, c.Check()
}
