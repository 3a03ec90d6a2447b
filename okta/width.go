package okta

import "sync"

// Sizes of a search expression. Okta publishes no maximum. A request line over
// 8 kB is refused by many servers and proxies.
const (
	firstWidth = 20
	mostWidth  = 200  // a page holds as many users
	mostExpr   = 6500 // bytes, escaped
)

// searchWidth learns how many terms Okta takes in one search: grown while it
// accepts them, then searched between the last accepted and the first refused.
type searchWidth struct {
	mu       sync.Mutex
	accepted int
	refused  int // 0: none yet
}

func newSearchWidth() *searchWidth { return &searchWidth{} }

// renew forgets a width under the first: whatever made it so small, long
// values or a bad hour of Okta's, need not last.
func (w *searchWidth) renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused != 0 && w.accepted < firstWidth {
		w.accepted, w.refused = 0, 0
	}
}

// next is how many terms to try, and whether that is settled.
func (w *searchWidth) next() (terms int, settled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.accepted == 0 && w.refused == 0:
		return firstWidth, false
	case w.refused == 0:
		return min(2*w.accepted, mostWidth), w.accepted >= mostWidth
	case w.refused-w.accepted <= max(w.accepted/16, 1):
		return max(w.accepted, 1), true
	}
	return max((w.accepted+w.refused)/2, 1), false
}

// most is an upper bound of what may still turn out to be accepted.
func (w *searchWidth) most() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 {
		return mostWidth
	}
	return max(w.refused-1, 1)
}

func (w *searchWidth) accept(terms int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted = max(w.accepted, terms)
	if w.refused != 0 && w.refused <= w.accepted {
		w.refused = w.accepted + 1
	}
}

// refuse also takes back what seemed accepted: longer values count for more.
func (w *searchWidth) refuse(terms int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 || terms < w.refused {
		w.refused = max(terms, 1)
	}
	if w.accepted >= w.refused {
		w.accepted = w.refused / 2
	}
}
