package bot

import (
	"context"
	"iter"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// Envelope is one entry of the inbox.
type Envelope struct {
	Key  string    // what makes it one: a second envelope with this key is the same
	Body []byte    // JSON of an arrival
	At   time.Time // when it was received
}

// Inbox is the queue of envelopes that are recorded and not finished.
type Inbox interface {
	// Receive records an envelope; fresh is false if the key is known already.
	Receive(ctx context.Context, key string, body []byte) (fresh bool, err error)
	// Arrivals yields what is not finished, in the order of arrival, and then each
	// that arrives, once each, until ctx is done or there is an error.
	Arrivals(ctx context.Context) iter.Seq2[Envelope, error]
	// Finish takes an envelope from the queue; its key stays known.
	Finish(ctx context.Context, key string) error
}

// Seen remembers how far each channel was read.
type Seen interface {
	Seen(ctx context.Context, c reset.Channel, ts string) error
	// LastSeen returns the newest ts, "" if there is none.
	LastSeen(ctx context.Context, c reset.Channel) (string, error)
}

// Opener opens requests and tells how they stand.
type Opener interface {
	Open(ctx context.Context, in desk.Intent, ask desk.OpenAsk) (*reset.Request, error)
	OpenCommand(ctx context.Context, in desk.Intent, c roster.Command) (*reset.Request, error)
	MayAsk(ctx context.Context, in desk.Intent, reason string) error
	Status(ctx context.Context, in desk.Intent) ([]*reset.Request, error)
}

// Reader is what modals show.
type Reader interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
}

// Decider decides on requests.
type Decider interface {
	// MayDecide returns the request and whether the person may decide on the plan that they saw.
	MayDecide(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Approve(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Deny(ctx context.Context, in desk.Intent) (*reset.Request, error)
}

// Steerer stops requests and lets them go on.
type Steerer interface {
	Cancel(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Pause(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Resume(ctx context.Context, in desk.Intent) (*reset.Request, error)
}

// Board is what the Announcer renders from.
type Board interface {
	// Watch yields first every request that is not settled, then each whose head
	// or log moved. It may merge; it never misses the last state.
	Watch(ctx context.Context) iter.Seq2[reset.ID, error]
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error]
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
}

// References are of messages that were posted, or are about to be.
type References interface {
	Messages(ctx context.Context, id reset.ID) ([]reset.Message, error)
	SaveMessages(ctx context.Context, id reset.ID, m ...reset.Message) error
	// Settled yields the requests that were asked since, and are settled.
	Settled(ctx context.Context, since time.Time) iter.Seq2[reset.ID, error]
}
