package drill

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/sandbox"
)

// Shares of the bot's lives that meet a trouble beside the kill and the faults.
const (
	shareOutage  = 0.7  // of those that end at a random moment: one method of Slack fails all the time
	shareClock   = 0.25 // Okta's clock was set, by up to clockMost
	shareOwn     = 0.25 // the bot's was, half of them once more in the middle
	shareDeleted = 0.2  // a user of the newest requests is deleted
	shareSlow    = 0.03 // commits take slowCommit
)

const (
	clockMost  = 3 * time.Minute
	slowCommit = 2200 * time.Millisecond // over the two seconds in which a call must begin
	slowLife   = 2 * slowCommit          // how much longer such a life lasts
)

// slowEnv makes each commit of a bot take so long.
const slowEnv = "FACTORBOT_SLOW_COMMITS"

// trouble is what one life of the bot meets beside faults and its end.
type trouble struct {
	env    []string
	longer time.Duration
}

// brew draws the troubles of the next life and sets the simulators to them. A life
// that is to end at a point has no outage, which could keep it from the point.
func (d *drill) brew(armed bool) (t trouble, err error) {
	f := &d.figures
	failing := []map[string]any{}
	if !armed && d.rng.Float64() < shareOutage {
		methods := slices.Sorted(maps.Keys(d.work.Books().Tried))
		if d.idle > shortIdle && d.shown() < d.asked() {
			methods = slices.DeleteFunc(methods, asks)
		}
		kinds := []string{"5xx", "internal", "rate_limited", "lost", "hang"}
		if len(methods) > 0 {
			method, kind := methods[d.rng.IntN(len(methods))], kinds[d.rng.IntN(len(kinds))]
			if kind == "internal" && !strings.Contains(method, ".") {
				kind = "5xx" // an address of a file has no error codes
			}
			f.Outages++
			failing = append(failing, map[string]any{"method": method, "kind": kind, "times": 1_000_000})
		}
	}
	if err := d.work.Set(sandbox.Settings(map[string]any{"slack_fail_next": failing})); err != nil {
		return t, fmt.Errorf("let a method of Slack fail: %w", err)
	}
	if d.rng.Float64() < shareClock {
		f.Clocks++
		if _, err := d.org.Set(sandbox.Settings(map[string]any{"clock_offset": d.anyClock().String()})); err != nil {
			return t, fmt.Errorf("set Okta's clock: %w", err)
		}
	}
	if d.rng.Float64() < shareOwn {
		f.OwnClocks++
		t.env = append(t.env, d.ownClock())
	}
	if d.rng.Float64() < shareDeleted {
		if err := d.delete(); err != nil {
			return t, err
		}
	}
	if len(failing) == 0 && d.rng.Float64() < shareSlow {
		f.Slow++
		t.env, t.longer = append(t.env, slowEnv+"="+slowCommit.String()), slowLife
	}
	return t, nil
}

// shortIdle is after how many idle lives the next is still over before the bot refuses an
// upload because Slack has been away for ten seconds.
const shortIdle = 3

// asks reports whether an upload is refused while this method is away for that long. Who
// asked is told to upload again, which nobody does here.
func asks(method string) bool {
	return slices.Contains([]string{"conversations.members", "download", "files.info", "users.info", "usergroups.users.list"}, method)
}

// anyClock is by how much a clock is set, in whole seconds.
func (d *drill) anyClock() time.Duration {
	return time.Duration(d.rng.Int64N(int64(2*clockMost)) - int64(clockMost)).Truncate(time.Second)
}

// ownClock is the setting of a bot whose clock is set.
func (d *drill) ownClock() string {
	set := clockEnv + "=" + d.anyClock().String()
	if d.rng.IntN(2) == 0 {
		return set
	}
	return fmt.Sprintf("%s %dms %s", set, 200+d.rng.IntN(800), d.anyClock())
}

// delete deletes one user of the newest round who is there.
func (d *drill) delete() error {
	users := d.rounds[len(d.rounds)-1].users
	id := users[d.rng.IntN(len(users))]
	if u, ok := d.org.User(id); !ok || len(u.Roles) > 0 {
		return nil
	}
	if err := d.org.Delete(id); err != nil {
		return fmt.Errorf("delete a user: %w", err)
	}
	return nil
}

// commit waits as a slow disk does.
func (f *failpoints) commit(ctx context.Context) error {
	if f.slow <= 0 {
		return nil
	}
	return process.Sleep(ctx, f.slow)
}
