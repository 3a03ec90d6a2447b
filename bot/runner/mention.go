package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// recent is how far back a plan names earlier resets of its users.
const recent = 24 * time.Hour

// mention says in the targets' details who is in another open request or was reset lately.
func (d *driver) mention(ctx context.Context, r *reset.Request, targets []reset.Target) error {
	rows := map[reset.UserID]*reset.Target{}
	var ids []reset.UserID
	for i := range targets {
		if t := &targets[i]; t.Action == reset.ActionReset {
			rows[t.User], ids = t, append(ids, t.User)
		}
	}
	for u, err := range d.Journal.Users(ctx, ids...) {
		if err != nil {
			return fmt.Errorf("read what is known of the users: %w", err)
		}
		if t := rows[u.User]; t != nil {
			lately(t, u, r.ID)
		}
	}
	return d.openElsewhere(ctx, rows)
}

func lately(t *reset.Target, u reset.UserRecord, own reset.ID) {
	for _, n := range u.Notes {
		if n.Request != own && time.Since(n.At) < recent {
			note(t, fmt.Sprintf("reset by %s at %s", n.Request, n.At.UTC().Format(time.RFC3339)))
		}
	}
}

func note(t *reset.Target, s string) {
	if t.Detail != "" {
		s = t.Detail + "; " + s
	}
	t.Detail = s
}

// openElsewhere reads the plans of the other requests that are still open.
func (d *driver) openElsewhere(ctx context.Context, rows map[reset.UserID]*reset.Target) error {
	open := reset.Query{States: []reset.State{reset.Pending, reset.Approved, reset.Running, reset.Paused, reset.Stopping, reset.Verifying}}
	for other, err := range d.Heads.Requests(ctx, open) {
		if err != nil {
			return fmt.Errorf("list open requests: %w", err)
		}
		if other.ID == d.id {
			continue
		}
		for t, err := range d.Plans.Targets(ctx, other.ID, other.Plan.Revision, 1) {
			if err != nil {
				return fmt.Errorf("read the plan of %s: %w", other.ID, err)
			}
			ours := rows[t.User]
			if ours == nil || t.Action != reset.ActionReset || strings.Contains(ours.Detail, string(other.ID)) {
				continue
			}
			note(ours, fmt.Sprintf("also in %s since %s", other.ID, other.Asked.At.UTC().Format(time.RFC3339)))
		}
	}
	return nil
}
