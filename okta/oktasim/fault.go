package oktasim

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// Fault is a way in which a call goes wrong. Before and after mean: without
// and with the call's effect.
type Fault string

// The faults, by the names that the fault_kinds setting takes.
const (
	ErrorBefore Fault = "error_before" // 500 E0000009
	ErrorAfter  Fault = "error_after"
	DropBefore  Fault = "drop_before" // connection closed without an answer
	DropAfter   Fault = "drop_after"
	CutOff      Fault = "cut_off"     // effect, then half an answer
	Gateway     Fault = "gateway"     // 502 with an HTML page, no effect
	Unavailable Fault = "unavailable" // 503 E0000010, no effect
	Nothing     Fault = "nothing"     // a write answers as if done, and does nothing
	Late        Fault = "late"        // connection closed, the effect comes after late_by
	Slow        Fault = "slow"        // answers after late_by
	Part        Fault = "part"        // 500 E0000009; of the factors of a reset only the first is removed, and logged
	Edge        Fault = "edge"        // 404 of what stands before Okta, without an error code, no effect

	// StaleCursor is met by next pages only, and by [Org.FailNext] only: Okta no
	// longer knows their cursor.
	StaleCursor Fault = "stale_cursor"
)

// faultKinds are all of them, in the order in which shares are drawn.
var faultKinds = []Fault{ErrorBefore, ErrorAfter, DropBefore, DropAfter, CutOff, Gateway, Unavailable, Nothing, Late, Slow, Edge, Part}

// onWritesOnly tells that the fault means nothing to a call that changes nothing.
func (f Fault) onWritesOnly() bool { return f == Nothing || f == Late || f == Part }

// planned is a fault that a test has asked for.
type planned struct {
	method, path string // exact method, end of the path; "": any
	fault        Fault
	times        int
}

// FailNext makes the next calls with this method and a path that ends so meet
// the fault, before any chance is drawn. An empty method or path is any.
func (o *Org) FailNext(method, path string, fault Fault, times int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.planned = append(o.planned, planned{method, path, fault, times})
}

// drawFault decides what happens to a call; "" is nothing. next says that it is for a next page.
func (o *Org) drawFault(method, path string, next bool) Fault {
	for i := range o.planned {
		p := &o.planned[i]
		if (p.method == "" || p.method == method) && strings.HasSuffix(path, p.path) && (p.fault != StaleCursor || next) {
			fault := p.fault
			if p.times--; p.times <= 0 {
				o.planned = slices.Delete(o.planned, i, i+1)
			}
			return fault
		}
	}
	write := method != http.MethodGet
	if o.set.Faults <= 0 || o.rng.Float64() >= o.set.Faults ||
		o.set.FaultsOn == "writes" && !write || o.set.FaultsOn == "reads" && write {
		return ""
	}
	return o.set.FaultKinds.draw(o.rng, write)
}

// faultMix is how much of the faults each kind has; no kind at all stands for
// errors and drops, before and after, alike.
type faultMix map[Fault]float64

func (m faultMix) draw(rng *rand.Rand, write bool) Fault {
	if len(m) == 0 {
		m = faultMix{ErrorBefore: 1, ErrorAfter: 1, DropBefore: 1, DropAfter: 1}
	}
	var sum float64
	for _, kind := range faultKinds {
		sum += m[kind]
	}
	at := rng.Float64() * sum
	for _, kind := range faultKinds {
		if at -= m[kind]; at < 0 {
			if kind.onWritesOnly() && !write {
				return ErrorBefore
			}
			return kind
		}
	}
	return ""
}
