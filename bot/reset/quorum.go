package reset

import "slices"

// Needed is what is still needed before a request is approved.
type Needed struct {
	More   int      // further approvals, by persons whose approval does not count yet
	Groups int      // how many of them must be from the quorums below
	From   []string // names of the quorums one of whose members would bring the request further
}

// StillNeeded returns what is still needed. One person stands for one quorum at
// most, so that one from each of three quorums is always three persons.
func (r *Request) StillNeeded() Needed {
	filled := fill(r.Approved, len(r.Terms.From))
	w := Needed{Groups: len(r.Terms.From) - filled}
	w.More = max(0, w.Groups, r.Terms.Approvals-len(r.Approved))
	if w.Groups == 0 {
		return w
	}
	for q, quorum := range r.Terms.From {
		if fill(append(slices.Clone(r.Approved), Decision{From: []int{q}}), len(r.Terms.From)) > filled {
			w.From = append(w.From, quorum.Name)
		}
	}
	return w
}

// MissingApprovals returns how many approvals are still needed.
func (r *Request) MissingApprovals() int { return r.StillNeeded().More }

// fill returns how many of n quorums the decisions can stand for at once, each
// decision for one: the size of a maximum matching, by augmenting paths (Kuhn).
func fill(decisions []Decision, n int) int {
	holder := make([]int, n) // the decision that counts for a quorum, from 1; 0: none
	var place func(decision int, tried []bool) bool
	place = func(decision int, tried []bool) bool {
		for _, q := range decisions[decision-1].From {
			if q < 0 || q >= n || tried[q] {
				continue
			}
			tried[q] = true
			if holder[q] == 0 || place(holder[q], tried) {
				holder[q] = decision
				return true
			}
		}
		return false
	}
	filled := 0
	for v := range decisions {
		if place(v+1, make([]bool, n)) {
			filled++
		}
	}
	return filled
}
