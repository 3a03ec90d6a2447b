package slacksim

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Faults say how often the Web API fails, and how. Shares are 0..1 of the calls.
type Faults struct {
	RateLimited  float64  `json:"slack_rate_limited"`  // 429 with Retry-After, before anything is done
	RetryAfter   int      `json:"slack_retry_after"`   // seconds; default 1
	ServerErrors float64  `json:"slack_5xx"`           // 503 before anything is done
	Internal     float64  `json:"slack_internal"`      // ok:false internal_error, before anything is done
	LostAnswers  float64  `json:"slack_lost_answers"`  // done, and the connection closed without an answer
	Hang         float64  `json:"slack_hang"`          // no answer until a setting changes, then the connection closes; nothing is done
	Duplicates   float64  `json:"slack_duplicates"`    // share of envelopes that come on two sockets
	Methods      []string `json:"slack_fault_methods"` // only these; none: every method
	Down         bool     `json:"slack_down"`          // no call is answered, no socket opens or stays
}

// FailNext makes the next calls of one method fail.
type FailNext struct {
	Method string `json:"method"`
	Kind   string `json:"kind"` // rate_limited, 5xx, internal, lost, hang
	Times  int    `json:"times"`
}

// fault is what happens to one call.
type fault string

const (
	faultNone     fault = ""
	faultLimited  fault = "rate_limited"
	fault5xx      fault = "5xx"
	faultInternal fault = "internal"
	faultLost     fault = "lost"
	faultHang     fault = "hang"
	faultDown     fault = "down"
)

// failure is a fault with the seconds of its Retry-After, and what ends a call
// that hangs.
type failure struct {
	fault
	retryAfter int
	mended     <-chan struct{} // closed by the next Set
	closed     <-chan struct{} // closed by Close
}

// fault decides what happens to the next call of a method.
func (w *Workspace) fault(method string) failure {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.books.Tried[method]++
	f := failure{w.chooseFault(method), max(1, w.settings.RetryAfter), w.mended, w.ctx.Done()}
	if f.fault == faultInternal && !strings.Contains(method, ".") {
		f.fault = fault5xx // an address of a file or of an answer is no method, and has no error codes
	}
	if f.fault != faultNone {
		w.books.Faults[string(f.fault)]++
	}
	return f
}

func (w *Workspace) chooseFault(method string) fault {
	s := &w.settings
	if s.Down {
		return faultDown
	}
	for i := range s.FailNext {
		if n := &s.FailNext[i]; n.Method == method && n.Times > 0 {
			n.Times--
			return fault(n.Kind)
		}
	}
	if s.Methods != nil && !slices.Contains(s.Methods, method) {
		return faultNone
	}
	at := rand.Float64()
	for _, f := range s.shares() {
		if at < f.share {
			return f.kind
		}
		at -= f.share
	}
	return faultNone
}

// faultShare is how many of the calls meet a fault, and the setting that says so.
type faultShare struct {
	kind  fault
	key   string
	share float64
}

func (f *Faults) shares() []faultShare {
	return []faultShare{
		{faultLimited, "slack_rate_limited", f.RateLimited}, {fault5xx, "slack_5xx", f.ServerErrors},
		{faultInternal, "slack_internal", f.Internal}, {faultLost, "slack_lost_answers", f.LostAnswers},
		{faultHang, "slack_hang", f.Hang},
	}
}

// before answers a call that fails before anything is done.
func (f failure) before(rw http.ResponseWriter, r *http.Request) bool {
	switch f.fault {
	case faultHang:
		select {
		case <-r.Context().Done(): // the caller has given up
		case <-f.mended:
		case <-f.closed:
		}
		hangUp(rw)
	case faultLimited:
		rw.Header().Set("Retry-After", strconv.Itoa(f.retryAfter))
		writeJSON(rw, http.StatusTooManyRequests, object{"ok": false, "error": "ratelimited"})
	case fault5xx, faultDown:
		http.Error(rw, "service unavailable", http.StatusServiceUnavailable)
	case faultInternal:
		writeJSON(rw, http.StatusOK, object{"ok": false, "error": "internal_error"})
	default:
		return false
	}
	return true
}

// hangUp closes the connection without an answer.
func hangUp(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		http.Error(rw, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	_ = conn.Close()
}
