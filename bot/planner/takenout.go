package planner

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// tookOut is the detail of a row that an approver took out.
const tookOut = "removed by an approver"

// taken has the rows and users that approvers took out of a plan. Users count with their rows: one
// who is named twice is not reset by the other row.
type taken struct {
	rows  map[int]bool
	users map[reset.UserID]bool
}

// takenOut reads which users the rows named in the plan that they were taken out of.
func (pl *planning) takenOut(ctx context.Context, r *reset.Request) (taken, error) {
	out := taken{rows: map[int]bool{}, users: map[reset.UserID]bool{}}
	if len(r.TakenOut) == 0 {
		return out, nil
	}
	for _, row := range r.TakenOut {
		out.rows[row] = true
	}
	for t, err := range pl.Record.Targets(ctx, r.ID, r.Plan.Revision, r.TakenOut[0]) {
		if err != nil {
			return out, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		if out.rows[t.Row] && t.User != "" {
			out.users[t.User] = true
		}
	}
	return out, nil
}

// addTakenOut adds the users that the rows taken out name now.
func (c *classifier) addTakenOut(rows []reset.Row, matches []okta.Match) {
	if len(c.out.rows) == 0 {
		return
	}
	for i, row := range rows {
		if c.out.rows[row.Row] && len(matches[i].Users) == 1 {
			c.out.users[reset.UserID(matches[i].Users[0].ID)] = true
		}
	}
}

// previousRows returns the rows of the plan that was shown last, by the users' IDs.
func (pl *planning) previousRows(ctx context.Context, r *reset.Request) (rows []reset.Row, err error) {
	for t, err := range pl.Record.Targets(ctx, r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		rows = append(rows, reset.Row{Row: t.Row, Input: t.Input, Kind: reset.RefID, Value: string(t.User)})
	}
	return rows, nil
}
