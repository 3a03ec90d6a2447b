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

// Heads is the record of requests' heads.
type Heads interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error]
	// Update changes a head. If unlessFrozen, the same commit depends on there being no freeze.
	Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error)
	// Watch tells first of every unsettled request, then of each whose head or log moved.
	Watch(ctx context.Context) iter.Seq2[reset.ID, error]
}

// Plans is the record of rosters and plans.
type Plans interface {
	Roster(ctx context.Context, id reset.ID) iter.Seq2[reset.Row, error]
	SavePlan(ctx context.Context, id reset.ID, revision int, targets iter.Seq2[reset.Target, error]) error
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
}

// Journal is the record of steps.
type Journal interface {
	// Start makes started entries durable and takes the claims. It fails as a
	// whole if the head is not r's any more (reset.ErrChanged) or the term is over;
	// for one entry it returns a *reset.ClaimedError or a *reset.ResetSinceError.
	Start(ctx context.Context, r *reset.Request, started ...reset.Entry) ([]error, error)
	Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error
	Log(ctx context.Context, id reset.ID, fromSeq int64) iter.Seq2[reset.Entry, error]
	Users(ctx context.Context, ids ...reset.UserID) iter.Seq2[reset.UserRecord, error]
	// LastNote returns the number of the last note on any user.
	LastNote(ctx context.Context) (int64, error)
}

// Directory answers questions about Okta's users.
type Directory interface {
	Resolve(ctx context.Context, refs []okta.Ref, progress func(done int)) ([]okta.Match, error)
	Factors(ctx context.Context, userID string) ([]okta.Factor, error)
	Roles(ctx context.Context, userID string) ([]string, error)
	Admins(ctx context.Context) (map[string]bool, error)
}

// Caller sends the calls that change something.
type Caller interface {
	Take(ctx context.Context, lane okta.Lane, step okta.Step) (*okta.Slot, error)
	ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, userID string) (okta.Receipt, error)
	FactorsNow(ctx context.Context, s *okta.Slot, userID string) (factors []okta.Factor, asOf time.Time, err error)
	Clock() (offset time.Duration, ok bool)
}

// Groups finds users who were not named one by one.
type Groups interface {
	GroupsByName(ctx context.Context, name string) ([]okta.Group, error)
	GroupMembers(ctx context.Context, groupID string) iter.Seq2[okta.User, error]
	Search(ctx context.Context, expr string) iter.Seq2[okta.User, error]
}

// Remover sends the calls that change less, or more, than all factors.
type Remover interface {
	DeleteFactor(ctx context.Context, s *okta.Slot, asked time.Time, userID, factorID string, forgetPhone bool) (okta.Receipt, error)
	ClearSessions(ctx context.Context, s *okta.Slot, asked time.Time, userID string) (okta.Receipt, error)
}

// SystemLog is Okta's System Log.
type SystemLog interface {
	Me(ctx context.Context) (okta.User, error)
	Events(since time.Time, types ...string) *okta.Events
	Ours(me okta.User, e okta.Event) bool
	Clock() (ahead time.Duration, ok bool)
}

// Lister lists users with their profiles.
type Lister interface {
	List(ctx context.Context, s okta.Selection) iter.Seq2[okta.Listed, error]
	Schema(ctx context.Context) ([]okta.Attribute, error)
}

// Exports keeps the files of exports until they are delivered.
type Exports interface {
	// SaveExport replaces what is kept of a request by what write writes.
	SaveExport(ctx context.Context, id reset.ID, write func(io.Writer) error) error
	DropExport(ctx context.Context, id reset.ID) error
}

// People tells who somebody is, from knowledge at most a minute old.
type People interface {
	// Persons tells of several. One that Slack knows no more is deactivated.
	Persons(ctx context.Context, ids ...reset.Person) ([]policy.Person, error)
	// Approvers lists all that the policy names as approvers, those of break-glass too.
	Approvers(ctx context.Context) ([]policy.Person, error)
	// Handles are the names of the policy's Slack user groups, by ID: "S0123456": "security".
	Handles(ctx context.Context) (map[string]string, error)
}

