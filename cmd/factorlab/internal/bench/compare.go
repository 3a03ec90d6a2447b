package bench

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/okta/oktasim"
)

// comparison is one set of settings, measured for the bot and for the loop.
type comparison struct {
	benchSettings
	dir     string // of its own
	profile string
	db      string                           // address of the record, "" for a file
	server  string                           // the program that is one member of etcd
	tell    func(format string, args ...any) // progress
}

// benchOrg is an org with books, as a part.
type benchOrg struct {
	*process.Process
	url string
}

// run measures. Where a limit sets the pace both run at once; else one after
// the other, because they would share the processors.
func (c *comparison) run(ctx context.Context) (*benchResult, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience())
	defer cancel()
	r := &benchResult{Settings: c.benchSettings}
	if c.paced() && c.OrgURL == "" {
		sides, ctx := errgroup.WithContext(ctx)
		sides.Go(func() error { return c.bot(ctx, r) })
		sides.Go(func() error { return c.onEtcd(ctx, r) })
		sides.Go(func() error { return c.loop(ctx, r) })
		return r, sides.Wait()
	}
	if err := c.bot(ctx, r); err != nil {
		return nil, err
	}
	if err := c.onEtcd(ctx, r); err != nil {
		return nil, err
	}
	return r, c.loop(ctx, r)
}

// onEtcd measures the bot with its record in etcd.
func (c *comparison) onEtcd(ctx context.Context, r *benchResult) (err error) {
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
		defer func() { err = errors.Join(err, m.Kill()) }()
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

// org starts an org and returns the users to reset in it.
func (c *comparison) org(ctx context.Context, name string) (org benchOrg, roster []benchUser, err error) {
	var order any = meterOrder{c.OrgURL, c.Token}
	part := "meter"
	if c.OrgURL == "" {
		part = "okta"
		ordered := orgOrder{Taken: c.Taken, Options: oktasim.Options{
			Users: max(c.OrgUsers, c.roster()), AllActive: true, Seed: 1, RateLimit: c.Limit, Window: c.Window, TokenShare: c.Share,
			Latency: c.Latency, LogLag: c.LogLag, EnrolAgain: c.EnrolAgain, Faults: c.Faults, MaxSearchTerms: c.SearchTerms, Token: c.Token,
		}}
		if c.OfFactors > 0 {
			ordered.Options.Buckets = map[string]string{"GET /api/v1/users/{id}/factors": factorsBucket}
			ordered.Options.Limits = map[string]int{factorsBucket: c.OfFactors}
			ordered.Options.FirstWindow = map[string]time.Duration{factorsBucket: c.Window / 3}
		}
		order = ordered
	}
	argument, err := json.Marshal(order)
	if err != nil {
		return org, nil, err
	}
	if org.Process, err = process.Start(ctx, c.dir, name, nil, part, string(argument)); err != nil {
		return org, nil, err
	}
	if org.url, err = org.Line(); err != nil {
		return org, nil, errors.Join(err, org.Stop())
	}
	all, err := askBooks[[]benchUser](ctx, org.url, "roster")
	if err == nil && len(all) < c.roster() {
		err = fmt.Errorf("the org has %d users that can be reset, %d are asked for", len(all), c.roster())
	}
	if err != nil {
		return org, nil, errors.Join(err, org.Stop())
	}
	return org, spread(all, c.roster()), nil
}

// spread takes n users from all over the list: neighbours would come on one page.
func spread(all []benchUser, n int) []benchUser {
	some := make([]benchUser, n)
	for i := range some {
		some[i] = all[i*len(all)/n]
	}
	return some
}

// rosterFile is the roster as people have it: an export, or for a plan alone a list of logins.
func (c *comparison) rosterFile(users []benchUser) []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if c.PlanOnly {
		_ = w.Write([]string{"login"})
	} else {
		_ = w.Write([]string{"User Id", "Status", "Username"})
	}
	for _, u := range users {
		if c.PlanOnly {
			_ = w.Write([]string{u.Login})
		} else {
			_ = w.Write([]string{u.ID, u.Status, u.Login})
		}
	}
	w.Flush() // into memory: nothing can fail
	return []byte(b.String())
}

