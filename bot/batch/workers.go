package batch

import (
	"context"
	"iter"

	"factorbot/bot/reset"
)

// runEach lets act handle each of the targets, as many at once as atOnce says by then, at
// least one. It takes no more when ctx ends, and returns when all are handled that it took.
func runEach(ctx context.Context, targets iter.Seq[reset.Target], atOnce func() int, act func(reset.Target)) {
	running, handled := 0, make(chan struct{})
	for t := range targets {
		for running > 0 && running >= atOnce() {
			<-handled
			running--
		}
		if ctx.Err() != nil {
			break
		}
		running++
		go func() {
			act(t)
			handled <- struct{}{}
		}()
	}
	for ; running > 0; running-- {
		<-handled
	}
}
