package batch

import (
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// scope is what a request asks to be done with each of its users. It is a value: what
// it says depends on nothing else than its arguments.
type scope reset.Options

// some reports whether the request names factors; otherwise all of a user's are reset.
func (s scope) some() bool { return len(s.Factors) > 0 }

// means reports whether a factor is one of those that the request names and was there
// before our first call (first; zero: there was none yet). An ID is never used again, so a
// factor that was not listed then is new, whatever time it bears; where that list is not
// recorded its time has to tell.
func (s scope) means(f okta.Factor, listed []string, first time.Time) bool {
	if len(listed) > 0 {
		return slices.Contains(listed, f.ID)
	}
	named := slices.Contains(s.Factors, f.Type) || slices.Contains(s.Factors, f.Type+"@"+f.Provider)
	return named && (first.IsZero() || !f.Created.After(first))
}

// remains reports whether a factor that should be gone is still listed, by the moments of
// Okta's clock at which the first and the last call were made.
func (s scope) remains(factors []okta.Factor, listed []string, first, sent time.Time) bool {
	if !s.some() {
		return old(factors, sent)
	}
	return slices.ContainsFunc(factors, func(f okta.Factor) bool { return s.means(f, listed, first) })
}

// actedAt returns the moment of Okta's clock since which the System Log may tell of what
// was done for a target.
func (s scope) actedAt(p reset.Progress) time.Time {
	if s.some() {
		return p.Began
	}
	return p.Sent.OktaAt
}

// removed returns the types of the factors that went with a reset: those that the System
// Log tells of, or else those of the plan; none where each was named when it was deleted.
func (s scope) removed(t reset.Target, told []string) []string {
	switch {
	case s.some():
		return nil
	case len(told) > 0:
		return told
	}
	return slices.Compact(slices.Sorted(slices.Values(t.Factors)))
}

// forgets reports whether Okta is asked to forget the phone number, too, when a factor is deleted.
func (s scope) forgets(factorType string) bool {
	return s.ForgetPhones && (factorType == "sms" || factorType == "call")
}

// whole returns the outcome of a target whose steps are all done.
func (s scope) whole(t reset.Target) reset.Entry {
	e := reset.Entry{Step: resetOf(t), Outcome: reset.OutcomeReset, Touched: true}
	if t.Read && len(t.Factors) == 0 {
		e.Reason = reset.AlreadyClear
	}
	return e
}