// bot starts workspace, org and bot, and lets people ask and approve.
func (c *comparison) bot(ctx context.Context, r *benchResult) (err error) {
	org, roster, err := c.org(ctx, "bot-okta")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, org.Stop()) }()
	slack, err := process.Start(ctx, c.dir, "slack", nil, "slack")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, slack.Stop()) }()
	page := benchPage{}
	if page.url, err = slack.Line(); err != nil {
		return err
	}
	policy, err := c.writePolicy()
	if err != nil {
		return err
	}
	bot, err := process.Start(ctx, c.dir, "bot", c.botEnv(page.url, org.url), "bot", c.profile, "--config", policy)
	if err != nil {
		return err
	}
	j := &botJob{comparison: c, org: org, page: page, roster: roster, bot: bot}
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

func (c *comparison) botEnv(slack, okta string) []string {
	db := c.db
	if db == "" {
		db = filepath.Join(c.dir, "factorbot.db")
	}
	return []string{
		"SLACK_APP_TOKEN=xapp-sandbox", "SLACK_BOT_TOKEN=xoxb-sandbox", "SLACK_API_URL=" + slack + "/api/",
		"OKTA_ORG_URL=" + okta, "OKTA_API_TOKEN=" + c.Token, "FACTORBOT_HTTP_ADDR=127.0.0.1:0",
		"FACTORBOT_DB=" + db,
	}
}

// writePolicy writes the bot's policy: the defaults, but for who may approve, what
// counts as large, and the settings measured.
func (c *comparison) writePolicy() (path string, err error) {
	path = filepath.Join(c.dir, "factorbot.yaml")
	text := fmt.Sprintf("channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1]}\nlarge_batch: {over: %d}\nmax_targets: %d\nokta: {reserve: %d, concurrency: %d}\n",
		c.roster(), max(10000, c.Users), c.Reserve, c.Concurrency)
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
	if c.OrgURL != "" { // the same org once more: what the bot used of its limit shall be back
		if err := sleepFor(ctx, c.Window); err != nil {
			return err
		}
	}
	org, roster, err := c.org(ctx, "loop-okta")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, org.Stop()) }()
	var ids strings.Builder
	for _, u := range roster[:c.Users] {
		ids.WriteString(u.ID + "\n")
	}
	file := filepath.Join(c.dir, "users")
	if err := os.WriteFile(file, []byte(ids.String()), 0o600); err != nil {
		return fmt.Errorf("write the users for the loop: %w", err)
	}
	order, err := json.Marshal(loopOrder{org.url, c.Token, c.Workers, file})
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := process.Start(ctx, c.dir, "loop", nil, "loop", string(order))
	if err != nil {
		return err
	}
	stopTelling := c.follow(ctx, org.url, "the loop")
	out, err := p.Wait()
	stopTelling()
	if err != nil {
		return err
	}
	var seen loopResult
	if err := json.Unmarshal(out, &seen); err != nil {
		return fmt.Errorf("what the loop printed: %w", err)
	}
	report, err := askBooks[benchReport](ctx, org.url, "report")
	if err != nil {
		return err
	}
	figures := c.figures(report, roster[:c.Users], time.Since(began))
	figures.NotReset = c.Users - figures.reached
	figures.PeakRSS, figures.CPU = seen.PeakRSS, p.CPU().Seconds()/float64(c.Users)*1000
	r.Loop = &figures
	return nil
}

// sleepFor waits, unless ctx ends before.
func sleepFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// follow tells every second how far it is; the function ends that and waits.
func (c *comparison) follow(ctx context.Context, url, who string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		for sleepFor(ctx, time.Second) == nil {
			p, err := askBooks[benchProgress](ctx, url, "progress")
			if err == nil {
				c.tell("%s: %d resets of %d, %d calls answered 429, %.0f s", who, p.Resets, c.Users, p.Throttled, time.Since(began).Seconds())
			}
		}
	}()
	return func() { cancel(); <-done }
}
