package oktasim

import (
	"slices"
	"time"
)

// task is something that the org will do of itself: people who enrol again,
// effects that come late, events that reach the log.
type task struct {
	due time.Time // by our clock, not Okta's
	do  func()    // with the lock held
}

// later does something after a while. The lock is held.
func (o *Org) later(after time.Duration, do func()) {
	e := task{time.Now().Add(after), do}
	at, _ := slices.BinarySearchFunc(o.schedule, e.due, func(x task, due time.Time) int {
		if x.due.After(due) {
			return 1
		}
		return -1 // of two at once the first stays first
	})
	o.schedule = slices.Insert(o.schedule, at, e)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// settle does what is due. Everything that reads or changes the org calls it
// first, so that what is due is never seen undone. The lock is held.
func (o *Org) settle() {
	for len(o.schedule) > 0 && !o.schedule[0].due.After(time.Now()) {
		next := o.schedule[0]
		o.schedule[0] = task{}
		o.schedule = o.schedule[1:]
		next.do()
		o.changed()
	}
}

// keepTime does what is due when nobody asks. Without a task it waits for
// one, not for a time: in a synctest bubble a timer would keep the clock going.
func (o *Org) keepTime() {
	for {
		o.mu.Lock()
		o.settle()
		var due <-chan time.Time
		if len(o.schedule) > 0 {
			due = time.After(time.Until(o.schedule[0].due))
		}
		o.mu.Unlock()
		select {
		case <-o.done:
			return
		case <-o.wake:
		case <-due:
		}
	}
}
