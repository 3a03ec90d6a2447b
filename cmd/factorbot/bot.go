package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"factorbot/bot"
	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/runner"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/people"
	"factorbot/okta"
	"factorbot/store"
)

// runBot runs the bot in a workspace and an org until it is told to stop.
func runBot(ctx context.Context, args []string, env cli.Env) error {
	cfg, err := config.Load(args, env.Vars, env.Stdout)
	if err != nil {
		return err
	}
	log := cli.NewLogger(env.Stderr)
	lc := newLifecycle(ctx)
	health := newHealth()
	listener, err := net.Listen("tcp", cfg.HTTPAddr)
	if err != nil {
		return cli.BadSetting("FACTORBOT_HTTP_ADDR", "cannot be listened on: "+err.Error())
	}
	mux := http.NewServeMux()
	health.mount(mux)
	serve(lc, listener, mux)
	again := reloads{asked: env.Reload, load: func() (*config.Config, error) { return config.Load(args, env.Vars, io.Discard) }}
	if err := startBot(ctx, lc, cfg, log, health, again); err != nil {
		return errors.Join(err, lc.Stop())
	}
	log.Info("running", "health", listener.Addr().String(), "okta", cfg.Okta.OrgURL, "db", cfg.DB)
	return lc.Wait()
}

// startBot opens the record and starts everything that acts on it. What is
// started last stops first: nobody hears Slack when the runner stops, and the
// record closes when nobody writes to it.
func startBot(ctx context.Context, lc *Lifecycle, cfg *config.Config, log *slog.Logger, health *health, again reloads) error {
	live := newLivePolicy(&cfg.Policy)
	current := live.now
	file, err := store.Open(cfg.DB, cfg.Okta.OrgURL, store.Retain(cfg.Policy.Retain))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return cli.BadSetting("FACTORBOT_DB", "names a file that cannot be opened or made: check its folder and who may write there")
	case err != nil:
		return err
	}
	lc.OnStop("record", file.Close)
	term, err := file.Lead(ctx)
	if err != nil {
		return err
	}
	if err := takeOver(ctx, term, log); err != nil {
		return err
	}
	head, err := term.Head(ctx)
	if err != nil {
		return err
	}
	log.Info("the record is open", "audit_head", head.String())
	if operators, err := listenControl(cfg.DB); err != nil { // such as a path too long for a socket
		log.Warn("operators' commands cannot reach this bot", "err", err)
	} else {
		serve(lc, operators, controlHandler(file, log))
	}
	rec := record{termOf(term)}
	shares, err := loadCeilings(ctx, rec, log)
	if err != nil {
		return err
	}
	lc.Start("Okta's limits", shares.Run)
	client, err := newOkta(ctx, cfg, rec, shares, log)
	if err != nil {
		return err
	}
	lc.OnStop("Okta client", func() error { client.Close(); return nil })
	slack := bot.NewClient(cfg.Slack.AppToken.Reveal(), cfg.Slack.BotToken.Reveal(), cfg.Slack.APIURL, health.metrics.slack)
	who := &people.Directory{Slack: slack, Okta: client, Rules: current, Log: log.With("part", "people")}
	d := &desk.Desk{Record: rec, Plans: rec, Brake: rec, People: who, Rules: current, Org: cfg.Okta.OrgURL, Now: time.Now}
	if err := d.Reconcile(ctx); err != nil {
		return err
	}

	lc.Start("sweeper", func(ctx context.Context) error { return sweep(ctx, term, log) })
	if cfg.Policy.Backup.Dir != "" {
		kept := &backups{record: file, plan: cfg.Policy.Backup, log: log.With("part", "backups"), now: time.Now}
		lc.Start("backups", kept.Run)
	}
	announcer := &bot.Announcer{Slack: slack, Board: rec, References: rec, Approvers: people.Approvers{People: who, Board: rec}, Exports: rec, Log: log.With("part", "announcer"), Now: time.Now}
	lc.Start("announcer", announcer.Run)
	notifier := &bot.Notifier{
		Slack: slack, Board: rec, References: rec, Affected: people.Affected{People: who, Okta: client}, Max: cfg.Policy.Notify.Max,
		Log: log.With("part", "notices"), Now: time.Now,
	}
	lc.Start("notices", notifier.Run)
	alarm := &bot.Alarm{Slack: slack, Board: rec, References: rec, Channel: reset.Channel(cfg.Policy.Alerts.Channel), Log: log.With("part", "alerts"), Now: time.Now}
	lc.Start("alerts", alarm.Run)
	var herald runner.Herald
	if cfg.Policy.Alerts.Webhook != "" {
		seconds := func(r *reset.Request) int { return runSeconds(client.Stats(), cfg.Okta.Reserve, r) }
		hook, err := newWebhook(ctx, cfg, rec, seconds, log.With("part", "webhook"))
		if err != nil {
			return err
		}
		lc.Start("webhook", hook.Run)
		herald = hook
	}
	org := clientOf(client)
	acting := &runner.Runner{
		Heads: rec, Plans: rec, Journal: rec, Directory: org, Wards: org, Groups: org, Caller: org, Remover: org, SystemLog: org, Enrolments: org, Lister: org, Exports: rec, People: who, Herald: herald,
		Rules: current, Org: cfg.Okta.OrgURL, Log: log.With("part", "runner"),
		Pace: runner.Pace{Concurrency: cfg.Okta.Concurrency, Slots: client.Slots, SettleAfter: cfg.Okta.SettleAfter, LogLag: cfg.Okta.LogLag},
	}
	lc.Start("runner", acting.Run)
	listener := &bot.Listener{
		Slack: slack, APIURL: cfg.Slack.APIURL, Inbox: rec, Seen: rec, Requests: d, Again: d, Tell: d, Decide: d, Steer: d, Brakes: d, Board: rec, Anchors: rec, Enrolled: acting, Porch: porch{d, rec}, Schema: schema{client},
		Channels: func() []reset.Channel { return current().Channels },
		// One row more than a request may have: the desk refuses it and says so.
		Alerts:  reset.Channel(cfg.Policy.Alerts.Channel),
		Limits:  func() roster.Limits { return roster.Limits{Rows: current().MaxTargets} },
		Deleted: announcer.Deleted,
		Socket:  health.metrics.sockets.note,
		Log:     log.With("part", "listener"), Now: time.Now,
	}
	after := &bot.AfterRun{Slack: slack, Board: rec, References: rec, Enrolled: acting, Log: log.With("part", "enrolled"), Now: time.Now}
	lc.Start("enrolled", after.Run)
	lc.Start("listener", listener.Run)
	reload := &reloader{reloads: again, began: cfg, live: live, trail: rec, log: log.With("part", "reload"), now: time.Now}
	lc.Start("reloads", reload.Run)
	first := &examination{cfg: cfg, slack: &slackWard{slack, &cfg.Policy}, okta: client, who: who, onDisk: func() []finding { return checkStarted(cfg) }}
	lc.Start("checks", func(ctx context.Context) error { return checkup(ctx, first, log.With("part", "checks")) })
	counted := newRecordMeter(rec, file.Stats, announcer.Waiting, log.With("part", "metrics"))
	lc.Start("metrics", counted.Run)
	health.metrics.registry.MustRegister(counted, newOktaMeter(client.Stats))
	health.ready.Store(newReadiness(health.metrics.sockets.count, writable(rec), func(ctx context.Context) error { return oktaAnswers(ctx, client) }))
	return nil
}

// newOkta makes the client for the org. The marker in its User-Agent is the
// installation's, so that our calls are found in the System Log.
func newOkta(ctx context.Context, cfg *config.Config, rec record, shares *ceilings, log *slog.Logger) (*okta.Client, error) {
	marker, err := rec.Installation(ctx)
	if err != nil {
		return nil, err
	}
	client, err := okta.New(okta.Config{
		OrgURL: cfg.Okta.OrgURL, Token: cfg.Okta.APIToken.Reveal(),
		ClientID: cfg.Okta.ClientID, PrivateKey: cfg.Okta.PrivateKey.Reveal(), PrivateKeyID: cfg.Okta.PrivateKeyID,
		Marker: marker, Version: strings.Trim(cli.ThisBuild().Version, "()"), Reserve: cfg.Okta.Reserve, Concurrency: cfg.Okta.Concurrency,
		Logger: log.With("part", "okta"), Ceilings: shares.all(), OnCeiling: shares.note,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare for Okta: %w", err)
	}
	return client, nil
}
