package desk

import (
	"context"
	"errors"
	"iter"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Record is where requests are kept. Every update is one commit with its facts;
// an op takes effect once, however often it is given.
type Record interface {
	Create(ctx context.Context, op string, r *reset.Request, rows iter.Seq[reset.Row], facts ...reset.Fact) (*reset.Request, error)
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error]
	// Update changes a head. If unlessFrozen, the same commit depends on there being no freeze.
	Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change Change) (*reset.Request, error)
}

// Change is a pure change of a request's head, with the facts that tell of it. It may run twice.
type Change = func(*reset.Request) ([]reset.Fact, error)

// People tells who somebody is, from knowledge at most a minute old.
type People interface {
	Person(ctx context.Context, id reset.Person) (policy.Person, error)
}

// Desk serves people's intents. Its methods are safe for concurrent use.
type Desk struct {
	Record Record
	People People
	Rules  func() policy.Rules
	Org    string // Okta org URL
	Now    func() time.Time
}

// Intent is what a person wants, taken from one envelope of Slack's.
type Intent struct {
	Op      string // key of the envelope: it takes effect once
	By      reset.Person
	Team    string // the person's workspace, as the envelope says
	Channel reset.Channel
	Asked   time.Time // when Slack says it was pressed, else when it was received
	Request reset.ID
	Digest  reset.Digest // of the plan that the person saw, or its first 12 hex digits
	Why     string
}

// Errors that a person should read in the words of the package that speaks to them.
var (
	// ErrStale refuses a decision that waited too long to be judged: what the person saw may be gone.
	ErrStale = errors.New("the decision waited too long; it must be made again")
	// ErrNoPerson says that Slack knows nobody by this ID.
	ErrNoPerson = errors.New("no such person")
)

// peopleTime bounds how long the desk asks about people for one intent.
const peopleTime = 10 * time.Second

// freshDecision is how old a decision may be when it is judged.
const freshDecision = 2 * time.Minute

// person asks who acts, and refuses a mismatch of workspaces between what the envelope and the account say.
func (d *Desk) person(ctx context.Context, in Intent) (policy.Person, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	p, err := d.People.Person(ctx, in.By)
	if err != nil {
		return policy.Person{}, err
	}
	if in.Team != "" && p.Team != "" && in.Team != p.Team {
		p.Stranger = true
	}
	return p, nil
}

func (d *Desk) stale(in Intent) bool { return d.Now().Sub(in.Asked) > freshDecision }
