package reset

import (
	"slices"
	"time"
)

// Freeze is the org-wide stop. While it is set nothing starts, nothing is
// approved or resumed and no new request is taken.
type Freeze struct {
	By    Person    `json:"by"`
	At    time.Time `json:"at"`
	Why   string    `json:"why,omitempty"`
	Thaws []Person  `json:"thaws,omitempty"` // approvers who want it lifted
}

// Thaw counts one approver's wish to lift the freeze, and reports whether it is
// lifted: by two different approvers, or by one where there is only one.
func (f *Freeze) Thaw(by Person, approvers int) bool {
	if !slices.Contains(f.Thaws, by) {
		f.Thaws = append(f.Thaws, by)
	}
	return len(f.Thaws) >= min(2, max(1, approvers))
}
