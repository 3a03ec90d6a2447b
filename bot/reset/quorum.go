package reset

import "slices"

// Wants is what is still needed before a request is approved.
type Wants struct {
	More   int      // further approvals, by persons whose approval does not count yet
	Groups int      // how many of them must be from the quorums below
	From   []string // names of the quorums one of whose members would bring the request further
}

// None reports whether nothing is needed any more.
func (w Wants) None() bool { return w.More == 0 }

// Wanting returns what is still needed. One person stands for one quorum at
// most, so that one from each of three quorums is always three persons.
func (r *Request) Wanting() Wants {
	filled := fill(r.Approved, len(r.Terms.From))
	w := Wants{Groups: len(r.Terms.From) - filled}
	w.More = max(0, w.Groups, r.Terms.Approvals-len(r.Approved))
	if w.Groups == 0 {
		return w
	}
	for q, quorum := range r.Terms.From {
		if fill(append(slices.Clone(r.Approved), Voice{From: []int{q}}), len(r.Terms.From)) > filled {
			w.From = append(w.From, quorum.Name)
		}
	}
	return w
}

// Missing returns how many approvals are still needed.
func (r *Request) Missing() int { return r.Wanting().More }

// fill returns how many of n quorums the voices can stand for at once, each
// voice for one: the size of a maximum matching, by augmenting paths (Kuhn).
func fill(voices []Voice, n int) int {
	holder := make([]int, n) // the voice that stands for a quorum, from 1; 0: none
	var place func(voice int, tried []bool) bool
	place = func(voice int, tried []bool) bool {
		for _, q := range voices[voice-1].From {
			if q < 0 || q >= n || tried[q] {
				continue
			}
			tried[q] = true
			if holder[q] == 0 || place(holder[q], tried) {
				holder[q] = voice
				return true
			}
		}
		return false
	}
	filled := 0
	for v := range voices {
		if place(v+1, make([]bool, n)) {
			filled++
		}
	}
	return filled
}
