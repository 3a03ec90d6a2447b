package pacer

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is a rate-limited server in virtual time, and the one bucket's core
// that paces against it.
type model struct {
	limit     int
	window    time.Duration
	aligned   bool // windows follow one another; else each starts at its first call
	ceil      bool // how the reset header is rounded
	wander    bool // it is what remains, rounded, after a time that is cut off: one window has two ends
	offset    time.Duration
	latency   func() time.Duration
	begin     time.Time // of the present window, by the server's clock
	handled   time.Time // when the last call was
	used      int
	ours      int
	perWindow []int // ours
	refused   int

	others func(part float64) int // how much others have taken by this part of a window; nil: nothing
	taken  int
}

// serve counts one call at a moment of the server's clock.
func (m *model) serve(now time.Time, ours bool) (ok bool, reset int64) {
	if now.Sub(m.begin) >= m.window {
		m.perWindow = append(m.perWindow, m.ours)
		m.ours, m.used, m.taken = 0, 0, 0
		if m.aligned {
			m.begin = m.begin.Add(now.Sub(m.begin).Truncate(m.window))
		} else {
			m.begin = now
		}
	}
	if m.others != nil {
		for want := m.others(now.Sub(m.begin).Seconds() / m.window.Seconds()); m.taken < want && m.used < m.limit; m.taken++ {
			m.used++
		}
	}
	end := m.begin.Add(m.window)
	reset = end.Unix()
	switch {
	case m.wander:
		reset = now.Unix() + int64(math.Ceil(end.Sub(now).Seconds()))
	case m.ceil && end.Nanosecond() > 0:
		reset++
	}
	if m.used >= m.limit {
		if ours {
			m.refused++
		}
		return false, reset
	}
	m.used++
	if ours {
		m.ours++
	}
	return true, reset
}

// flight is an answer on its way.
type flight struct {
	at time.Time
	a  Answer
}

type flights []flight

func (f flights) Len() int           { return len(f) }
func (f flights) Less(i, j int) bool { return f[i].at.Before(f[j].at) }
func (f flights) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)        { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// drive sends calls as fast as the core lets them go, at most places at once.
func drive(m *model, b *bucket, calls, places int) time.Duration {
	start := time.Unix(1800000000, 0)
	now := start
	var air flights
	land := func() {
		f := heap.Pop(&air).(flight)
		now = latest(now, f.at)
		b.pending--
		b.observe("reset", f.a, true)
		if f.a.Throttled {
			calls++
		}
	}
	for calls > 0 || len(air) > 0 {
		if calls == 0 || len(air) >= places {
			land()
			continue
		}
		at, ok := b.ready(now, false)
		if !ok || (len(air) > 0 && air[0].at.Before(latest(at, now))) {
			land()
			continue
		}
		now = latest(now, at)
		b.grant(now)
		calls--
		there, back := m.latency(), m.latency()
		handled := latest(now.Add(there).Add(m.offset), m.handled) // calls on one connection keep their order
		m.handled = handled
		passed, reset := m.serve(handled, true)
		got := handled.Add(-m.offset).Add(back)
		heap.Push(&air, flight{got, Answer{
			Sent: now, Got: got, Date: handled.Truncate(time.Second), Rated: true,
			Limit: m.limit, Remaining: m.limit - m.used, Reset: reset, Throttled: !passed, Served: passed,
		}})
	}
	m.perWindow = append(m.perWindow, m.ours)
	return now.Sub(start)
}

// TestBucket_model: whatever the server's windows, rounding, clock and latency
// are, no window sees more of us than it should, nothing is refused, and the
// work takes little longer than it must.
func TestBucket_model(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reserve := rapid.SampledFrom([]int{0, 20, 50}).Draw(t, "reserve")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		slowest := rapid.IntRange(1, 60).Draw(t, "latency ms")
		m := &model{
			limit:   rapid.IntRange(50, 1200).Draw(t, "limit"),
			window:  time.Duration(rapid.SampledFrom([]int{5, 10, 30, 60}).Draw(t, "window s")) * time.Second,
			aligned: rapid.Bool().Draw(t, "aligned"),
			ceil:    rapid.Bool().Draw(t, "ceil"),
			wander:  rapid.Bool().Draw(t, "wander"),
			offset:  time.Duration(rapid.IntRange(-5000, 5000).Draw(t, "offset ms")) * time.Millisecond,
			latency: func() time.Duration { return time.Duration(1+r.IntN(slowest*1000)) * time.Microsecond },
		}
		m.begin = time.Unix(1800000000, 0).Add(m.offset - time.Duration(rapid.IntRange(0, 4999).Draw(t, "phase ms"))*time.Millisecond)
		b := &bucket{name: "users", reserve: float64(reserve) / 100}
		usable := int(b.reserve*float64(m.limit)*-1) + m.limit
		calls := 12 * usable
		took := drive(m, b, calls, 16)
		if m.refused > 0 {
			t.Errorf("%d refused", m.refused)
		}
		for i, n := range m.perWindow {
			if n > usable+1 {
				t.Errorf("window %d saw %d of our calls, want at most %d", i, n, usable)
			}
		}
		ideal := float64(calls) / float64(usable) * m.window.Seconds()
		if !m.aligned {
			ideal *= 1 + 1/float64(usable) // each window waits for its first call
		}
		if m.wander { // the length of a window is told to a second at best
			ideal *= 1 + 0.5/m.window.Seconds()
		}
		atOnce := float64(calls) / 16 * 2 * float64(slowest) / 1000 // more than 16 places can do
		if most := math.Max(1.06*ideal+1, atOnce); took.Seconds() > most {
			t.Errorf("took %v, ideal %.1f s", took, ideal)
		}
		if b.pending != 0 || b.throttled != int64(m.refused) {
			t.Errorf("books: %d pending, %d throttled of %d", b.pending, b.throttled, m.refused)
		}
	})
}

// TestBucket_others: what other applications take, however they take it, is
// left to them without many refusals, and all of the rest is used.
func TestBucket_others(t *testing.T) {
	patterns := map[string]func(part float64) int{
		"at the start": func(float64) int { return 40 },
		"evenly":       func(part float64) int { return int(40 * part) },
		"in two gulps": func(part float64) int { return 20 * int(1+math.Floor(part*2)) },
		"at mid-term":  func(part float64) int { return 40 * int(math.Floor(part*2)) },
	}
	for name, others := range patterns {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			m := &model{limit: 100, window: 10 * time.Second, aligned: true, others: others, begin: time.Unix(1800000000, 3e8),
				latency: func() time.Duration { return time.Duration(10+r.IntN(30)) * time.Millisecond }}
			m.begin = m.begin.Add(-4 * time.Second)
			took := drive(m, &bucket{}, 2000, 8)
			ideal := 2000.0 / 60 * 10
			t.Logf("took %v, %.3f of the ideal, %d refused", took, took.Seconds()/ideal, m.refused)
			if m.refused > 20 || took.Seconds() > 1.10*ideal {
				t.Errorf("took %v, ideal %.0f s, %d refused", took, ideal, m.refused)
			}
		})
	}
}
