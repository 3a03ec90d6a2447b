package reset

// State is how far a request has come. The zero value is not a state.
type State string

const (
	Planning  State = "planning"
	Rejected  State = "rejected"
	Pending   State = "pending"
	Denied    State = "denied"
	Expired   State = "expired"
	Cancelled State = "cancelled"
	Approved  State = "approved"
	Lapsed    State = "lapsed"
	Running   State = "running"
	Paused    State = "paused"
	Stopping  State = "stopping"
	Verifying State = "verifying"
	Done      State = "done"
)

// States lists the states in the order of a request's life.
func States() []State {
	return []State{Planning, Rejected, Pending, Denied, Expired, Cancelled, Approved, Lapsed, Running, Paused, Stopping, Verifying, Done}
}

// Settled reports whether nothing will happen to a request in this state any more.
func (s State) Settled() bool {
	switch s {
	case Rejected, Denied, Expired, Cancelled, Lapsed, Done:
		return true
	}
	return false
}

// Active reports whether a request in this state may have started steps.
func (s State) Active() bool {
	switch s {
	case Running, Paused, Stopping, Verifying:
		return true
	}
	return false
}
