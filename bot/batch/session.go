package batch

import "sync/atomic"

// Session is what one run of the bot knows of a request from one batch to the next. Its
// methods but Nudge are for the goroutine that owns the request.
type Session struct {
	Known bool // this run of the bot began the request, or has seen that it goes on

	wake   chan struct{}
	warned atomic.Bool // a person was told that Okta does not tell who is protected
	forget func()      // ends the reading of the System Log for this request; nil: nothing is read
}

// NewSession returns the session of a request of which nothing is known.
func NewSession() *Session { return &Session{wake: make(chan struct{}, 1)} }

// Nudge tells that the head or the log may have moved.
func (s *Session) Nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Moved tells once of any number of nudges.
func (s *Session) Moved() <-chan struct{} { return s.wake }

// StopReading ends the reading of the System Log for this request.
func (s *Session) StopReading() {
	if s.forget != nil {
		s.forget()
		s.forget = nil
	}
}
