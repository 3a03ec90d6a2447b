package planner

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// PeopleTime bounds how long is asked about people at once.
const PeopleTime = 10 * time.Second

// Record is the record of requests, rosters, plans and users.
type Record interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error]
	Roster(ctx context.Context, id reset.ID) iter.Seq2[reset.Row, error]
	SavePlan(ctx context.Context, id reset.ID, revision int, targets iter.Seq2[reset.Target, error]) error
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	Log(ctx context.Context, id reset.ID, fromSeq int64) iter.Seq2[reset.Entry, error]
	Users(ctx context.Context, ids ...reset.UserID) iter.Seq2[reset.UserRecord, error]
	LastNote(ctx context.Context) (int64, error)
}

// Okta answers questions about users, groups and their attributes.
type Okta interface {
	Resolve(ctx context.Context, refs []okta.Ref, progress func(done int)) ([]okta.Match, error)
	Factors(ctx context.Context, userID string) ([]okta.Factor, error)
	GroupsByName(ctx context.Context, name string) ([]okta.Group, error)
	GroupMembers(ctx context.Context, groupID string) iter.Seq2[okta.User, error]
	Search(ctx context.Context, expr string) iter.Seq2[okta.User, error]
	List(ctx context.Context, s okta.Selection) iter.Seq2[okta.Listed, error]
	Schema(ctx context.Context) ([]okta.Attribute, error)
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

// Planner makes plans.
type Planner struct {
	Record     Record
	Okta       Okta
	People     People
	Protection *protection.Lists
	Velocity   *Velocity
	Rules      func() policy.Rules
	Takes      func(r *reset.Request) time.Duration                // about how long a run takes by Okta's limits, 0 if that is not known; nil: never known
	Confirms   func(context.Context, []policy.Person) (int, error) // how many of these can confirm in Okta Verify; nil: nobody knows
	Org        string                                              // Okta org URL
	Log        *slog.Logger
}

// takes is about how long a run of the plan takes, 0 if that is not known or nobody is reset.
func (p *Planner) takes(r *reset.Request, plan reset.Plan) time.Duration {
	if p.Takes == nil || plan.Resets == 0 || r.Asked.Options.DryRun {
		return 0
	}
	frozen := *r
	frozen.Plan = plan
	return p.Takes(&frozen)
}

// Result is a frozen plan with its terms.
type Result struct {
	Plan  reset.Plan
	Terms reset.Terms
}

// planning is the making of one plan.
type planning struct {
	*Planner
	id reset.ID
}

// inLane is urgent for as few users as somebody waits for.
func (pl *planning) inLane(ctx context.Context, users int) context.Context {
	if users <= policy.Few {
		return okta.WithLane(ctx, okta.Urgent)
	}
	return okta.WithLane(ctx, okta.Lane(pl.id))
}
