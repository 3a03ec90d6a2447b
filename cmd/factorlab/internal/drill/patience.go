package drill

import (
	"context"
	"fmt"
	"time"

	"factorbot/bot/slacksim"
)

const (
	pressTime   = 300 * time.Millisecond // for a press to be heard
	patientTime = 2 * time.Second        // the same, where nothing that was heard may be lost
	pressAgain  = 10 * time.Second       // after a press that was heard and did nothing
	typeEvery   = time.Second            // a command
)

// patience is that of people whose presses may not be lost once they were heard: they
// press again only much later. Now and again they type a command, too. nil has none. It
// belongs to one goroutine.
type patience struct {
	pressed map[string]time.Time // when each was heard, by message, action and value
	typed   time.Time
}

func newPatience() *patience { return &patience{pressed: map[string]time.Time{}} }

func pressOf(c slacksim.Click) string { return fmt.Sprint(c.Message, " ", c.ActionID, " ", c.Value) }

// limit is for how long a press may take.
func (p *patience) limit() time.Duration {
	if p == nil {
		return pressTime
	}
	return patientTime
}

// due reports whether somebody presses this now.
func (p *patience) due(c slacksim.Click) bool {
	return p == nil || time.Since(p.pressed[pressOf(c)]) > pressAgain
}

// heard notes that a press was acknowledged.
func (p *patience) heard(c slacksim.Click) {
	if p != nil {
		p.pressed[pressOf(c)] = time.Now()
	}
}

// command types a command, if it is time for one.
func (p *patience) command(ctx context.Context, work *slacksim.Workspace) {
	if p == nil || time.Since(p.typed) < typeEvery {
		return
	}
	p.typed = time.Now()
	ctx, cancel := context.WithTimeout(ctx, patientTime)
	defer cancel()
	_, _ = work.Command(ctx, "U_REQUESTER", drillChannel, "/factor-reset status")
}
