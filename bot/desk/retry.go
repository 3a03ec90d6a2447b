package desk

import (
	"context"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// Retry opens a new request for the rows of a settled one that failed or were
// not run, with the same options; it needs its own approval. Who may ask for
// resets may.
func (d *Desk) Retry(ctx context.Context, in Intent) (*reset.Request, error) {
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return nil, err
	}
	if in.Channel == "" {
		in.Channel = r.Asked.Channel
	}
	if err := d.MayAsk(ctx, in, r.Asked.Reason); err != nil {
		return nil, err
	}
	if !r.State.Settled() || !r.HasRun() {
		return nil, &policy.Refusal{Code: "not_over", Words: fmt.Sprintf("%s has not run to an end, so there is nothing to do again. `/factor-reset status %s` says how it stands.", r.ID, r.ID)}
	}
	rows, err := d.undone(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, &policy.Refusal{Code: "nothing_left", Words: fmt.Sprintf("No row of %s failed or was left out, so there is nothing to do again.", r.ID)}
	}
	return d.open(ctx, in, OpenAsk{
		Kind: r.Asked.Kind, Reason: r.Asked.Reason, Options: r.Asked.Options, Again: r.ID,
		Roster: &roster.Roster{Rows: rows},
	})
}

// undone makes roster rows of the targets that failed or were not run.
func (d *Desk) undone(ctx context.Context, r *reset.Request) ([]reset.Row, error) {
	ledger := reset.NewLedger()
	for e, err := range d.Plans.Log(ctx, r.ID, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the log of %s: %w", r.ID, err)
		}
		ledger.Apply(e)
	}
	var rows []reset.Row
	for t, err := range d.Plans.Targets(ctx, r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		if t.User == "" {
			continue
		}
		switch reset.Final(t, ledger.Row(t.Row)).Outcome {
		case reset.OutcomeFailed, reset.OutcomeNotRun:
			rows = append(rows, reset.Row{Row: len(rows) + 1, Input: t.Input, Kind: reset.RefID, Value: string(t.User)})
		}
	}
	return rows, nil
}
