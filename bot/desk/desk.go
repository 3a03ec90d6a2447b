package desk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
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

// Plans are what the record has of a request beside its head.
type Plans interface {
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
	Log(ctx context.Context, id reset.ID, fromSeq int64) iter.Seq2[reset.Entry, error]
}

// FreezeStore keeps the org-wide freeze.
type FreezeStore interface {
	// Frozen returns the freeze, nil while there is none.
	Frozen(ctx context.Context) (*reset.Freeze, error)
	// Freeze changes it, nil lifts it, in one commit with facts for the org's log. An op takes effect once.
	Freeze(ctx context.Context, op string, change func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error)) (*reset.Freeze, error)
}

// People tells who somebody is. An answer that does not come is an [AwayError].
type People interface {
	// Person tells all that the policy may ask, asked now: the Slack account, its user groups, the Okta account.
	Person(ctx context.Context, id reset.Person) (policy.Person, error)
	// Persons tells the same of several. A person unknown to Slack counts as deactivated.
	Persons(ctx context.Context, ids ...reset.Person) ([]policy.Person, error)
	// Account tells of the Slack account alone, as known for some seconds.
	Account(ctx context.Context, id reset.Person) (policy.Person, error)
	// Member is Account with the user groups.
	Member(ctx context.Context, id reset.Person) (policy.Person, error)
	// Known is Member with the Okta account, where Okta does not answer as known within a day.
	Known(ctx context.Context, id reset.Person) (policy.Person, error)
	// InChannel reports whether a person is a member of a channel, as known for some seconds.
	InChannel(ctx context.Context, c reset.Channel, id reset.Person) (bool, error)
	// Approvers lists everybody that the policy names as an approver, of break-glass too.
	Approvers(ctx context.Context) ([]policy.Person, error)
}

// AwayError says that a service did not answer, so that nothing was done.
type AwayError struct {
	Service string // "Slack", "Okta"
	Err     error
}

func (e *AwayError) Error() string { return e.Service + " does not answer: " + e.Err.Error() }
func (e *AwayError) Unwrap() error { return e.Err }

// Users are those of Okta.
type Users interface {
	// Lead tells which user each reference leads to, "" where that is nobody, or more than one.
	Lead(ctx context.Context, refs []reset.Ref) ([]reset.UserID, error)
}

// Desk serves people's intents. Its methods are safe for concurrent use.
type Desk struct {
	Record  Record
	Plans   Plans
	Freezes FreezeStore
	People  People
	Users   Users
	Rules   func() policy.Rules
	Org     string // Okta org URL
	Log     *slog.Logger
	Now     func() time.Time

	once   sync.Once
	behind chan error // what a freeze or thaw could not do at once

	retrying    sync.Mutex // one at a time looks for retries and opens one
	reconciling sync.Mutex // one at a time pauses or lifts all for a freeze, so that no pause outlives it
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

	Confirmed int   // the number of users that an approver typed; 0: none yet
	Rows      []int // to take out
	Row       int   // of not_me

	// Proof is the answer in Okta Verify that confirms the decision; nil: none was given.
	// It never comes from Slack.
	Proof *reset.StepUp

	// Overtaken reports whether somebody has stopped since what this lets go on; nil: nobody can have.
	Overtaken func() bool
}

// Errors that a person should read in the words of the package that speaks to them.
var (
	// ErrStale refuses a decision that waited too long to be judged: what the person saw may be gone.
	ErrStale = errors.New("the decision waited too long; it must be made again")
	// ErrOvertaken refuses to let go on what was stopped after that was asked for.
	ErrOvertaken = errors.New("it was stopped after that")
	// ErrOldKnowledge refuses an act of a person about which nothing recent is known.
	ErrOldKnowledge = errors.New("what is known of the person is too old")
	// ErrNotFrozen says that there is no freeze to lift.
	ErrNotFrozen = errors.New("nothing is frozen")
	// ErrFrozenAlready says that there is a freeze already.
	ErrFrozenAlready = errors.New("everything is frozen already")
)

// peopleTime bounds how long the desk asks about people for one intent.
const peopleTime = 10 * time.Second

// freshDecision is how old a decision may be when it is judged.
const freshDecision = 2 * time.Minute

// oldest is how old knowledge of a person may be when it is used.
const oldest = time.Minute

// person asks who acts, all that the policy may ask.
func (d *Desk) person(ctx context.Context, in Intent) (policy.Person, error) {
	return d.actor(ctx, in, d.People.Person)
}

// bySlack judges who stops or reads something. Slack's answer is enough where it
// allows that; only where it does not, and the policy names Okta groups, is
// Okta asked, and what was known within a day will do.
func (d *Desk) bySlack(ctx context.Context, in Intent, may func(policy.Person) error) (policy.Person, error) {
	p, err := d.actor(ctx, in, d.People.Member)
	if err != nil {
		return p, err
	}
	refused := may(p)
	if refused == nil || !d.Rules().AsksOkta() {
		return p, refused
	}
	known, err := d.actor(ctx, in, d.People.Known)
	if err != nil {
		return p, err
	}
	return known, may(known)
}

// asker asks who acts, only what the policy asks of requesters.
func (d *Desk) asker(ctx context.Context, in Intent) (policy.Person, error) {
	who := d.People.Account
	if g := d.Rules().Requesters; len(g.Usergroups)+len(g.OktaGroups) > 0 {
		who = d.People.Person
	}
	return d.actor(ctx, in, who)
}

// actor asks who acts. A mismatch of workspaces between what the envelope and
// the account say makes a stranger, and what is known must be recent.
func (d *Desk) actor(ctx context.Context, in Intent, who func(context.Context, reset.Person) (policy.Person, error)) (policy.Person, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	p, err := who(ctx, in.By)
	if err != nil {
		return policy.Person{}, fmt.Errorf("ask who %s is: %w", in.By, err)
	}
	if in.Team != "" && p.Team != "" && in.Team != p.Team {
		p.Stranger = true
	}
	return p, d.recent(p)
}

// recent refuses knowledge that is too old to act on.
func (d *Desk) recent(p policy.Person) error {
	if d.Now().Sub(p.At) > oldest {
		return fmt.Errorf("%s: %w", p.ID, ErrOldKnowledge)
	}
	return nil
}

// late refuses a decision that comes too late to be judged.
func (d *Desk) late(in Intent) error {
	switch {
	case d.Now().Sub(in.askedAt()) > freshDecision:
		return ErrStale
	case in.Overtaken != nil && in.Overtaken():
		return ErrOvertaken
	}
	return nil
}
