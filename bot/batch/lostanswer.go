package batch

import (
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// evidence is what Okta shows of a call in doubt.
type evidence struct {
	Old      bool     // a factor that a reset removes is listed, created before the first call
	New      bool     // a factor is listed that was created since
	Unclear  []string // IDs of factors of which only the System Log can tell whether the user enrolled them since
	Cleared  []string // IDs of those of which it told that the user did not
	ReadOver bool     // the log has had the time it may take to tell of what was listed
	Ours     bool     // the System Log tells of our call, since the last one
	LogOver  bool     // the log has had the time it may take to tell of the last call
	Gone     bool     // the factors answer 404
	Hidden   bool     // the factors cannot be read, and another try would change nothing
}

// verdict is what is to be done about a call in doubt.
type verdict string

const (
	verdictSend     verdict = "send"     // send again, at once
	verdictTook     verdict = "took"     // it is reset
	verdictEnrolled verdict = "enrolled" // something was enrolled since; a person has to decide
	verdictHalf     verdict = "half"     // some factors went, others did not, and nothing more is sent
	verdictNotRun   verdict = "not_run"  // the reset has not happened, and nothing more is sent
	verdictUnknown  verdict = "unknown"  // nobody can tell, and nothing more is sent
	verdictGone     verdict = "gone"     // the user has gone from Okta
	verdictHidden   verdict = "hidden"   // nobody can look
	verdictWait     verdict = "wait"     // the log may tell more
	verdictHold     verdict = "hold"     // it would be sent again, which may not happen now
)

// signs are what a verdict goes by: the fields of that name of [evidence].
type signs struct{ old, new, ours bool }

// rule is what follows from some signs: while the request runs, and once nothing is sent
// any more.
type rule struct {
	running, stopping verdict
	patient           bool // the running verdict, too, waits until the log has had its time
}

// rules is the whole of the judgement, a row for each reading. Sending again is
// harmless until the user enrols a factor, and harmful after.
var rules = map[signs]rule{
	{old: true, new: true, ours: true}:    {running: verdictEnrolled, stopping: verdictEnrolled},
	{old: true, new: true, ours: false}:   {running: verdictEnrolled, stopping: verdictEnrolled},
	{old: true, new: false, ours: true}:   {running: verdictSend, stopping: verdictHalf},
	{old: true, new: false, ours: false}:  {running: verdictSend, stopping: verdictNotRun},
	{old: false, new: true, ours: true}:   {running: verdictTook, stopping: verdictTook},
	{old: false, new: true, ours: false}:  {running: verdictEnrolled, stopping: verdictEnrolled, patient: true},
	{old: false, new: false, ours: true}:  {running: verdictTook, stopping: verdictTook},
	{old: false, new: false, ours: false}: {running: verdictSend, stopping: verdictUnknown},
}

// settle decides about a call in doubt by the table. While a request is neither
// running nor stopping, only what would be the same in both states is decided.
func settle(e evidence, s reset.State) verdict {
	switch {
	case e.Gone:
		return verdictGone
	case e.Hidden && e.LogOver:
		return verdictHidden
	case e.Hidden, len(e.Unclear) > 0 && !e.New && !e.ReadOver:
		return verdictWait
	}
	r := rules[signs{old: e.Old, new: e.New || len(e.Unclear) > 0, ours: e.Ours}]
	switch {
	case r.running == r.stopping:
		if r.patient && !e.LogOver {
			return verdictWait
		}
		return r.running
	case s == reset.Running:
		return r.running
	case s != reset.Stopping:
		return verdictHold
	case !e.LogOver:
		return verdictWait
	}
	return r.stopping
}

// clockSteps is by how much a clock may be set between a call and a new factor, while
// nobody looks at it, without the factor being taken for one of before the call.
const clockSteps = 10 * time.Minute

// compareFactors compares a user's factors with the first call, by Okta's clock, less the
// margin within which that is known: what was created within the margin counts
// as created since. What seems to be created shortly before may be new, too, because
// Okta's clock may have been set back then, unless it was listed before the call; and
// an e-mail created since may have been enrolled by Okta.
func compareFactors(e *evidence, factors []okta.Factor, first time.Time, listedBefore ...string) {
	for _, f := range factors {
		switch {
		case f.Created.Before(first):
			e.Old = e.Old || removable(f)
			if f.Created.After(first.Add(-clockSteps)) && !slices.Contains(listedBefore, f.ID) {
				e.Unclear = append(e.Unclear, f.ID)
			}
		case f.Type == "email":
			e.Unclear = append(e.Unclear, f.ID)
		default:
			e.New = true
		}
	}
}

// old reports whether a factor that a reset removes is older than the call.
func old(factors []okta.Factor, call time.Time) bool {
	var e evidence
	compareFactors(&e, factors, call)
	return e.Old
}

// removable reports whether a reset surely removes the factor: on Identity
// Engine the verified e-mail and a recovery question outlive it
// (Okta's upgrade guide, "Factors API changes").
func removable(f okta.Factor) bool { return f.Type != "email" && f.Type != "question" }
