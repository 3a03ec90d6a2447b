package announcer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view"
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
	s := newSender(a.Slack, a.Record, a.Log, a.Now)
	return s.follow(ctx, func(ctx context.Context, r *reset.Request) (time.Duration, error) { return a.look(ctx, s, r) })
}

// tooLate is how long after a run the last line is still worth telling, where the bot was away.
const tooLate = 24 * time.Hour

// look tells the line that is due, and says when the next one is.
func (a *EnrolmentReporter) look(ctx context.Context, s *sender, r *reset.Request) (again time.Duration, err error) {
	since := a.Now().Sub(r.SettledAt)
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
	have, err := s.messages(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	if m := have[SlotEnrolled]; m.Gone || m.Shown != "" && !m.At.Before(r.SettledAt.Add(due)) {
		return next, nil
	}
	asking, cancel := context.WithTimeout(ctx, enrolledTime)
	defer cancel()
	of, back, err := a.Enrolled.Enrolled(asking, r.ID)
	if err != nil {
		return 0, fmt.Errorf("ask who has enrolled since %s: %w", r.ID, err)
	}
	wait, err := s.underThread(ctx, r, have, SlotEnrolled, view.EnrolledAfter(r, back, of, due))
	return sooner(next, wait), err
}
