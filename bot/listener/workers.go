package listener

import (
	"sync"
	"sync/atomic"

	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/workqueue"
)

// workers serve what was recorded. What only stops something has its own workers and waits
// for nothing else; what takes long has its own too, so that it delays nothing else.
type workers struct {
	stops *workqueue.Queue // pause, cancel, freeze, deny, "That wasn't me"
	slow  *workqueue.Queue // downloads, and the search for users who have enrolled again
	usual *workqueue.Queue
}

func newWorkers() workers {
	return workers{stops: workqueue.New(16), slow: workqueue.New(8), usual: workqueue.New(8)}
}

func (w workers) wait() {
	w.stops.Wait()
	w.slow.Wait()
	w.usual.Wait()
}

// queueFor returns the queue of the workers that serve a task.
func (w workers) queueFor(t event.Task) *workqueue.Queue {
	switch {
	case t.Stops:
		return w.stops
	case t.Slow:
		return w.slow
	}
	return w.usual
}

// overtaking keeps resumes and thaws from undoing a stop that was asked for later and
// served earlier: stops do not wait for them.
type overtaking struct {
	mu      sync.Mutex
	waiting map[string]*start // by the event's key, until it is served
}

// start is a resume or thaw that is waiting, or being judged.
type start struct {
	event.Task
	by        reset.Person
	overtaken atomic.Bool
}

func newOvertaking() *overtaking { return &overtaking{waiting: map[string]*start{}} }

// enter notes a start and returns what tells whether it is overtaken. A stop
// overtakes at once what the same person wanted before.
func (o *overtaking) enter(e *event.Event, t event.Task) (overtaken func() bool) {
	if t.Stops {
		o.stopped(t, func(s *start) bool { return s.by == e.By })
	}
	if !t.Starts {
		return nil
	}
	s := &start{Task: t, by: e.By}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[e.Key] = s
	return s.overtaken.Load
}

func (o *overtaking) leave(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting, key)
}

// tookEffect notes that a stop took effect: no start that was waiting then undoes it.
func (o *overtaking) tookEffect(t event.Task) { o.stopped(t, func(*start) bool { return true }) }

// stopped tells the starts of what was stopped, as far as they match.
func (o *overtaking) stopped(t event.Task, match func(*start) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.waiting {
		if t.Overtakes(s.Task) && match(s) {
			s.overtaken.Store(true)
		}
	}
}
