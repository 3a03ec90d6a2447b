package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"factorbot/bot"
	"factorbot/bot/announcer"
	"factorbot/bot/desk"
	"factorbot/bot/hometab"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/runner"
	"factorbot/bot/slackapi"
	"factorbot/bot/stepup"
	"factorbot/bot/suspicious"
	"factorbot/bot/view"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/doctor"
	"factorbot/cmd/internal/metrics"
	"factorbot/cmd/internal/operator"
	"factorbot/cmd/internal/people"
	"factorbot/cmd/internal/webhook"
	"factorbot/okta"
	"factorbot/store"
)

// Options are what a bot is given besides its settings.
type Options struct {
	Log    *slog.Logger
	Health *Health
	Reload <-chan struct{} // somebody wants the policy to be read again; nil: nobody will
	Load   func() (*config.Config, error)

	// Wrap may put something between the bot and its record and org; nil: nothing.
	Wrap func(Record, Okta) (Record, Okta)
}

// Run serves health and metrics, and runs the bot until ctx ends or a part of it fails.
// New secrets that were accepted make it start the bot again, in this process.
func Run(ctx context.Context, cfg *config.Config, opt Options) error {
	for {
		err := runOnce(ctx, cfg, opt)
		renewed, ok := errors.AsType[*renewal](err)
		if !ok {
			return err
		}
		opt.Log.Info("the bot starts again with the new secrets", "secrets", renewed.names)
		cfg = renewed.config
	}
}

func runOnce(ctx context.Context, cfg *config.Config, opt Options) error {
	file, err := openRecord(ctx, cfg, opt.Log) // first: who has it is told whatever port is asked for
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.HTTPAddr)
	if err != nil {
		return errors.Join(portTrouble(cfg.HTTPAddr, err), file.Close())
	}
	lc := NewLifecycle(ctx)
	opt.Health = NewHealth()
	mux := http.NewServeMux()
	opt.Health.Mount(mux)
	Serve(lc, listener, mux)
	if err := start(ctx, lc, cfg, file, opt); err != nil {
		return errors.Join(err, lc.Stop())
	}
	opt.Log.Info("running", "health", listener.Addr().String(), "okta", cfg.Okta.OrgURL, "db", cfg.DB)
	if err := lc.Wait(); err != nil {
		if stopped := lc.Stop(); stopped != nil {
			return errors.Join(stopped, fmt.Errorf("%v", err)) // no renewal over a record that is still open
		}
		return err
	}
	return nil
}

// portTrouble tells a port that somebody else has, which may pass, from an address
// that this machine does not have.
func portTrouble(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("FACTORBOT_HTTP_ADDR: another program listens on %s: stop it or choose another port", addr)
	}
	return cli.BadSetting("FACTORBOT_HTTP_ADDR", "cannot be listened on: "+err.Error())
}

// openRecord opens the record of the org. One that was made with another address is
// opened if Okta says that the same org answers at ours.
func openRecord(ctx context.Context, cfg *config.Config, log *slog.Logger) (*store.Store, error) {
	file, err := store.Open(cfg.DB, cfg.Okta.OrgURL, store.Retain(cfg.Policy.Retain))
	if other := (*store.OrgError)(nil); errors.As(err, &other) {
		id, unknown := askOrgID(ctx, cfg, log)
		if unknown != nil {
			return nil, fmt.Errorf("%w (whether it is the same org at another address cannot be told: %v)", err, unknown)
		}
		file, err = store.Open(cfg.DB, cfg.Okta.OrgURL, store.Retain(cfg.Policy.Retain), store.SameOrg(id))
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, cli.BadSetting("FACTORBOT_DB", "names a file that cannot be opened or made: check its folder and who may write there")
	}
	return file, err
}

// Start opens the record and starts everything that acts on it.
func Start(ctx context.Context, lc *Lifecycle, cfg *config.Config, opt Options) error {
	file, err := openRecord(ctx, cfg, opt.Log)
	if err != nil {
		return err
	}
	return start(ctx, lc, cfg, file, opt)
}

