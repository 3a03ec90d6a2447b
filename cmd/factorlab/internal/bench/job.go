package bench

import (
	"context"
	"fmt"
	"time"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/okta/oktasim"
)

// botJob is the bot's side of a comparison, from the upload to the result file.
type botJob struct {
	*comparison
	*world
}

func (j *botJob) do(ctx context.Context, r *benchResult) (f benchFigures, err error) {
	if err := j.connected(ctx); err != nil {
		return f, err
	}
	defer j.follow(ctx, j.world, "factorbot")()
	before := sum(j.org.Books().Calls) // the checks at the start are no part of a plan
	began := time.Now()
	if err := j.upload(j.rosterFile()); err != nil {
		return f, err
	}
	approve, err := j.pending(ctx, 1)
	if err != nil {
		return f, err
	}
	planned, took := sum(j.org.Books().Calls)-before, time.Since(began)
	if j.PlanOnly {
		f = j.figures(j.world, nil, took)
		f.PlanCalls = planned
		return f, j.judgePlan(ctx, &f)
	}
	if err := j.approve(ctx, approve); err != nil {
		return f, err
	}
	var rows []map[string]string
	if j.Urgent > 0 {
		err = j.urgent(ctx, r)
	} else {
		rows, err = j.results(ctx)
	}
	if err != nil {
		return f, err
	}
	f = j.figures(j.world, j.roster[:j.Users], time.Since(began))
	f.PlanCalls = planned
	f.judge(rows, j.org)
	return f, nil
}

// judgePlan counts the users that the plan does not reset.
func (j *botJob) judgePlan(ctx context.Context, f *benchFigures) error {
	rows, err := j.table(ctx, "FR-1-plan.csv")
	for _, row := range rows {
		if row["action"] != "reset" {
			f.NotReset++
		}
	}
	f.NotReset += j.Users - len(rows)
	return err
}

// results waits for the result file and reads it.
func (j *botJob) results(ctx context.Context) ([]map[string]string, error) {
	rows, err := j.table(ctx, "FR-1-results.csv")
	if err == nil && len(rows) != j.Users {
		err = fmt.Errorf("the result file has %d rows, the roster %d", len(rows), j.Users)
	}
	return rows, err
}

// largeRuns is how many resets of the large request come before the small ones are asked for.
const largeRuns = 20

// urgent asks for a few users while the large request runs, again and again,
// and measures from the approval to the last of their resets.
func (j *botJob) urgent(ctx context.Context, r *benchResult) error {
	err := process.Every(ctx, pagePoll, func() (bool, error) { return j.org.Books().Effects >= largeRuns, nil })
	for i := 0; i < j.Urgent && err == nil; i++ {
		var took time.Duration
		few := j.roster[j.Users+i*urgentUsers:][:urgentUsers]
		took, err = j.small(ctx, i+2, few)
		r.Urgent = append(r.Urgent, took.Seconds())
		j.tell("factorbot: %d urgent resets within %.2f s of the approval", urgentUsers, took.Seconds())
	}
	return err
}

// small is the n-th request, for a few users.
func (j *botJob) small(ctx context.Context, n int, few []oktasim.User) (time.Duration, error) {
	words := "/factor-reset"
	for _, u := range few {
		words += " " + u.Login
	}
	if _, err := j.work.Command(ctx, "U_REQUESTER", channel, words+" because bench"); err != nil {
		return 0, err
	}
	approve, err := j.pending(ctx, n)
	if err != nil {
		return 0, err
	}
	approved := time.Now()
	if err := j.approve(ctx, approve); err != nil {
		return 0, err
	}
	var last time.Time
	err = process.Every(ctx, pagePoll, func() (bool, error) {
		for _, u := range few {
			resets := j.org.Resets(u.ID)
			if len(resets) == 0 {
				return false, nil
			}
			if resets[0].At.After(last) {
				last = resets[0].At
			}
		}
		return true, nil
	})
	return last.Sub(approved), err
}
