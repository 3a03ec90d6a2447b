package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"factorbot/bot/slacksim"
	"factorbot/cmd/factorlab/internal/process"
	"factorbot/store"
)

const (
	restoreUsers = 60               // of a request of which a backup is put back
	restoreWait  = 40 * time.Second // for each of its steps, at most
)

// restores puts backups back, one after the other, each into a world of its own: the
// bot is killed while a request runs in waves, or while it is paused; a copy of its
// record is made; it lives on and resets more users, of which some enrol again; it is
// killed, and goes on from the copy.
func (d *drill) restores(ctx context.Context) (all []*drillFigures, err error) {
	for n := range d.Restores {
		c := *d.drillConfig
		c.Users, c.Seed, c.Faults = restoreUsers, d.Seed+uint64(n)+1, d.Faults/2
		w, err := d.another(ctx, fmt.Sprintf("restore-%d", n), &c)
		if err != nil {
			return nil, err
		}
		w.solo = true
		err = w.restore(ctx, n)
		if err = errors.Join(err, w.close()); err != nil {
			return nil, fmt.Errorf("put backup %d back: %w", n+1, err)
		}
		all = append(all, &w.figures)
	}
	return all, nil
}

// restore is one backup that is put back.
func (d *drill) restore(ctx context.Context, n int) error {
	waves, paused := n%2 == 0, n%3 != 0
	more := ""
	if waves {
		more = fmt.Sprintf("ramp: [2, %d]\n", 4+d.rng.IntN(restoreUsers/2))
	}
	if err := d.configure(more); err != nil {
		return err
	}
	people := d.gather(ctx)
	defer people()
	some := 0.03 + 0.2*d.rng.Float64()
	if err := d.until(ctx, "resets", func() bool { return d.reached() > some }); err != nil {
		return err
	}
	if paused {
		if err := d.pause(ctx); err != nil {
			return err
		}
	}
	if err := d.backUp(ctx); err != nil {
		return err
	}
	reset := d.reached()
	d.resume.Store(true)
	if err := d.until(ctx, "resets after the backup", func() bool { return d.reached() > min(reset+0.25, 0.9) }); err != nil {
		return err
	}
	// Those who were reset enrol again, before the backup is put back.
	if err := process.Sleep(ctx, drillEnrolment); err != nil {
		return err
	}
	if err := os.Rename(d.backup(), d.record()); err != nil {
		return fmt.Errorf("put a backup back: %w", err)
	}
	d.figures.Restores++
	if waves {
		d.figures.Ramps++
	}
	if paused {
		d.figures.Pauses++
	}
	bot, err := d.startBot(ctx, botLog)
	if err == nil {
		err = d.drain(ctx, bot)
	}
	if err != nil {
		return err
	}
	d.judgeRestored()
	return nil
}

func (d *drill) record() string { return filepath.Join(d.dir, "factorbot.db") }

func (d *drill) backup() string { return filepath.Join(d.dir, "backup.db") }

// until lets bots live, each with a clock of its own, until something is so, and kills
// the last.
func (d *drill) until(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, restoreWait)
	defer cancel()
	var env []string
	if d.rng.IntN(2) == 0 {
		d.figures.OwnClocks++
		env = append(env, d.ownClock())
	}
	bot, err := d.startBot(ctx, botLog, env...)
	if err != nil {
		return err
	}
	err = process.Every(ctx, drillPoll, func() (bool, error) { return done(), alive(bot) })
	bot.Kill()
	if err != nil {
		return fmt.Errorf("wait for %s: %w", what, err)
	}
	return nil
}

// pause has an approver pause the request, and nobody resume it.
func (d *drill) pause(ctx context.Context) error {
	d.resume.Store(false)
	paused := func() bool {
		messages, err := d.work.Messages(drillChannel, "")
		if err != nil {
			return false
		}
		for _, m := range messages {
			if value := process.ButtonValue(m.Blocks, "pause"); value != "" {
				click, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
				_, _ = d.work.Click(click, slacksim.Click{User: "U_APPROVER1", Channel: drillChannel, Message: m.TS, ActionID: "pause", Value: value})
				cancel()
			}
		}
		return slices.ContainsFunc(messages, func(m *slacksim.Message) bool { return process.ButtonValue(m.Blocks, "resume") != "" })
	}
	return d.until(ctx, "the pause", func() bool { return paused() || d.reached() > 0.6 })
}

// backUp makes a backup of the record of a bot that is not there.
func (d *drill) backUp(ctx context.Context) (err error) {
	copied := d.record() + ".copy"
	content, err := os.ReadFile(d.record())
	if err == nil {
		err = os.WriteFile(copied, content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copy the record: %w", err)
	}
	rec, err := store.Open(copied, d.url)
	if err != nil {
		return fmt.Errorf("open a copy of the record: %w", err)
	}
	defer func() { err = errors.Join(err, rec.Close(), os.Remove(copied)) }()
	_, err = rec.BackupFile(ctx, d.backup())
	return err
}

// judgeRestored holds what the request's files say against the books. What was posted
// since the backup the record does not know; it is found and not posted twice.
func (d *drill) judgeRestored() {
	d.judgeOnce("the message %s was posted %d times", d.posts())
	byUser := map[string][]drillRow{}
	for _, share := range d.work.Books().Shares {
		rows, err := d.readShared(share.Name)
		if err != nil || !strings.HasSuffix(share.Name, "-results.csv") {
			continue
		}
		for _, row := range rows {
			byUser[row["user_id"]] = append(byUser[row["user_id"]], rowOf(share.Name, row))
		}
	}
	for _, u := range d.org.Users() {
		planned := slices.Contains(d.rounds[0].users, u.ID) && len(u.Roles) == 0
		if !planned {
			d.judgeUntouched(u)
			continue
		}
		d.figures.RestoredUsers++
		d.judgeForgotten(u, byUser[u.ID], len(d.org.Resets(u.ID)))
		for _, r := range byUser[u.ID] {
			if r.outcome == "reset" {
				d.judgeOld(u, r)
			}
		}
	}
	d.judgeFactors()
}
