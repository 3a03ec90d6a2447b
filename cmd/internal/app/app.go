package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/hometab"
	"factorbot/bot/listener"
	"factorbot/bot/policy"
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
	Reload <-chan os.Signal // somebody wants the policy to be read again; nil: nobody will
	Load   func() (*config.Config, error)

	// LeaseTTL is how long a leader that died keeps others from leading; 0: as the store has it.
	LeaseTTL time.Duration

	// Wrap may put something between the bot and its record and org; nil: nothing.
	Wrap func(Record, Okta) (Record, Okta)
}

// Run serves health and metrics, and runs the bot until ctx ends or a part of it fails.
// New secrets that were accepted make it start the bot again, in this process.
//
// A process that loses its lead to another one goes back to following, in this process too.
func Run(ctx context.Context, cfg *config.Config, opt Options) error {
	started := false
	for {
		opened, err := runOnce(ctx, cfg, opt)
		started = started || opened
		renewed, ok := errors.AsType[*renewal](err)
		switch {
		case ok:
			opt.Log.Info("the bot starts again with the new secrets", "secrets", renewed.names)
			cfg = renewed.config
		case started && cfg.InEtcd() && passes(err):
			if ctx.Err() != nil {
				return nil
			}
			opt.Log.Warn("this process follows again", "why", err, "in", followAgain.String())
			if slackapi.Pause(ctx, followAgain) != nil {
				return nil
			}
		default:
			return err
		}
	}
}

// runOnce runs the bot until ctx ends or a part of it fails; opened says whether it has
// had the record.
func runOnce(ctx context.Context, cfg *config.Config, opt Options) (opened bool, err error) {
	file, err := openRecord(ctx, cfg, opt) // first: who has it is told whatever port is asked for
	if err != nil {
		return false, err
	}
	listener, err := net.Listen("tcp", cfg.HTTPAddr)
	if err != nil {
		return true, errors.Join(portTrouble(cfg.HTTPAddr, err), file.Close())
	}
	lc := NewLifecycle(ctx)
	opt.Health = NewHealth()
	mux := http.NewServeMux()
	opt.Health.Mount(mux)
	Serve(lc, listener, mux)
	if err := start(ctx, lc, cfg, file, opt); err != nil {
		if stopped := lc.Stop(); ctx.Err() == nil || stopped != nil {
			return true, errors.Join(err, stopped)
		}
		return true, nil // it was told to stop while it followed
	}
	opt.Log.Info("running", "health", listener.Addr().String(), "okta", cfg.Okta.OrgURL, "db", cfg.DB)
	return true, waitFor(lc)
}

// waitFor waits until the parts have ended, and returns why. New secrets do not make the
// bot start again where a part could not be stopped: the record may still be open. A lead
// that was lost meanwhile is nothing of that kind.
func waitFor(lc *Lifecycle) error {
	err := lc.Wait()
	if _, again := errors.AsType[*renewal](err); again {
		if stopped := lc.Stop(); stopped != nil && !passes(stopped) {
			return errors.New(err.Error())
		}
	}
	return err
}

// portTrouble tells a port that somebody else has, which may pass, from an address
// that this machine does not have.
func portTrouble(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("FACTORBOT_HTTP_ADDR: another program listens on %s: stop it or choose another port", addr)
	}
	return cli.BadSetting("FACTORBOT_HTTP_ADDR", "cannot be listened on: "+err.Error())
}

// Start opens the record and starts everything that acts on it.
func Start(ctx context.Context, lc *Lifecycle, cfg *config.Config, opt Options) error {
	file, err := openRecord(ctx, cfg, opt)
	if err != nil {
		return err
	}
	return start(ctx, lc, cfg, file, opt)
}

// start starts everything that acts on the record. What is started last stops first:
// nobody hears Slack when the runner stops, and the record closes when nobody writes to it.
//
// A record that several processes share is listened for at once, and acted on when this
// process leads; then the sockets stay open while the lead is given back.
func start(ctx context.Context, lc *Lifecycle, cfg *config.Config, file *store.Store, opt Options) error {
	lc.OnStop("record", file.Close)
	p := newProcess(lc, cfg, file, opt)
	if !file.Shared() {
		if err := p.term.Begin(ctx); err != nil {
			return err
		}
		if err := p.lead(ctx); err != nil {
			return err
		}
		p.listen()
		return nil
	}
	p.listen()
	if err := p.follow(ctx); err != nil {
		return err
	}
	return p.lead(ctx)
}

// process is the bot in this process.
type process struct {
	lc      *Lifecycle
	cfg     *config.Config
	opt     Options
	log     *slog.Logger
	file    *store.Store
	term    *store.Term
	live    *currentPolicy
	current func() policy.Rules
	okta    *standby
	rec     Record
	wrapOrg func(Okta) Okta
	slack   *slackapi.Client
	clock   *slackapi.Clock // Slack's
	stepUps *stepup.Verifier
	who     *people.Directory
	desk    *desk.Desk
	tabs    *hometab.Publisher
	posts   atomic.Pointer[announcer.Announcer] // nil before this process leads

	handler     *handler.Handler
	listener    *listener.Listener
	hear, serve func(context.Context) error
	kept        *backups
	reload      *reloader
}

