package bench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/sandbox"
)

// comparison is one set of settings, measured for the bot and for the loop.
type comparison struct {
	benchSettings
	dir     string // of its own
	profile string
	db      string                           // address of the record
	server  string                           // the program that is one member of etcd
	tell    func(format string, args ...any) // progress
}

// run measures. Where a limit sets the pace both run at once; else one after
// the other, because they would share the processors.
func (c *comparison) run(ctx context.Context) (*benchResult, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience())
	defer cancel()
	r := &benchResult{Settings: c.benchSettings}
	sides, ctx := errgroup.WithContext(ctx)
	if !c.paced() {
		sides.SetLimit(1)
	}
	for _, side := range []func(context.Context, *benchResult) error{c.bot, c.onEtcd, c.loop} {
		sides.Go(func() error { return errors.Join(ctx.Err(), side(ctx, r)) })
	}
	return r, sides.Wait()
}

// onEtcd measures the bot with its record in etcd.
func (c *comparison) onEtcd(ctx context.Context, r *benchResult) error {
	if !c.Etcd {
		return nil
	}
	other := *c
	other.dir = filepath.Join(c.dir, "etcd")
	if err := os.Mkdir(other.dir, 0o700); err != nil {
		return fmt.Errorf("make a place for etcd: %w", err)
	}
	members, err := process.StartEtcd(ctx, other.dir, c.server)
	var hosts []string
	for _, m := range members {
		hosts = append(hosts, m.Client)
		defer m.Kill()
	}
	if err != nil {
		return err
	}
	other.db = "etcd://" + strings.Join(hosts, ",") + "/bench"
	measured := &benchResult{}
	if err := other.bot(ctx, measured); err != nil {
		return err
	}
	r.Etcd = &measured.Bot
	return nil
}

// paced reports whether the limit sets the pace, rather than the processors.
func (c *comparison) paced() bool {
	return c.Limit > 0 && float64(c.Limit)/c.Window.Seconds() < 1000
}

// rosterFile is the roster as people have it: an export, or for a plan alone a list of logins.
func (j *botJob) rosterFile() []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"User Id", "Status", "Username"}}
	if j.PlanOnly {
		rows = [][]string{{"login"}}
	}
	for _, u := range j.roster[:j.Users] {
		if j.PlanOnly {
			rows = append(rows, []string{u.Login})
		} else {
			rows = append(rows, []string{u.ID, u.Status, u.Login})
		}
	}
	_ = w.WriteAll(rows) // into memory: nothing can fail
	return []byte(b.String())
}

// bot starts the bot in a world of its own, and lets people ask and approve.
func (c *comparison) bot(ctx context.Context, r *benchResult) (err error) {
	w, err := c.newWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.lc.Stop()) }()
	policy, err := c.writePolicy()
	if err != nil {
		return err
	}
	bot, err := process.Start(ctx, process.Spec{
		Dir: c.dir, Log: "bot.log", Env: sandbox.BotEnv(w.url, c.db), Args: []string{"bench", "bot", c.profile, "--config", policy},
	})
	if err != nil {
		return err
	}
	j := &botJob{c, w}
	figures, err := j.do(ctx, r)
	figures.PeakRSS = bot.PeakRSS()
	if stopped := bot.Stop(); err == nil {
		err = stopped
	} else {
		err = fmt.Errorf("%w%s", err, bot.Tail())
	}
	figures.CPU = bot.CPU().Seconds() / float64(c.Users) * 1000
	r.Bot = figures
	return err
}

// writePolicy writes the bot's policy: the defaults, but for who may approve, what
// counts as large, and the settings measured.
func (c *comparison) writePolicy() (path string, err error) {
	path = filepath.Join(c.dir, "factorbot.yaml")
	text := fmt.Sprintf("channels: [%s]\napprovers: {users: [U_APPROVER1]}\nlarge_batch: {over: %d}\nmax_targets: %d\nokta: {reserve: %d, concurrency: %d}\n",
		channel, c.roster(), max(10000, c.Users), c.Reserve, c.Concurrency)
	if c.OfFactors > 0 {
		text += "verify: each\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("configure the bot: %w", err)
	}
	return path, nil
}

// loop measures the script.
func (c *comparison) loop(ctx context.Context, r *benchResult) (err error) {
	if c.Workers == 0 || c.PlanOnly {
		return nil
	}
	w, err := c.newWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.lc.Stop()) }()
	users := w.roster[:c.Users]
	var ids strings.Builder
	for _, u := range users {
		ids.WriteString(u.ID + "\n")
	}
	file := filepath.Join(c.dir, "users")
	if err := os.WriteFile(file, []byte(ids.String()), 0o600); err != nil {
		return fmt.Errorf("write the users for the loop: %w", err)
	}
	began := time.Now()
	p, err := process.Start(ctx, process.Spec{Dir: c.dir, Log: "loop.log", Args: []string{"bench", "loop", w.url, strconv.Itoa(c.Workers), file}})
	if err != nil {
		return err
	}
	stopTelling := c.follow(ctx, w, "the loop")
	out, err := p.Wait()
	stopTelling()
	if err != nil {
		return err
	}
	figures := c.figures(w, users, time.Since(began))
	figures.NotReset = c.Users - figures.reached
	if figures.PeakRSS, err = strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64); err != nil {
		return fmt.Errorf("what the loop printed: %w", err)
	}
	figures.CPU = p.CPU().Seconds() / float64(c.Users) * 1000
	r.Loop = &figures
	return nil
}

// follow tells every second how far it is, until the function is called.
func (c *comparison) follow(ctx context.Context, w *world, who string) (stop func()) {
	began := time.Now()
	return process.Beside(ctx, time.Second, func(context.Context) {
		books := w.org.Books()
		c.tell("%s: %d resets of %d, %d calls answered 429, %.0f s", who, books.Effects, c.Users, books.Throttled, time.Since(began).Seconds())
	})
}
