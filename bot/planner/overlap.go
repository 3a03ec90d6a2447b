package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
)

const (
	// recent is how far back a plan's rows name earlier resets of their users.
	recent = 24 * time.Hour
	// before is how far back users count who were reset before.
	before = 30 * 24 * time.Hour
)

// overlaps is what the record knows of a plan's users from other requests.
type overlaps struct {
	again    int        // users who were reset before
	most     int        // how often one of them was, at most
	last     time.Time  // when one of them was last
	by       []reset.ID // the request that did that
	busy     int        // users who are in other open requests
	requests []reset.ID // those requests
}

// findOverlaps says in the targets' details who is in another open request or was
// reset lately, and counts them.
func (pl *planning) findOverlaps(ctx context.Context, r *reset.Request, targets []reset.Target) (overlaps, error) {
	var e overlaps
	rows := make(map[reset.UserID]*reset.Target, len(targets))
	ids := make([]reset.UserID, 0, len(targets))
	for i := range targets {
		if t := &targets[i]; t.Action == reset.ActionReset {
			rows[t.User], ids = t, append(ids, t.User)
		}
	}
	for u, err := range pl.Record.Users(ctx, ids...) {
		if err != nil {
			return e, fmt.Errorf("read what is known of the users: %w", err)
		}
		if t := rows[u.User]; t != nil {
			e.addUser(t, u, r.ID)
		}
	}
	return e, pl.findOpen(ctx, rows, &e)
}

// addUser takes in what the record tells of one user.
func (e *overlaps) addUser(t *reset.Target, u reset.UserRecord, own reset.ID) {
	times := 0
	for _, n := range u.Notes {
		age := time.Since(n.At)
		if n.Request == own || age >= before {
			continue
		}
		times++
		if n.At.After(e.last) {
			e.last, e.by = n.At, []reset.ID{n.Request}
		}
		if age < recent {
			note(t, fmt.Sprintf("reset by %s, %s", n.Request, n.At.UTC().Format(time.RFC3339)))
		}
	}
	if times > 0 {
		e.again++
	}
	e.most = max(e.most, times)
	if u.Claim != nil && u.Claim.Request != own {
		e.addOpen(t, u.Claim.Request, u.Claim.At)
	}
}

// addOpen notes that a user is in another open request.
func (e *overlaps) addOpen(t *reset.Target, other reset.ID, since time.Time) {
	mark := "also in " + string(other) + " "
	if strings.Contains(t.Detail, mark) {
		return
	}
	if !strings.Contains(t.Detail, "also in ") {
		e.busy++
	}
	note(t, mark+"since "+since.UTC().Format(time.RFC3339))
	if !slices.Contains(e.requests, other) {
		e.requests = append(e.requests, other)
	}
}

func note(t *reset.Target, s string) {
	if t.Detail != "" {
		s = t.Detail + "; " + s
	}
	t.Detail = s
}

// findOpen reads the plans of the other requests that are still open.
func (pl *planning) findOpen(ctx context.Context, rows map[reset.UserID]*reset.Target, e *overlaps) error {
	open := reset.Query{States: []reset.State{reset.Pending, reset.Approved, reset.Running, reset.Paused, reset.Stopping, reset.Verifying}}
	for other, err := range pl.Record.Requests(ctx, open) {
		if err != nil {
			return fmt.Errorf("list open requests: %w", err)
		}
		if other.ID == pl.id {
			continue
		}
		for t, err := range pl.Record.Targets(ctx, other.ID, other.Plan.Revision, 1) {
			if err != nil {
				return fmt.Errorf("read the plan of %s: %w", other.ID, err)
			}
			if ours := rows[t.User]; ours != nil && t.Action == reset.ActionReset {
				e.addOpen(ours, other.ID, other.Asked.At)
			}
		}
	}
	return nil
}
