// Package width finds how many terms one search may have.
package width

import "sync"

const (
	first = 20

	// Most is the most terms of a search: a page holds as many users.
	Most = 200
)

// Search learns how many terms Okta takes in one search: grown while it
// accepts them, then searched between the last accepted and the first refused.
type Search struct {
	mu       sync.Mutex
	accepted int
	refused  int // 0: none yet
}

// Renew forgets a width under the first: whatever made it so small, long
// values or a bad hour of Okta's, need not last.
func (w *Search) Renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused != 0 && w.accepted < first {
		w.accepted, w.refused = 0, 0
	}
}

// Next is how many terms to try, and whether that is settled.
func (w *Search) Next() (terms int, settled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.accepted == 0 && w.refused == 0:
		return first, false
	case w.refused == 0:
		return min(2*w.accepted, Most), w.accepted >= Most
	case w.refused-w.accepted <= max(w.accepted/16, 1):
		return max(w.accepted, 1), true
	}
	return max((w.accepted+w.refused)/2, 1), false
}

// Most is an upper bound of what may still turn out to be accepted.
func (w *Search) Most() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 {
		return Most
	}
	return max(w.refused-1, 1)
}

func (w *Search) Accept(terms int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted = max(w.accepted, terms)
	if w.refused != 0 && w.refused <= w.accepted {
		w.refused = w.accepted + 1
	}
}

// Refuse also takes back what seemed accepted: longer values count for more.
func (w *Search) Refuse(terms int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 || terms < w.refused {
		w.refused = max(terms, 1)
	}
	if w.accepted >= w.refused {
		w.accepted = w.refused / 2
	}
}
