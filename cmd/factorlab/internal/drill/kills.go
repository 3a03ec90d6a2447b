package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/cmd/factorlab/internal/process"
)

const (
	drillLife = 1200 * time.Millisecond // the longest, where calls are in flight then
	drainTime = 3 * time.Minute         // for what is left when nobody kills any more
	mostIdle  = 6                       // lives without a reset that make the next one longer, each by drillLife
	drillPoll = 20 * time.Millisecond
	inFlight  = 0.6 // share of the kills with calls in flight, at least
	eachPoint = 5   // times that each point is met, at least, in a drill of as many kills
)

// run lets the bot live and die until it was killed often enough, then lets it
// finish, and judges.
func (d *drill) run(ctx context.Context) (*drillFigures, error) {
	if err := d.findBot(ctx, d.Kills >= eachPoint); err != nil { // a short one, for a look, sets no clock
		return nil, err
	}
	if err := d.configure(""); err != nil {
		return nil, err
	}
	others, err := d.others(ctx)
	if err == nil {
		g, ctx := errgroup.WithContext(ctx)
		for _, w := range append(others, d) {
			g.Go(func() error {
				defer w.gather(ctx)()
				if err := w.kills(ctx); err != nil {
					return err
				}
				bot, err := w.startBot(ctx, botLog)
				if err != nil {
					return err
				}
				return w.drain(ctx, bot)
			})
		}
		g.Go(func() (err error) { d.put, err = d.restores(ctx); return err })
		err = g.Wait()
	}
	if err == nil {
		for _, w := range append(others, d) {
			w.judge()
		}
	}
	for _, w := range others {
		d.figures.add(&w.figures)
		err = errors.Join(err, w.close())
	}
	for _, f := range d.put {
		d.figures.add(f)
	}
	return &d.figures, err
}

// killsEach is how many kills one world has: more are shared by several worlds, which
// wait at the same time.
const killsEach = 100

// others are the other worlds that share the kills, up to three.
func (d *drill) others(ctx context.Context) (all []*drill, err error) {
	n := min(max(d.Kills/killsEach, 1), 4)
	c := *d.drillConfig
	c.Kills, c.Restores = (d.Kills+n-1)/n, 0
	d.share, d.least = c.Kills, (d.each()+n-1)/n
	for i := range n - 1 {
		one := c
		one.Seed += uint64(i+1) * 1000
		w, err := d.another(ctx, fmt.Sprintf("world-%d", i+2), &one)
		if err != nil {
			return all, err
		}
		all = append(all, w)
		w.share, w.least = d.share, d.least
		if err := w.configure(""); err != nil {
			return all, err
		}
	}
	return all, nil
}

// another makes another world, in a folder of this one, with the same bot.
func (d *drill) another(ctx context.Context, name string, c *drillConfig) (*drill, error) {
	into := filepath.Join(d.dir, name)
	if err := os.MkdirAll(into, 0o700); err != nil {
		return nil, fmt.Errorf("make a place for another world: %w", err)
	}
	w, err := newDrill(ctx, c, into, func(string, ...any) {})
	if err == nil {
		w.bot = d.bot
	}
	return w, err
}

// findBot finds the program of the bot: this one, if its clock can be set or need not be,
// else one that is built for that.
func (d *drill) findBot(ctx context.Context, clocks bool) (err error) {
	if d.bot, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if hasClock() || !clocks {
		return nil
	}
	d.tell("building a bot whose clock can be set")
	d.bot = filepath.Join(d.dir, "factorlab")
	return buildLab(ctx, d.dir, d.bot)
}

// configure writes the policy, with more lines of it, and asks for the first requests.
func (d *drill) configure(more string) error {
	if err := d.setPolicy(more); err != nil {
		return err
	}
	return d.ask()
}

