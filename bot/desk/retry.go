package desk

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// Retry opens a new request for the rows of a settled one that failed or were
// not run, with the same options; it needs its own approval. Who may ask for
// resets may. There is one at a time. Users who were reset by one, or who have
// enrolled a factor since their call, are never asked for once more: it would wipe
// what they have enrolled.
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
		return nil, refuse("not_over", "%s isn't done yet, so there's nothing to retry. See `/factor-reset status %[1]s`.", r.ID)
	}
	d.retrying.Lock()
	defer d.retrying.Unlock()
	later, open, err := d.retries(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case open != nil && open.Asked.By == in.By && open.State == reset.Planning: // the same click again, as like as not
		return open, nil
	case open != nil:
		return nil, refuse("asked_again", "%s already retries what %s left. See `/factor-reset status %[1]s`.", open.ID, r.ID)
	}
	rows, err := d.undone(ctx, r, later)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, refuse("nothing_left", "There's nothing to retry in %s. Users who have set up MFA again since are left out.", r.ID)
	}
	return d.open(ctx, in, OpenAsk{
		Kind: r.Asked.Kind, Reason: r.Asked.Reason, Options: r.Asked.Options, Again: r.ID,
		Roster: &roster.Roster{Rows: rows},
	})
}

// retries lists the requests that did again what a request left over, and the
// newest that is not settled: it may do so yet.
func (d *Desk) retries(ctx context.Context, of *reset.Request) (ran []*reset.Request, open *reset.Request, err error) {
	var all []*reset.Request
	for r, err := range d.Record.Requests(ctx, reset.Query{Since: of.Asked.At}) {
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("list the retries of %s: %w", of.ID, err)
		case r.Asked.Again != "":
			all = append(all, r)
		}
	}
	family := map[reset.ID]bool{of.ID: true}
	for _, r := range slices.Backward(all) { // the oldest first: a retry of a retry is one, too
		if !family[r.Asked.Again] {
			continue
		}
		family[r.ID] = true
		switch {
		case !r.State.Settled():
			open = r
		case r.HasRun():
			ran = append(ran, r)
		}
	}
	return ran, open, nil
}

// undone makes roster rows of the targets that failed or were not run, but for
// users who were reset since, or have enrolled a factor.
func (d *Desk) undone(ctx context.Context, r *reset.Request, retries []*reset.Request) ([]reset.Row, error) {
	done := map[reset.UserID]bool{}
	for _, of := range append([]*reset.Request{r}, retries...) {
		for res, err := range d.results(ctx, of) {
			if err != nil {
				return nil, fmt.Errorf("read the results of %s: %w", of.ID, err)
			}
			if p := res.Progress; p.Outcome == reset.OutcomeReset || p.Reason == reset.EnrolledMeanwhile {
				done[res.Target.User] = true
			}
		}
	}
	var rows []reset.Row
	for res, err := range d.results(ctx, r) {
		if err != nil {
			return nil, fmt.Errorf("read the results of %s: %w", r.ID, err)
		}
		t, o := res.Target, res.Progress.Outcome
		if (o == reset.OutcomeFailed || o == reset.OutcomeNotRun) && !done[t.User] {
			rows = append(rows, reset.Row{Row: len(rows) + 1, Input: t.Input, Kind: reset.RefID, Value: string(t.User)})
		}
	}
	return rows, nil
}

// results yields the targets of a request with what became of them.
func (d *Desk) results(ctx context.Context, r *reset.Request) iter.Seq2[reset.Result, error] {
	return reset.Results(d.Plans.Log(ctx, r.ID, 1), d.Plans.Targets(ctx, r.ID, r.Plan.Revision, 1))
}
