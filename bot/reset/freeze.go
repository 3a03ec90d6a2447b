package reset

import (
	"slices"
	"time"
)

// Freeze is the org-wide stop. While it is set nothing starts, nothing is
// approved or resumed and no new request is taken.
type Freeze struct {
	By    Person     `json:"by"`
	At    time.Time  `json:"at"`
	Why   string     `json:"why,omitempty"`
	Thaws []Decision `json:"thaws,omitempty"` // approvers who want it lifted
}

// Thaw counts one approver's wish to lift the freeze, and reports whether it is
// lifted: by two different persons, or by one where only one is configured. A
// second wish of the same person does not count: ErrAlreadyCounted.
func (f *Freeze) Thaw(v Decision, approvers int, now time.Time) (lifted bool, err error) {
	if slices.ContainsFunc(f.Thaws, func(have Decision) bool { return v.is(have.By, have.Okta) }) {
		return false, ErrAlreadyCounted
	}
	v.At = now
	f.Thaws = append(f.Thaws, v)
	return f.StillNeeded(approvers) == 0, nil
}

// StillNeeded returns how many more approvers must want the freeze lifted.
func (f *Freeze) StillNeeded(approvers int) int {
	return max(0, min(2, max(1, approvers))-len(f.Thaws))
}

// FrozenFact tells the org's log of a freeze.
func (f *Freeze) FrozenFact() Fact { return fact("frozen", f.By, f.At, "why", f.Why) }

// ThawedFact tells the org's log that an approver wants the freeze lifted, or that it is.
func (f *Freeze) ThawedFact(v Decision, lifted bool, now time.Time) Fact {
	name := "thaw_asked"
	if lifted {
		name = "thawed"
	}
	return fact(name, v.By, now, "okta", string(v.Okta), "login", v.Login).ConfirmedBy(v.StepUp)
}