// setPolicy writes the policy, with more lines of it.
func (d *drill) setPolicy(more string) error {
	text := fmt.Sprintf("channels: [%s]\napprovers: {users: [U_APPROVER1, U_APPROVER2]}\nlarge_batch: {over: 1000000}\n"+
		"okta: {settle_after: %s, log_lag: %s, reserve: 10}\n%s", drillChannel, drillSettle, drillLag, more)
	if err := os.WriteFile(filepath.Join(d.dir, "factorbot.yaml"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("configure the bot: %w", err)
	}
	return nil
}

// gather lets people press buttons until the returned function is called.
func (d *drill) gather(ctx context.Context) (leave func()) {
	return process.Beside(ctx, 150*time.Millisecond, d.press)
}

// kills kills the bot as often as was asked for, and then until enough of the
// kills were in flight and each point was met. A short drill, for a look, is over
// when as many were in flight as of the kills that were asked for.
func (d *drill) kills(ctx context.Context) error {
	for f := &d.figures; f.Kills < d.share || float64(f.InFlight) < inFlight*float64(d.counted()) || d.unmet() != ""; {
		if f.Kills >= 3*d.share+400 {
			d.wrong("after %d kills %d were in flight, and %q was met %d times", f.Kills, f.InFlight, d.unmet(), f.Points[d.unmet()])
			return nil
		}
		if d.reached() > 0.1 {
			if err := d.ask(); err != nil {
				return err
			}
		}
		if err := d.killOnce(ctx); err != nil {
			return err
		}
		d.judgeResults()
		d.tell("%d of %d kills, %d with resets in flight; %d resets in %d requests%s", f.Kills, d.share, f.InFlight, d.org.Books().Effects, d.asked(), d.due())
	}
	return nil
}

// counted is how many kills the share in flight is of.
func (d *drill) counted() int {
	if d.Kills < eachPoint {
		return d.Kills
	}
	return d.figures.Kills
}

// each is how often each point is to be met.
func (d *drill) each() int { return min(eachPoint, d.Kills) }

// unmet is the point that was met least, "" if each was met often enough.
func (d *drill) unmet() string {
	least, at := d.least, ""
	for _, p := range pointsOnTheWay() {
		if n := d.figures.Points[p.name]; n < least {
			least, at = n, p.name
		}
	}
	return at
}

// due tells which point has been met least, if they are not all met.
func (d *drill) due() string {
	if p := d.unmet(); p != "" {
		return fmt.Sprintf("; %s met %d times", p, d.figures.Points[p])
	}
	return ""
}

// killOnce is one life of the bot: to the first point that is due, or to a random
// moment with calls in flight.
func (d *drill) killOnce(ctx context.Context) error {
	armed := d.arm()
	meets, err := d.brew(armed != "")
	if err != nil {
		return err
	}
	bot, err := d.startBot(ctx, botLog, append(meets.env, pointEnv+"="+armed)...)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(drillLife/8 + time.Duration(d.rng.Int64N(int64(drillLife/2))))
	if armed != "" {
		deadline = time.Now().Add(drillLife)
	}
	if strings.Contains(armed, "verifying:") || strings.Contains(armed, "done:") { // the log needs its time
		deadline = deadline.Add(2 * drillLag)
	}
	deadline = deadline.Add(meets.longer + time.Duration(min(d.idle, mostIdle))*drillLife)
	patience := 2 * drillLife
	if armed == "" { // it is worth the wait: a life that ends with nothing in flight counts for little
		patience = 4 * drillLife
	}
	killed := false
	if err := process.Every(ctx, drillPoll/4, func() (bool, error) {
		late := time.Since(deadline)
		if !bot.Ended() && (late > 0 && d.writes.Load() > 0 || late > patience) {
			killed = true
			bot.Kill()
		}
		return bot.Ended(), nil
	}); err != nil {
		return errors.Join(err, bot.Stop())
	}
	writes, calls := d.writes.Load(), d.calls.Load()
	d.idle++
	if effects := d.org.Books().Effects; effects > d.effects {
		d.idle, d.effects = 0, effects
	}
	if err := alive(bot); err != nil {
		return err
	}
	point := ""
	if !killed {
		point = pointOf(bot)
	}
	d.figures.killed(point, int(writes), int(calls))
	return nil
}

// arm names points that are due, to be met at the first or a later time: those that
// were met least, and some of the others; none for one life in four, which ends at random.
func (d *drill) arm() string {
	var due []string
	least := d.unmet()
	for _, p := range pointsOnTheWay() {
		if n := d.figures.Points[p.name]; n < d.least && (n <= d.figures.Points[least] || d.rng.IntN(2) == 0) {
			due = append(due, fmt.Sprintf("%s:%d", p.name, 1+d.rng.IntN(p.most)))
		}
	}
	if d.rng.Float64() < 0.25 {
		return ""
	}
	return strings.Join(due, " ")
}

// drain lets the bots finish what is left, undisturbed, and stops them as an operator does.
func (d *drill) drain(ctx context.Context, bots ...*process.Process) error {
	if err := d.endFaults(); err != nil {
		return err
	}
	if err := d.await(ctx, "all requests are finished", drainTime, func() bool {
		d.tell("%d of %d requests are finished", d.finished(), d.asked())
		return d.finished() >= d.asked() && d.calls.Load() == 0
	}, bots...); err != nil {
		return err
	}
	err := process.Sleep(ctx, 2*time.Second) // the last edits
	for _, b := range bots {
		if stopped := b.Stop(); stopped != nil {
			d.wrong("told to stop, the bot ended with %v", stopped)
		}
	}
	return err
}

// await waits for something, for a time; what did not come is a finding, not an error.
func (d *drill) await(ctx context.Context, what string, within time.Duration, is func() bool, bots ...*process.Process) error {
	short, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := process.Every(short, drillPoll, func() (bool, error) { return is(), alive(bots...) })
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		d.wrong("after %s it is not so that %s%s", within, what, bots[0].Tail())
		return nil
	}
	return err
}
