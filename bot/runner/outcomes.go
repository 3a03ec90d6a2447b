package runner

import (
	"sync"

	"factorbot/bot/reset"
)

// outboxSize is how many outcomes may wait for the record before workers wait too.
const outboxSize = 512

// outbox records outcomes in groups while the workers go on.
type outbox struct {
	in     chan reset.Entry
	flushs chan chan error
	wg     sync.WaitGroup
	group  []reset.Entry // what is being written; its room is used again
}

// newOutbox starts an outbox that writes with write; an error is passed to failed, once.
func newOutbox(write func([]reset.Entry) error, failed func(error)) *outbox {
	o := &outbox{in: make(chan reset.Entry, outboxSize), flushs: make(chan chan error)}
	o.wg.Go(func() { o.run(write, failed) })
	return o
}

func (o *outbox) put(e reset.Entry) { o.in <- e }

// flush returns when everything put before is durable, or with the first error.
func (o *outbox) flush() error {
	done := make(chan error)
	o.flushs <- done
	return <-done
}

// close writes what is left and ends the outbox. Nothing may be put after it.
func (o *outbox) close() {
	close(o.in)
	o.wg.Wait()
}

func (o *outbox) run(write func([]reset.Entry) error, failed func(error)) {
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
		case e, open := <-o.in:
			if !open {
				return
			}
			put(o.gather(e))
		case done := <-o.flushs:
			put(o.gather())
			done <- broken
		}
	}
}

// gather takes what waits, up to a group's size.
func (o *outbox) gather(first ...reset.Entry) []reset.Entry {
	o.group = append(o.group[:0], first...)
	for len(o.group) < outboxSize {
		select {
		case e, open := <-o.in:
			if !open {
				return o.group
			}
			o.group = append(o.group, e)
		default:
			return o.group
		}
	}
	return o.group
}
