package runner

import (
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// evidence is what Okta shows of a step in doubt.
type evidence struct {
	Ours     bool // the System Log tells of our call, since the oldest attempt in doubt
	LogOver  bool // the log has had the time it may take to tell of the last attempt
	Listed   bool // the user's factors were read
	Lost     bool // they cannot be read: the user is gone, or out of reach
	Enrolled bool // a factor was enrolled since the oldest attempt
	Old      bool // a factor older than the oldest attempt is still listed
}

// verdict is what is to be done about a step in doubt.
type verdict string

const (
	verdictTook     verdict = "took"     // it is reset, the log proves it
	verdictEnrolled verdict = "enrolled" // something was enrolled since; a person has to decide
	verdictSend     verdict = "send"     // send again, at once
	verdictWait     verdict = "wait"     // nothing can be said yet, or nothing may be sent now
	verdictNotRun   verdict = "not_run"  // nothing shall be sent any more and the reset has not happened
	verdictUnknown  verdict = "unknown"  // nothing shall or can be sent any more and nobody can tell
)

// settle decides about a step in doubt. Sending again is harmless until the
// user enrols anew and harmful after, so it happens only where a reading of
// the factors shows that nothing was enrolled, and only while running.
func settle(e evidence, s reset.State) verdict {
	switch {
	case e.Ours:
		return verdictTook
	case e.Lost && e.LogOver:
		return verdictUnknown
	case !e.Listed:
		return verdictWait
	case e.Enrolled && e.LogOver:
		return verdictEnrolled
	case e.Enrolled:
		return verdictWait
	case s == reset.Running:
		return verdictSend
	case s != reset.Stopping || !e.LogOver:
		return verdictWait
	case e.Old:
		return verdictNotRun
	}
	return verdictUnknown
}

// look compares a user's factors with the moment of an attempt, by Okta's clock.
func look(e *evidence, factors []okta.Factor, attempt time.Time) {
	e.Listed = true
	for _, f := range factors {
		if f.Created.After(attempt) {
			e.Enrolled = true
		} else if removable(f) {
			e.Old = true
		}
	}
}

// old reports whether a factor that a reset removes is older than the attempt.
func old(factors []okta.Factor, attempt time.Time) bool {
	var e evidence
	look(&e, factors, attempt)
	return e.Old
}

// removable reports whether a reset surely removes the factor: on Identity
// Engine the verified e-mail and a recovery question outlive it
// (Okta's upgrade guide, "Factors API changes").
func removable(f okta.Factor) bool { return f.Type != "email" && f.Type != "question" }
