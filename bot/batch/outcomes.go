package batch

import (
	"sync"

	"factorbot/bot/reset"
)

// queueMost is how many outcomes may wait for the record before workers wait too.
const queueMost = 512

// outcomeWriter records outcomes in groups while the workers go on.
type outcomeWriter struct {
	in     chan reset.Entry
	flushs chan chan error
	wg     sync.WaitGroup
	group  []reset.Entry // what is being written; its room is used again
}

// newOutcomeWriter starts a writer that calls write; an error is passed to failed, once.
func newOutcomeWriter(write func([]reset.Entry) error, failed func(error)) *outcomeWriter {
	w := &outcomeWriter{in: make(chan reset.Entry, queueMost), flushs: make(chan chan error)}
	w.wg.Go(func() { w.run(write, failed) })
	return w
}

func (w *outcomeWriter) put(e reset.Entry) { w.in <- e }

// flush returns when everything put before is durable, or with the first error.
func (w *outcomeWriter) flush() error {
	done := make(chan error)
	w.flushs <- done
	return <-done
}

// close writes what is left and ends the writer. Nothing may be put after it.
func (w *outcomeWriter) close() {
	close(w.in)
	w.wg.Wait()
}

func (w *outcomeWriter) run(write func([]reset.Entry) error, failed func(error)) {
	var broken error
	put := func(entries []reset.Entry) {
		if broken != nil || len(entries) == 0 {
			return
		}
		if broken = write(entries); broken != nil {
			failed(broken)
		}
	}
	for {
		select {
		case e, open := <-w.in:
			if !open {
				return
			}
			put(w.gather(e))
		case done := <-w.flushs:
			put(w.gather())
			done <- broken
		}
	}
}

// gather takes what waits, up to a group's size.
func (w *outcomeWriter) gather(first ...reset.Entry) []reset.Entry {
	w.group = append(w.group[:0], first...)
	for len(w.group) < queueMost {
		select {
		case e, open := <-w.in:
			if !open {
				return w.group
			}
			w.group = append(w.group, e)
		default:
			return w.group
		}
	}
	return w.group
}
