package oktasim

import (
	"container/heap"
	"time"
)

// agenda is what the org will do of itself: people who enrol again, effects
// that come late. Earliest first.
type agenda []errand

type errand struct {
	due time.Time // by our clock, not Okta's
	do  func()    // with the lock held
}

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(errand)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = errand{}
	*a = (*a)[:last]
	return e
}

// later does something after a while. The lock is held.
func (o *Org) later(after time.Duration, do func()) {
	heap.Push(&o.schedule, errand{time.Now().Add(after), do})
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// settle does what is due. Everything that reads or changes the org calls it
// first, so that what is due is never seen undone. The lock is held.
func (o *Org) settle() {
	for len(o.schedule) > 0 && !o.schedule[0].due.After(time.Now()) {
		heap.Pop(&o.schedule).(errand).do()
		o.changed()
	}
}

// keepTime does what is due when nobody asks. Without an errand it waits for
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
