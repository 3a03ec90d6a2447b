package handler

import (
	"context"
	"iter"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// Inbox records what the process that leads is to serve.
type Inbox interface {
	// Receive records an envelope; fresh is false if the key is known already.
	Receive(ctx context.Context, key string, body []byte) (fresh bool, err error)
}

// Values keeps small values by name, for longer than the process lives.
type Values interface {
	PutValue(ctx context.Context, name string, value []byte) error
	Value(ctx context.Context, name string) ([]byte, error)
}

// Desk judges what people ask for and writes it to the record. A refusal is a
// *desk.Refusal or one of the errors of desk and reset.
type Desk interface {
	// MayAsk reports whether the person may make a request in the channel, for this reason.
	MayAsk(ctx context.Context, in desk.Intent, reason string) error
	// Doubt returns what to ask about the columns of a file before a request opens, nil for nothing.
	Doubt(ctx context.Context, ros *roster.Roster) (*roster.Question, error)
	Open(ctx context.Context, in desk.Intent, ask desk.OpenAsk) (*reset.Request, error)
	OpenCommand(ctx context.Context, in desk.Intent, c roster.Command) (*reset.Request, error)
	// Retry opens a request for what another one left undone.
	Retry(ctx context.Context, in desk.Intent) (*reset.Request, error)

	Status(ctx context.Context, in desk.Intent) ([]*reset.Request, error)
	Became(ctx context.Context, in desk.Intent, u roster.UserRef) (all []reset.UserResult, more bool, err error)
	// History reports whether there are more than it returns.
	History(ctx context.Context, in desk.Intent, q desk.HistoryQuery) (all []*reset.Request, more bool, err error)
	WhoAmI(ctx context.Context, in desk.Intent) (reset.Standing, error)

	// MayDecide returns the request and whether the person may decide on the plan that they saw.
	MayDecide(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Approve(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Deny(ctx context.Context, in desk.Intent) (*reset.Request, error)
	TakeOut(ctx context.Context, in desk.Intent) (*reset.Request, error)

	Cancel(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Pause(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Resume(ctx context.Context, in desk.Intent) (*reset.Request, error)
	// Report records that an affected user did not want a reset, and says whether that paused the request.
	Report(ctx context.Context, in desk.Intent) (r *reset.Request, paused bool, err error)

	// Freeze stops everything at once.
	Freeze(ctx context.Context, in desk.Intent) (reset.Freeze, error)
	// Thaw reports whether the freeze is lifted.
	Thaw(ctx context.Context, in desk.Intent) (f reset.Freeze, lifted bool, err error)
}

// Enrolments finds the users who have enrolled again after a request.
type Enrolments interface {
	// Enrolled returns how many users were reset, and when those who have enrolled a factor since did so.
	Enrolled(ctx context.Context, id reset.ID) (of int, again []time.Time, err error)
}

// AuditTrail has the ends of the audit trail's hash chains.
type AuditTrail interface {
	Heads(ctx context.Context, id reset.ID) (view.AuditHeads, error)
}

// Requests reads requests and their plans, which modals show.
type Requests interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
}
