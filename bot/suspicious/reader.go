// Package suspicious takes Okta's own reports for what they are: Okta mails each user
// whose authenticator was reset, and a user who presses "Report suspicious activity" in
// that mail did not expect it.
package suspicious

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// Event is the type of the System Log's event of such a report. The user is its actor
// (help.okta.com, suspicious activity reporting; the detection rules of Elastic, Panther
// and Splunk read it so).
const Event = "user.account.report_suspicious_activity_by_enduser"

const (
	// within is how long after its reset a user's report counts as one of the reset.
	within = 72 * time.Hour
	// every is the time between two readings: the log's bucket is the smallest.
	every = 20 * time.Second
	// margin is how far the clocks may be apart, and how late the log may be when
	// reading begins again.
	margin = 10 * time.Minute
	// longest is how long a request may live before its run has ended.
	longest = 60 * 24 * time.Hour
	// mostPages bounds one reading, of a thousand events at most.
	mostPages = 50
)

// Okta is Okta's System Log. The client for Okta is one.
type Okta interface {
	// Events begins to read at a moment of Okta's clock.
	Events(since time.Time, types ...string) *okta.Events
	// Clock returns how far Okta's clock is ahead of ours; not ok: nothing is known yet.
	Clock() (ahead time.Duration, ok bool)
}

// Record has the requests, and what was done to users.
type Record interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error]
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	Users(ctx context.Context, ids ...reset.UserID) iter.Seq2[reset.UserRecord, error]
	Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error)
}

// Reader reads reports while somebody was reset lately, and counts them as the button
// "That wasn't me" would.
type Reader struct {
	Okta   Okta
	Record Record
	Log    *slog.Logger
	Now    func() time.Time
}

// Run reads until ctx is done. What it read before a restart it reads again: a row's
// second report changes nothing.
func (r *Reader) Run(ctx context.Context) error {
	from, failing := r.Now().Add(-within), false
	var events *okta.Events
	for ctx.Err() == nil {
		began := r.Now()
		err := r.pass(ctx, &events, from)
		if err == nil && events != nil {
			from = began.Add(-margin)
		}
		if err != nil && ctx.Err() == nil && !failing {
			r.Log.Error("Okta's reports of suspicious activity cannot be read", "error", err.Error())
		}
		failing = err != nil
		waiting, stop := context.WithTimeout(ctx, every)
		<-waiting.Done()
		stop()
	}
	return nil
}

// pass reads once, if anybody was reset lately.
func (r *Reader) pass(ctx context.Context, events **okta.Events, from time.Time) error {
	recent, err := r.recent(ctx)
	if err != nil || !recent {
		*events = nil
		return err
	}
	if *events == nil {
		ahead, _ := r.Okta.Clock()
		*events = r.Okta.Events(from.Add(ahead), Event)
	}
	for range mostPages {
		page, err := (*events).Next(okta.WithLane(ctx, "reports"))
		if err != nil {
			*events = nil // the next reading begins where the last whole one did
			return fmt.Errorf("read the System Log: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		for _, e := range page {
			if err := r.take(ctx, e); err != nil {
				*events = nil
				return err
			}
		}
	}
	return nil
}

// recent reports whether a request runs, or has ended so lately that a report may come.
func (r *Reader) recent(ctx context.Context) (bool, error) {
	now := r.Now()
	for q, err := range r.Record.Requests(ctx, reset.Query{Since: now.Add(-longest)}) {
		if err != nil {
			return false, fmt.Errorf("list requests: %w", err)
		}
		if q.HasRun() && (q.SettledAt.IsZero() || now.Sub(q.SettledAt) < within+margin) {
			return true, nil
		}
	}
	return false, nil
}

// take counts a report by a user that a request reset within the time.
func (r *Reader) take(ctx context.Context, e okta.Event) error {
	if e.Type != Event || e.At.IsZero() {
		return nil
	}
	ahead, _ := r.Okta.Clock()
	at := e.At.Add(-ahead)
	for _, id := range slices.Compact(append([]string{e.ActorID}, e.Targets...)) {
		if !okta.IsUserID(id) {
			continue
		}
		for user, err := range r.Record.Users(ctx, reset.UserID(id)) {
			if err != nil {
				return fmt.Errorf("read what was done to a user: %w", err)
			}
			if n, ok := noteOf(user, at); ok {
				if err := r.count(ctx, n.Request, user.User, e.UUID); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// noteOf is the last call that may have taken effect on the user before the report.
func noteOf(user reset.UserRecord, at time.Time) (reset.Note, bool) {
	for _, n := range slices.Backward(user.Notes) {
		if age := at.Sub(n.At); age >= -margin && age <= within {
			return n, true
		}
	}
	return reset.Note{}, false
}

// count counts the report for the user's row.
func (r *Reader) count(ctx context.Context, id reset.ID, user reset.UserID, uuid string) error {
	q, err := r.Record.Get(ctx, id)
	if errors.Is(err, reset.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", id, err)
	}
	for t, err := range r.Record.Targets(ctx, id, q.Plan.Revision, 1) {
		if err != nil {
			return fmt.Errorf("read the plan of %s: %w", id, err)
		}
		if t.User != user || t.Action != reset.ActionReset {
			continue
		}
		return r.report(ctx, id, t, uuid)
	}
	return nil
}

func (r *Reader) report(ctx context.Context, id reset.ID, t reset.Target, uuid string) error {
	paused := false
	_, err := r.Record.Update(ctx, id, "okta-report:"+uuid, false, func(q *reset.Request) (facts []reset.Fact, err error) {
		facts, paused, err = q.Report(reset.Report{Row: t.Row, Okta: t.User, Login: t.Login, At: r.Now()})
		return facts, err
	})
	_, moved := errors.AsType[*reset.TransitionError](err)
	switch {
	case moved, errors.Is(err, reset.ErrAlreadyCounted), errors.Is(err, reset.ErrNotTheirs):
		return nil
	case err != nil:
		return fmt.Errorf("count a report for %s: %w", id, err)
	}
	r.Log.Warn("a user has reported suspicious activity to Okta after a reset", "request", id, "row", t.Row, "paused", paused)
	return nil
}
