package planner

import (
	"testing"
	"time"

	"factorbot/bot/reset"
)

func TestPlanner_takes(t *testing.T) {
	perUser := func(r *reset.Request) time.Duration { return time.Duration(r.Plan.Resets) * time.Second }
	r := &reset.Request{ID: "FR-1"}
	dry := &reset.Request{ID: "FR-2"}
	dry.Asked.Options.DryRun = true
	for name, c := range map[string]struct {
		takes  func(*reset.Request) time.Duration
		r      *reset.Request
		resets int
		want   time.Duration
	}{
		"of the new plan, not of the one before": {perUser, r, 90, 90 * time.Second},
		"nobody to reset":                        {func(*reset.Request) time.Duration { return time.Second }, r, 0, 0},
		"a dry run calls nothing":                {perUser, dry, 90, 0},
		"not known":                              {nil, r, 90, 0},
	} {
		p := &Planner{Takes: c.takes}
		if got := p.takes(c.r, reset.Plan{Resets: c.resets}); got != c.want || c.r.Plan.Resets != 0 {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
