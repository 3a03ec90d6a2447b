package batch

import (
	"time"

	"factorbot/bot/reset"
)

// waitForClaims waits for users claimed by another request: until it gives the
// claim back, for as long as the log may lag, and not at all where it is paused.
func (s *settler) waitForClaims() {
	until := time.Now().Add(s.Pace.LogLag)
	for !s.control.Stopped() {
		rows := s.progress.claimedElsewhere()
		if len(rows) == 0 {
			return
		}
		over := time.Now().After(until)
		for row, holder := range rows {
			s.waitForOne(row, holder, over)
		}
		if len(s.progress.claimedElsewhere()) > 0 {
			pauseFor(s.control.starting, time.Second)
		}
	}
}

// waitForOne goes on with a target whose claim is free, and gives it up where waiting is over.
func (s *settler) waitForOne(row int, holder reset.ID, over bool) {
	t, _ := s.progress.target(row)
	free, err := s.free(t.User)
	if err != nil {
		s.control.halt(err)
		return
	}
	if !free && !over && !s.isPaused(holder) {
		return
	}
	s.progress.unclaim(row)
	doubt := s.progress.row(row).InDoubt()
	switch {
	case free && doubt: // settled like the others
	case free:
		s.sender.process(t)
	case doubt:
		s.progress.finish(reset.Entry{
			Step: resetOf(t), Outcome: reset.OutcomeFailed, Reason: reset.OktaError, Touched: true,
			Detail: "sent, result not known; " + string(holder) + " has the user",
		})
	default:
		s.progress.finish(reset.Entry{Step: resetOf(t), Outcome: reset.OutcomeNotRun, Reason: reset.InOtherRequest, Detail: string(holder)})
	}
}

// free reports whether no other request has the claim on a user now.
func (s *settler) free(user reset.UserID) (bool, error) {
	for u, err := range s.Record.Users(s.control.starting, user) {
		if err != nil {
			return false, err
		}
		if u.Claim != nil && u.Claim.Request != s.head.ID {
			return false, nil
		}
	}
	return true, nil
}

// isPaused reports whether a request is paused, so that waiting for it is in vain.
func (s *settler) isPaused(id reset.ID) bool {
	r, err := s.Record.Get(s.control.starting, id)
	return err == nil && r.State == reset.Paused
}
