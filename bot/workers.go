package bot

import (
	"sync"
	"sync/atomic"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// workers serve what was recorded. What only stops something has workers of its
// own and waits for nothing else; so has what takes long, so that it keeps nobody waiting.
type workers struct {
	stops *workqueue.Queue // pause, cancel, freeze, deny, "That wasn't me"
	slow  *workqueue.Queue // downloads, and who has enrolled again
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

// task is what an arrival asks for, as far as that decides who serves it.
type task struct {
	request reset.ID    // "" where it is about none, or about all
	verb    roster.Verb // "" where it is none of these
	stops   bool        // it only stops something
	starts  bool        // it lets something go on that was stopped
	slow    bool
	lane    string // tasks of one lane are served in order
}

// task reads off an arrival what it asks for.
func (a *arrival) task() task {
	t := task{lane: a.key}
	switch a.Kind {
	case kindUpload:
		t.slow = true // its download may be
	case kindClick:
		t.request, _, _ = view.ParseValue(a.Value)
		t.stops = a.Action == view.ActionPause || a.Action == view.ActionCancel
		t.starts = a.Action == view.ActionResume
		if a.Action == view.ActionNotMe {
			t.request, _, _ = view.ParseRowValue(a.Value)
			t.stops = true
		}
		t.slow = a.Action == view.ActionChooseColumn // the file is downloaded again
		if !t.slow {
			t.lane = string(a.By)
		}
	case kindSubmission:
		t.stops = a.Callback == view.DenyCallback
		t.slow = a.Callback == view.ReasonCallback || len(a.Fields[view.FieldFile].Files) > 0
	case kindCommand:
		t = a.commandTask()
	}
	if t.request != "" && !t.slow {
		t.lane = string(t.request)
	}
	return t
}

// commandTask orders the commands about a request with each other, and those
// of a person that open requests; the others wait for nobody.
func (a *arrival) commandTask() task {
	c, err := roster.ParseCommand(a.Text)
	if err != nil {
		return task{lane: a.key}
	}
	t := task{verb: c.Verb, lane: a.key}
	switch c.Verb {
	case roster.VerbPause, roster.VerbCancel, roster.VerbFreeze:
		t.stops = true
	case roster.VerbResume, roster.VerbThaw:
		t.starts = true
	case roster.VerbRetry:
	case roster.VerbEnrolled:
		t.slow = true
	case roster.VerbReset, roster.VerbDryRun, roster.VerbBreakGlass, roster.VerbExport:
		t.lane = string(a.By)
		return t
	default:
		return t
	}
	if id, err := named(c); err == nil {
		t.request = id
	}
	return t
}

// lanesOf returns the workers that serve a task.
func (w workers) lanesOf(t task) *workqueue.Queue {
	switch {
	case t.stops:
		return w.stops
	case t.slow:
		return w.slow
	}
	return w.usual
}

// overtaking lets a stop count that is served before a resume or thaw which was
// asked for earlier: stops do not wait for those, and must not be undone by them.
type overtaking struct {
	mu      sync.Mutex
	waiting map[string]*start // by the arrival's key, until it is served
}

// start is a resume or thaw that is waiting, or being judged.
type start struct {
	task
	by        reset.Person
	overtaken atomic.Bool
}

func newOvertaking() *overtaking { return &overtaking{waiting: map[string]*start{}} }

// enter notes a start and returns what tells whether it is overtaken. A stop
// overtakes at once what the same person wanted before.
func (o *overtaking) enter(a *arrival, t task) (overtaken func() bool) {
	if t.stops {
		o.stopped(t, func(s *start) bool { return s.by == a.By })
	}
	if !t.starts {
		return nil
	}
	s := &start{task: t, by: a.By}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[a.key] = s
	return s.overtaken.Load
}

func (o *overtaking) leave(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting, key)
}

// stopped tells the starts of what was stopped, a freeze stops all, as far as they match.
func (o *overtaking) stopped(t task, match func(*start) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.waiting {
		if (t.verb == roster.VerbFreeze || t.request != "" && s.request == t.request) && match(s) {
			s.overtaken.Store(true)
		}
	}
}

// tookEffect notes that a stop took effect: no start that was waiting then undoes it.
func (l *listening) tookEffect(a *arrival) {
	if t := a.task(); t.stops {
		l.overtaking.stopped(t, func(*start) bool { return true })
	}
}
