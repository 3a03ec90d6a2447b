package announcer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// SlotEnrolled is the line in the thread that says how many users have enrolled again.
const SlotEnrolled reset.Slot = "enrolled"

// Enrolments tells who has enrolled again after a request.
type Enrolments interface {
	// Enrolled returns how many users were reset, and when those who have enrolled a factor since did so.
	Enrolled(ctx context.Context, id reset.ID) (of int, again []time.Time, err error)
}

// enrolledTime bounds the question who has enrolled again: it reads pages of Okta's log.
const enrolledTime = 60 * time.Second

// EnrolmentReporter tells in the thread of a request who has enrolled again: one line 1 h
// after its end, edited after 4 h and 12 h.
type EnrolmentReporter struct {
	Slack    *slack.Client // made by [slackapi.NewClient]
	Record   Record
	Enrolled Enrolments
	Log      *slog.Logger
	Now      func() time.Time
}

// Run tells until ctx is done.
func (a *EnrolmentReporter) Run(ctx context.Context) error {
	run := &enrolledRun{a, newSender(a.Slack, a.Record, a.Log, a.Now)}
	return (&workqueue.Follower{Name: "enrolled", Requests: a.Record, Log: a.Log, Now: a.Now, Do: run.look, Delay: delay(a.Log, "enrolled")}).Run(ctx)
}

// enrolledRun is one Run of an EnrolmentReporter.
type enrolledRun struct {
	*EnrolmentReporter
	sender *sender
}

// tooLate is how long after a run the last line is still worth telling, where the bot was away.
const tooLate = 24 * time.Hour

// look tells the line that is due, and says when the next one is.
func (f *enrolledRun) look(ctx context.Context, id reset.ID) (again time.Duration, err error) {
	r, err := f.Record.Get(ctx, id)
	if errors.Is(err, reset.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", id, err)
	}
	since := f.Now().Sub(r.SettledAt)
	if !r.State.Settled() || !r.HasRun() || since > tooLate || r.Totals == nil || r.Totals.ByOutcome[reset.OutcomeReset] == 0 || r.Asked.Kind == reset.KindExport {
		return 0, nil
	}
	var due, next time.Duration
	for _, at := range []time.Duration{12 * time.Hour, 4 * time.Hour, time.Hour} {
		if since >= at {
			due = at
			break
		}
		next = at - since
	}
	if due == 0 {
		return next, nil
	}
	list, err := f.Record.Messages(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("read the messages of %s: %w", id, err)
	}
	have := bySlot(list)
	if m := have[SlotEnrolled]; m.Gone || m.Shown != "" && !m.At.Before(r.SettledAt.Add(due)) {
		return next, nil
	}
	asking, cancel := context.WithTimeout(ctx, enrolledTime)
	defer cancel()
	of, back, err := f.Enrolled.Enrolled(asking, id)
	if err != nil {
		return 0, fmt.Errorf("ask who has enrolled since %s: %w", id, err)
	}
	wait, err := f.sender.underThread(ctx, r, have, SlotEnrolled, view.EnrolledAfter(r, back, of, due))
	return sooner(next, wait), err
}