// Wards tells who is protected beside the administrators. The client for Okta is one.
type Wards interface {
	GroupsOf(ctx context.Context, userID string) ([]okta.Group, error)
	// SuperAdmins is every ACTIVE user who holds SUPER_ADMIN, directly or by a group.
	SuperAdmins(ctx context.Context) ([]okta.User, error)
}

// oktaOf is what the runner asks Okta, as one.
type oktaOf struct {
	Directory
	Wards
	Groups
	SystemLog
}

// planOkta is what the planner asks Okta, as one.
type planOkta struct {
	Directory
	Groups
	Lister
}

// batchOktaOf is what a batch asks Okta, as one.
type batchOktaOf struct {
	Directory
	Caller
	Remover
	log SystemLog
}

// Me is the user that the bot's token is of.
func (o batchOktaOf) Me(ctx context.Context) (okta.User, error) { return o.log.Me(ctx) }

// recordOf is the record, as one.
type recordOf struct {
	Heads
	Plans
	Journal
}

// Herald announces runs to others before they begin.
type Herald interface {
	// Heralded returns when the run of r is announced, or when its start may not
	// wait for that any longer.
	Heralded(ctx context.Context, r *reset.Request)
}

// Runner acts on every unsettled request until its context ends.
type Runner struct {
	Heads      Heads
	Plans      Plans
	Journal    Journal
	Directory  Directory
	Wards      Wards
	Groups     Groups
	Caller     Caller
	Remover    Remover
	SystemLog  SystemLog
	Enrolments Enrolments
	Lister     Lister
	Exports    Exports
	People     People
	Herald     Herald                                              // nil: nobody is told before
	Confirms   func(context.Context, []policy.Person) (int, error) // how many of these can confirm in Okta Verify; nil: nobody knows
	Rules      func() policy.Rules
	Pace       Pace
	Takes      func(r *reset.Request) time.Duration // about how long a run takes by Okta's limits, 0 if that is not known; nil: never known
	Org        string                               // Okta org URL
	Log        *slog.Logger
}

// Pace is what the runner needs of the okta settings.
type Pace = batch.Pace

// Run acts until ctx ends or the term is lost. It returns when everything that
// it started has ended; calls in flight are given a few seconds.
func (r *Runner) Run(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	protected := protection.New(oktaOf{r.Directory, r.Wards, r.Groups, r.SystemLog}, r.Rules, r.Log)
	log := resetlog.New(r.SystemLog, r.Log)
	shared := &shared{
		Runner:    r,
		protected: protected,
		planner: &planner.Planner{
			Confirms: r.Confirms,
			Record:   recordOf{r.Heads, r.Plans, r.Journal}, Okta: planOkta{r.Directory, r.Groups, r.Lister}, People: r.People,
			Protection: protected, Velocity: planner.NewVelocity(r.Heads.Requests, r.Rules), Rules: r.Rules, Takes: r.Takes, Org: r.Org, Log: r.Log,
		},
		batches: batch.Deps{
			Record: recordOf{r.Heads, r.Plans, r.Journal}, Okta: batchOktaOf{r.Directory, r.Caller, r.Remover, r.SystemLog},
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
				drivers[id] = shared.drive(ctx, &wg, id, ended)
			}
		case id := <-moved:
			if d := drivers[id]; d != nil {
				d.nudge()
				continue
			}
			drivers[id] = shared.drive(ctx, &wg, id, ended)
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
	for id, err := range r.Heads.Watch(ctx) {
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

// shared is what all drivers of one run have in common.
type shared struct {
	*Runner
	protected *protection.Lists
	planner   *planner.Planner
	batches   batch.Deps
	fail      context.CancelCauseFunc
}
