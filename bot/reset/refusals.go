package reset

import "errors"

// Refusals of the record: nothing was changed.
var (
	// ErrNotFound says that there is no such request.
	ErrNotFound = errors.New("no such request")
	// ErrNoPerson says that Slack knows nobody by this ID.
	ErrNoPerson = errors.New("no such person")
	// ErrChanged says that a request's head moved since it was read.
	ErrChanged = errors.New("the request has changed meanwhile")
	// ErrFrozen says that everything is frozen.
	ErrFrozen = errors.New("everything is frozen")
	// ErrLost says that this process does not lead any more: another term has begun.
	ErrLost = errors.New("this term is over")
)
