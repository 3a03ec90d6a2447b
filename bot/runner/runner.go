package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/planner"
	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/bot/resetlog"
	"factorbot/okta"
)

// Record is the record of requests, as the runner and what it calls need it.
type Record interface {
	planner.Record
	batch.Record
	// Watch tells first of every unsettled request, then of each whose head or log moved.
	Watch(ctx context.Context) iter.Seq2[reset.ID, error]
	// SaveExport replaces what is kept of a request's file by what write writes.
	SaveExport(ctx context.Context, id reset.ID, write func(io.Writer) error) error
	DropExport(ctx context.Context, id reset.ID) error
}

// Okta is what the runner and what it calls ask of Okta. The client for Okta is one.
type Okta interface {
	planner.Okta
	protection.Okta
	batch.Okta
	resetlog.Okta
	// EnrolledSince tells who has enrolled a factor, each user from a moment of Okta's clock on.
	EnrolledSince(ctx context.Context, since map[string]time.Time) (map[string]okta.Enrolment, error)
}

// People tells who somebody is.
type People = planner.People

// Announcement announces runs to others before they begin.
type Announcement interface {
	// WaitAnnounced returns when the run of r is announced, or when its start may not
	// wait for that any longer.
	WaitAnnounced(ctx context.Context, r *reset.Request)
}

// Runner acts on every unsettled request until its context ends.
type Runner struct {
	Record   Record
	Okta     Okta
	People   People
	Announce Announcement                                        // nil: nobody is told before
	Confirms func(context.Context, []policy.Person) (int, error) // how many of these can confirm in Okta Verify; nil: nobody knows
	Rules    func() policy.Rules
	Pace     Pace
	Takes    func(r *reset.Request) time.Duration // about how long a run takes by Okta's limits, 0 if that is not known; nil: never known
	Org      string                               // Okta org URL
	Log      *slog.Logger
}

// Pace is what the runner needs of the okta settings.
type Pace = batch.Pace

// Run acts until ctx ends or the term is lost. It returns when everything that
// it started has ended; calls in flight are given a few seconds.
func (r *Runner) Run(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	protected := protection.New(r.Okta, r.Rules, r.Log)
	log := resetlog.New(r.Okta, r.Log)
	deps := &driverDeps{
		Runner:    r,
		protected: protected,
		planner: &planner.Planner{
			Confirms: r.Confirms,
			Record:   r.Record, Okta: r.Okta, People: r.People,
			Protection: protected, Velocity: planner.NewVelocity(r.Record.Requests, r.Rules), Rules: r.Rules, Takes: r.Takes, Org: r.Org, Log: r.Log,
		},
		batches: batch.Deps{
			Record: r.Record, Okta: r.Okta,
			Protection: protected, ResetLog: log, Rules: r.Rules, Pace: r.Pace, Began: began, Log: r.Log,
		},
		fail: cancel,
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { log.Run(ctx) })
	wg.Go(func() { protected.Run(ctx) })

	drivers := map[reset.ID]*driver{}
	ended := make(chan reset.ID)
	moved := make(chan reset.ID)
	wg.Go(func() { r.watch(ctx, moved, cancel) })
	for {
		select {
		case <-ctx.Done():
			return drain(ctx, drivers, ended)
		case id := <-ended:
			again := drivers[id].missed
			delete(drivers, id)
			if again {
				drivers[id] = deps.drive(ctx, &wg, id, ended)
			}
		case id := <-moved:
			if d := drivers[id]; d != nil {
				d.nudge()
				continue
			}
			drivers[id] = deps.drive(ctx, &wg, id, ended)
		}
	}
}

// drain waits for the drivers and says why the runner ended: nil if it was told to.
func drain(ctx context.Context, drivers map[reset.ID]*driver, ended <-chan reset.ID) error {
	for len(drivers) > 0 {
		delete(drivers, <-ended)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("run requests: %w", cause)
	}
	return nil
}

// watch passes on which requests moved. A broken watch ends the runner.
func (r *Runner) watch(ctx context.Context, moved chan<- reset.ID, fail context.CancelCauseFunc) {
	for id, err := range r.Record.Watch(ctx) {
		if err != nil {
			fail(fmt.Errorf("watch requests: %w", err))
			return
		}
		select {
		case moved <- id:
		case <-ctx.Done():
			return
		}
	}
}

// driverDeps is what the drivers of one run have in common.
type driverDeps struct {
	*Runner
	protected *protection.Lists
	planner   *planner.Planner
	batches   batch.Deps
	fail      context.CancelCauseFunc
}