// newProcess makes the parts that a process has whether or not it leads.
func newProcess(lc *Lifecycle, cfg *config.Config, file *store.Store, opt Options) *process {
	log, health := opt.Log, opt.Health
	p := &process{lc: lc, cfg: cfg, opt: opt, log: log, file: file, term: file.Follow(), live: newCurrentPolicy(&cfg.Policy), okta: &standby{}}
	p.current = p.live.now
	p.rec, p.wrapOrg = NewRecord(p.term), func(o Okta) Okta { return o }
	if opt.Wrap != nil {
		p.rec, _ = opt.Wrap(p.rec, nil)
		p.wrapOrg = func(o Okta) Okta { _, o = opt.Wrap(nil, o); return o }
	}
	lc.OnStop("connections to Slack", func() error { health.metrics.Slack.CloseIdle(); return nil })
	p.clock = &slackapi.Clock{}
	p.slack = slackapi.NewClient(cfg.Slack.AppToken.Reveal(), cfg.Slack.BotToken.Reveal(), cfg.Slack.APIURL, p.clock.Through(health.metrics.Slack))
	p.who = &people.Directory{Slack: p.slack, Okta: p.okta, Rules: p.current, Log: log.With("part", "people"), Shelf: p.rec}
	p.desk = &desk.Desk{Record: p.rec, Plans: p.rec, Freezes: p.rec, People: p.who, Users: leads{p.okta}, Rules: p.current, Org: file.Org(), Log: log.With("part", "desk"), Now: time.Now}
	verifier, screen := newStepUps(p.rec, p.desk, p.who, p.okta, p.current, log.With("part", "step-up"))
	p.stepUps = verifier
	p.tabs = &hometab.Publisher{Slack: p.slack, Source: tabSource{p.desk, p.rec}, Log: log.With("part", "home tabs"), Now: time.Now}
	p.kept = &backups{record: file, plan: cfg.Policy.Backup, log: log.With("part", "backups"), now: time.Now, broken: chainAlarm(p.term), count: metrics.NewBackups()}
	p.reload = &reloader{asked: opt.Reload, load: opt.Load, accept: doctor.Accept, began: cfg, live: p.live, trail: p.rec, log: log.With("part", "reload"), now: time.Now, count: metrics.NewReloads()}
	channels := func() []reset.Channel { return p.current().Channels }
	p.handler = &handler.Handler{
		Slack: p.slack, APIURL: cfg.Slack.APIURL, HTTP: health.metrics.Slack, Inbox: p.rec, Values: p.rec, Desk: deskOf{p.desk, p.term}, Requests: p.rec, AuditTrail: p.rec, Schema: schema{p.okta},
		Channels: channels,
		Deciders: func() view.Helpers {
			return view.Helpers{People: p.current().Approvers.Users, Groups: p.current().Approvers.Usergroups}
		},
		// One row more than a request may have: the desk refuses it and says so.
		Limits: func() roster.Limits { return roster.Limits{Users: p.current().MaxTargets} },
		Away:   func(err error) bool { return errors.Is(err, store.ErrAway) || errors.Is(err, store.ErrUnknown) },
		StepUp: verifier, Log: log.With("part", "handler"), Now: time.Now,
	}
	screen.Handler = p.handler
	p.listener = &listener.Listener{
		Slack: p.slack, Inbox: p.rec, ReadPositions: p.rec, Handler: p.handler, Channels: channels,
		Deleted: p.deleted,
		Opened:  p.tabs.Opened,
		Socket:  health.metrics.Sockets.Note,
		Log:     log.With("part", "listener"), Now: time.Now, Clock: p.clock,
	}
	if file.Shared() {
		p.listener.Host = processName()
	}
	p.hear, p.serve = p.listener.Halves()
	return p
}

// deleted tells the announcer of a deleted message; that of another process meets it by itself.
func (p *process) deleted(c reset.Channel, ts string) {
	if posts := p.posts.Load(); posts != nil {
		posts.Deleted(c, ts)
	}
}

// dated makes a call of Slack's, for the time of its answer.
func (p *process) dated(ctx context.Context) error {
	_, err := p.slack.AuthTestContext(ctx)
	return err
}

func (p *process) waiting() int {
	if posts := p.posts.Load(); posts != nil {
		return posts.Waiting()
	}
	return 0
}

