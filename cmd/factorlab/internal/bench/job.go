package bench

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"time"

	"factorbot/cmd/factorlab/internal/process"
)

// botJob is the bot's side of a comparison, from the upload to the result file.
type botJob struct {
	*comparison
	org    benchOrg
	page   benchPage
	bot    *process.Process
	roster []benchUser
}

func (j *botJob) do(ctx context.Context, r *benchResult) (benchFigures, error) {
	if err := j.page.connected(ctx); err != nil {
		return benchFigures{}, err
	}
	defer j.follow(ctx, j.org.url, "factorbot")()
	before, err := askBooks[benchReport](ctx, j.org.url, "report") // the checks at the start are no part of a plan
	if err != nil {
		return benchFigures{}, err
	}
	began := time.Now()
	if err := j.page.upload(ctx, j.rosterFile(j.roster[:j.Users])); err != nil {
		return benchFigures{}, err
	}
	m, value, err := j.page.pending(ctx, 1)
	if err != nil {
		return benchFigures{}, err
	}
	if j.PlanOnly {
		return j.planned(ctx, m, time.Since(began), sum(before.Calls))
	}
	planning, err := askBooks[benchReport](ctx, j.org.url, "report")
	if err != nil {
		return benchFigures{}, err
	}
	if err := j.page.approve(ctx, m, value); err != nil {
		return benchFigures{}, err
	}
	var rows []benchOutcome
	if j.Urgent > 0 {
		if err := j.urgent(ctx, r); err != nil {
			return benchFigures{}, err
		}
	} else if rows, err = j.results(ctx); err != nil {
		return benchFigures{}, err
	}
	took := time.Since(began)
	report, err := askBooks[benchReport](ctx, j.org.url, "report")
	if err != nil {
		return benchFigures{}, err
	}
	f := j.figures(report, j.roster[:j.Users], took)
	f.PlanCalls = sum(planning.Calls) - sum(before.Calls)
	f.judge(rows, report)
	return f, nil
}

// planned tells what the plan took and whether it has everybody.
func (j *botJob) planned(ctx context.Context, m pageMessage, took time.Duration, before int) (benchFigures, error) {
	report, err := askBooks[benchReport](ctx, j.org.url, "report")
	if err != nil {
		return benchFigures{}, err
	}
	f := j.figures(report, nil, took)
	f.PlanCalls = sum(report.Calls) - before
	var plan []byte
	if plan, err = j.page.file(ctx, "FR-1-plan.csv"); err != nil {
		return f, err
	}
	rows, err := readOutcomes(plan, "action")
	for _, row := range rows {
		if row.outcome != "reset" {
			f.NotReset++
		}
	}
	f.NotReset += j.Users - len(rows)
	return f, err
}

// results waits for the result file and reads it.
func (j *botJob) results(ctx context.Context) ([]benchOutcome, error) {
	content, err := j.page.file(ctx, "FR-1-results.csv")
	if err != nil {
		return nil, err
	}
	rows, err := readOutcomes(content, "outcome")
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
	err := poll(ctx, func() (bool, error) {
		p, err := askBooks[benchProgress](ctx, j.org.url, "progress")
		return p.Resets >= largeRuns, err
	})
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
func (j *botJob) small(ctx context.Context, n int, few []benchUser) (time.Duration, error) {
	words := "/factor-reset"
	for _, u := range few {
		words += " " + u.Login
	}
	if err := j.page.command(ctx, words+" because bench"); err != nil {
		return 0, err
	}
	m, value, err := j.page.pending(ctx, n)
	if err != nil {
		return 0, err
	}
	approved := time.Now()
	if err := j.page.approve(ctx, m, value); err != nil {
		return 0, err
	}
	var last time.Time
	err = poll(ctx, func() (bool, error) {
		report, err := askBooks[benchReport](ctx, j.org.url, "report")
		if err != nil {
			return false, err
		}
		for _, u := range few {
			e := report.Users[u.ID]
			if e.Times == 0 {
				return false, nil
			}
			if e.First.After(last) {
				last = e.First
			}
		}
		return true, nil
	})
	return last.Sub(approved), err
}

// benchOutcome is what a file says of one row.
type benchOutcome struct{ user, outcome, reason, proof string }

// readOutcomes reads a plan or result file; column is what decides.
func readOutcomes(content []byte, column string) ([]benchOutcome, error) {
	all, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("read the bot's file: %w", err)
	}
	at := map[string]int{}
	for i, name := range all[0] {
		at[name] = i
	}
	cell := func(row []string, name string) string {
		if i, ok := at[name]; ok {
			return row[i]
		}
		return ""
	}
	var rows []benchOutcome
	for _, row := range all[1:] {
		rows = append(rows, benchOutcome{cell(row, "user_id"), cell(row, column), cell(row, "reason"), cell(row, "proof")})
	}
	return rows, nil
}