// start starts everything that acts on the record. What is started last stops first:
// nobody hears Slack when the runner stops, and the record closes when nobody writes to it.
func start(ctx context.Context, lc *Lifecycle, cfg *config.Config, file *store.Store, opt Options) error {
	log, health := opt.Log, opt.Health
	live := newLivePolicy(&cfg.Policy)
	current := live.now
	lc.OnStop("record", file.Close)
	term, err := file.Lead(ctx)
	if err != nil {
		return err
	}
	slackClock := &slackapi.Clock{}
	slack := slackapi.NewClient(cfg.Slack.AppToken.Reveal(), cfg.Slack.BotToken.Reveal(), cfg.Slack.APIURL, slackClock.Through(health.metrics.Slack))
	dated := func(ctx context.Context) error {
		_, err := slack.AuthTestContext(ctx)
		return err
	}
	if err := takeOver(ctx, term, slackTime(dated, slackClock), log); err != nil {
		return err
	}
	head, err := term.Head(ctx)
	if err != nil {
		return err
	}
	log.Info("the record is open", "audit_head", head.String())
	if operators, err := operator.Listen(cfg.DB); err != nil { // such as a path too long for a socket
		log.Warn("operators' commands cannot reach this bot", "err", err)
	} else {
		Serve(lc, operators, operator.Handler(file, log, (&stepup.Book{Values: term, Rules: current, Now: time.Now}).Rebind))
	}
	shares, err := loadCeilings(ctx, term, log)
	if err != nil {
		return err
	}
	lc.Start("Okta's limits", shares.Run)
	client, err := newOkta(ctx, cfg, term, shares, log)
	if err != nil {
		return err
	}
	file.OktaTime(func() time.Time {
		ahead, known := client.Clock()
		if !known {
			return time.Time{}
		}
		return time.Now().Add(ahead)
	})
	rec, org := NewRecord(term), Okta(client)
	if opt.Wrap != nil {
		rec, org = opt.Wrap(rec, org)
	}
	lc.OnStop("Okta client", func() error { client.Close(); return nil })
	lc.OnStop("connections to Slack", func() error { health.metrics.Slack.CloseIdle(); return nil })
	who := &people.Directory{Slack: slack, Okta: client, Rules: current, Log: log.With("part", "people"), Shelf: rec}
	d := &desk.Desk{Record: rec, Plans: rec, Brake: rec, People: who, Users: leads{client}, Rules: current, Org: file.Org(), Log: log.With("part", "desk"), Now: time.Now}
	verifier, screen := newStepUps(rec, d, who, client, current, log.With("part", "step-up"))
	if err := d.Reconcile(ctx); err != nil {
		return err
	}

	lc.Start("brakes", d.Run)
	lc.Start("sweeper", func(ctx context.Context) error { return sweep(ctx, term, log) })
	kept := &backups{record: file, plan: cfg.Policy.Backup, log: log.With("part", "backups"), now: time.Now, broken: chainAlarm(term)}
	if cfg.Policy.Backup.Dir != "" {
		lc.Start("backups", kept.Run)
	}
	posts := &announcer.Announcer{Slack: slack, Record: rec, Approvers: people.Approvers{People: who, Plans: rec}, Usergroups: func() []string { return who.Rules().Approvers.Usergroups }, Exports: rec, Log: log.With("part", "announcer"), Now: time.Now}
	lc.Start("announcer", posts.Run)
	notifier := &announcer.Notifier{
		Slack: slack, Record: rec, Affected: people.Affected{People: who, Okta: client}, Max: cfg.Policy.Notify.Max,
		Log: log.With("part", "notices"), Now: time.Now,
	}
	lc.Start("notices", notifier.Run)
	alarm := &announcer.AlertPoster{Slack: slack, Record: rec, Channel: reset.Channel(cfg.Policy.Alerts.Channel), Log: log.With("part", "alerts"), Now: time.Now}
	lc.Start("alerts", alarm.Run)
	freezes := &announcer.FreezeAnnouncer{
		Slack: slack, Trail: rec, Channels: func() []reset.Channel { return current().Channels }, Alerts: reset.Channel(cfg.Policy.Alerts.Channel),
		Org: file.Org(), Log: log.With("part", "freezes"), Now: time.Now,
	}
	lc.Start("freezes", freezes.Run)
	var herald runner.Herald
	seconds := func(r *reset.Request) int { return webhook.RunSeconds(client.Stats(), cfg.Okta.Reserve, r) }
	if cfg.Policy.Alerts.Webhook != "" {
		hook, err := webhook.New(ctx, cfg, rec, seconds, log.With("part", "webhook"))
		if err != nil {
			return err
		}
		lc.Start("webhook", hook.Run)
		herald = hook
	}
	acting := &runner.Runner{
		Confirms: verifier.Confirmers,
		Heads:    rec, Plans: rec, Journal: rec, Directory: org, Wards: org, Groups: org, Caller: org, Remover: org, SystemLog: org, Enrolments: org, Lister: org, Exports: rec, People: who, Herald: herald,
		Rules: current, Org: file.Org(), Log: log.With("part", "runner"),
		Pace: runner.Pace{Concurrency: cfg.Okta.Concurrency, Slots: client.Slots, SettleAfter: cfg.Okta.SettleAfter, LogLag: cfg.Okta.LogLag,
			Takes: func(r *reset.Request) time.Duration { return time.Duration(seconds(r)) * time.Second }},
	}
	lc.Start("runner", acting.Run)
	tabs := &hometab.Publisher{Slack: slack, Source: tabSource{d, rec}, Log: log.With("part", "home tabs"), Now: time.Now}
	lc.Start("home tabs", tabs.Run)
	listener := &bot.Listener{
		Slack: slack, APIURL: cfg.Slack.APIURL, HTTP: health.metrics.Slack, Inbox: rec, Seen: rec, Shelf: rec, Desk: d, Board: rec, Anchors: rec, Enrolled: enrolments{acting}, Schema: schema{client},
		Channels: func() []reset.Channel { return current().Channels },
		Deciders: func() view.Helpers {
			return view.Helpers{People: current().Approvers.Users, Groups: current().Approvers.Usergroups}
		},
		// One row more than a request may have: the desk refuses it and says so.
		Limits:  func() roster.Limits { return roster.Limits{Users: current().MaxTargets} },
		StepUp:  verifier,
		Deleted: posts.Deleted,
		Opened:  tabs.Opened,
		Socket:  health.metrics.Sockets.Note,
		Log:     log.With("part", "listener"), Now: time.Now, Clock: slackClock,
	}
	after := &announcer.EnrolmentReporter{Slack: slack, Record: rec, Enrolled: acting, Log: log.With("part", "enrolled"), Now: time.Now}
	lc.Start("enrolled", after.Run)
	screen.Listener = listener
	reports := &suspicious.Reader{Okta: client, Record: rec, Log: log.With("part", "reports"), Now: time.Now}
	lc.Start("reports", reports.Run)
	lc.Start("step-up", verifier.Run)
	lc.Start("listener", listener.Run)
	reload := &reloader{asked: opt.Reload, load: opt.Load, accept: doctor.Accept, began: cfg, live: live, trail: rec, log: log.With("part", "reload"), now: time.Now}
	lc.Start("reloads", reload.Run)
	lc.Start("checks", func(ctx context.Context) error {
		return doctor.AtStart(ctx, cfg, slack, client, who, log.With("part", "checks"))
	})
	counted := metrics.NewRecordMeter(rec, file.Stats, posts.Waiting, log.With("part", "metrics"))
	lc.Start("metrics", counted.Run)
	health.metrics.Registry.MustRegister(counted, metrics.NewOktaMeter(client.Stats), metrics.NewUpkeep(kept.State, reload.State))
	lc.Start("org identity", func(ctx context.Context) error {
		return bindOrg(ctx, client, term, cfg.Okta.OrgURL, log.With("part", "org identity"))
	})
	lc.Start("Okta token", func(ctx context.Context) error { return keepToken(ctx, client, log) })
	health.ready.Store(newReadiness(health.metrics.Sockets.Count, writable(rec), func(ctx context.Context) error { return oktaAnswers(ctx, client) }))
	return nil
}

// newOkta makes the client for the org. The marker in its User-Agent is the
// installation's, so that our calls are found in the System Log.
func newOkta(ctx context.Context, cfg *config.Config, term *store.Term, shares *ceilings, log *slog.Logger) (*okta.Client, error) {
	marker, err := term.Installation(ctx)
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