// listen starts what every process does.
func (p *process) listen() {
	if p.cfg.ControlPath() == "" {
		p.log.Info("operators' commands read the record by themselves: FACTORBOT_CONTROL names no socket")
	} else if operators, err := operator.Listen(p.cfg.ControlPath()); err != nil { // such as a path too long for a socket
		p.log.Warn("operators' commands cannot reach this bot", "err", err)
	} else {
		Serve(p.lc, operators, operator.Handler(p.file, p.log, (&stepup.Registry{Values: p.term, Rules: p.current, Now: time.Now}).Rebind))
	}
	p.lc.Start("home tabs", p.tabs.Run)
	p.lc.Start("listener", p.hear)
	p.lc.Start("reloads", p.reload.Run)
	counted := metrics.NewRecordMeter(p.rec, p.file.Stats, p.waiting, p.log.With("part", "metrics"))
	p.lc.Start("metrics", counted.Run)
	p.opt.Health.metrics.Register(append(metrics.Upkeep(p.kept.count, p.reload.count), counted, metrics.Leader(p.term.Begun))...)
}

// lead starts what the process does that leads.
func (p *process) lead(ctx context.Context) error {
	lc, cfg, log, rec, term := p.lc, p.cfg, p.log, p.rec, p.term
	p.keepTerm()
	if err := restore(ctx, term, slackTime(p.dated, p.clock), log); err != nil {
		return err
	}
	head, err := term.Head(ctx)
	if err != nil {
		return err
	}
	log.Info("the record is open", "audit_head", head.String())
	shares, err := loadRateShares(ctx, term, log)
	if err != nil {
		return err
	}
	lc.Start("Okta's limits", shares.Run)
	client, err := newOkta(ctx, cfg, term, shares, log)
	if err != nil {
		return err
	}
	lc.OnStop("Okta client", func() error { client.Close(); return nil })
	p.okta.client.Store(client)
	p.file.OktaTime(func() time.Time {
		ahead, known := client.Clock()
		if !known {
			return time.Time{}
		}
		return time.Now().Add(ahead)
	})
	if err := p.desk.Reconcile(ctx); err != nil {
		return err
	}
	lc.Start("brakes", p.desk.Run)
	lc.Start("sweeper", func(ctx context.Context) error { return sweep(ctx, term, log) })
	if cfg.Policy.Backup.Dir != "" {
		lc.Start("backups", p.kept.Run)
	}
	seconds := func(r *reset.Request) int { return webhook.RunSeconds(client.Stats(), cfg.Okta.Reserve, r) }
	herald, err := p.announce(ctx, client, seconds)
	if err != nil {
		return err
	}
	org := p.wrapOrg(client)
	acting := &runner.Runner{
		Confirms: p.stepUps.Confirmers,
		Record:   rec, Okta: org, People: p.who, Announce: herald,
		Rules: p.current, Org: p.file.Org(), Log: log.With("part", "runner"),
		Pace: runner.Pace{Concurrency: cfg.Okta.Concurrency, Slots: client.Slots, SettleAfter: cfg.Okta.SettleAfter, LogLag: cfg.Okta.LogLag,
			Term: term.Number(), Earlier: earlier(term)},
		Takes: func(r *reset.Request) time.Duration { return time.Duration(seconds(r)) * time.Second },
	}
	run := acting.Run
	if p.file.Shared() {
		older := &putBack{term: term, acting: acting, clock: client.Clock, slackTime: slackTime(p.dated, p.clock), log: log.With("part", "record")}
		older.first(ctx)
		lc.Start("alive", older.stayAlive)
		run = older.thenRun
	}
	lc.Start("runner", run)
	after := &announcer.EnrolmentReporter{Slack: p.slack, Record: rec, Enrolled: acting, Log: log.With("part", "enrolled"), Now: time.Now}
	lc.Start("enrolled", after.Run)
	p.handler.Enrolled = enrolments{acting}
	lc.Start("step-up", p.stepUps.Run)
	lc.Start("inbox", p.serve)
	lc.Start("checks", func(ctx context.Context) error {
		return doctor.AtStart(ctx, cfg, p.slack, client, p.who, log.With("part", "checks"))
	})
	p.opt.Health.metrics.Register(metrics.NewOktaMeter(client.Stats))
	lc.Start("org identity", func(ctx context.Context) error {
		return bindOrg(ctx, client, term, cfg.Okta.OrgURL, log.With("part", "org identity"))
	})
	reports := &suspicious.Reader{Okta: client, Record: rec, Log: log.With("part", "reports"), Now: time.Now}
	lc.Start("reports", reports.Run)
	lc.Start("Okta token", func(ctx context.Context) error { return keepToken(ctx, client, log) })
	ready := newReadiness(p.opt.Health.metrics.Sockets.Count, writable(rec), func(ctx context.Context) error { return oktaAnswers(ctx, client) })
	p.opt.Health.ready.Store(p.telling(ready))
	return nil
}

// newOkta makes the client for the org. The marker in its User-Agent is the
// installation's, so that our calls are found in the System Log.
func newOkta(ctx context.Context, cfg *config.Config, term *store.Term, shares *rateShares, log *slog.Logger) (*okta.Client, error) {
	marker, err := term.Installation(ctx)
	if err != nil {
		return nil, err
	}
	return cfg.Okta.Client(okta.Config{
		Marker: marker, Reserve: cfg.Okta.Reserve, Concurrency: cfg.Okta.Concurrency,
		Logger: log.With("part", "okta"), Ceilings: shares.all(), OnCeiling: shares.note,
	})
}
