package store

import (
	"runtime"
	"time"
)

// A commit costs two fsyncs and a copy of every page that it touches, whatever it
// takes along, so whoever has the turn lets company come first.
const (
	// gatherYields is how often it yields before it looks who waits. Those whom the
	// last commit answered come back at once with what they do next; without the
	// yields half of them would miss the group. Measured with ten workers: 3.7
	// transactions for ten users without, 2.3 with.
	gatherYields = 30
	// crowdedLines is how many lines of the last commit show that so many write that
	// the next should wait for more of them: eight calls at once, each with its
	// outcome and the next one's start, are fewer, and nobody waits for those.
	crowdedLines = 24
	// gatherLines is how many lines are company enough, and gatherMost how long they
	// are waited for: nothing beside the 2 s that a call may leave after its record.
	gatherLines = 64
	gatherMost  = 5 * time.Millisecond
)

// wait puts an ask among those who wait for whoever has the turn.
func (j *journal) wait(a *ask) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(j.waiting, a)
	j.lines += len(a.lines)
	if j.enough != nil && j.lines >= gatherLines {
		close(j.enough)
		j.enough = nil
	}
}

// gather lets others come before the next commit. The turn is held.
func (j *journal) gather() {
	if !j.crowded {
		for range gatherYields {
			runtime.Gosched()
		}
		return
	}
	enough := make(chan struct{})
	j.mu.Lock()
	if j.lines >= gatherLines {
		j.mu.Unlock()
		return
	}
	j.enough = enough
	j.mu.Unlock()
	timer := time.NewTimer(gatherMost)
	defer timer.Stop()
	select {
	case <-enough:
	case <-timer.C:
		j.mu.Lock()
		j.enough = nil
		j.mu.Unlock()
	}
}

func linesOf(asks []*ask) int {
	n := 0
	for _, a := range asks {
		n += len(a.lines)
	}
	return n
}
