package reset

import "time"

// Restart tells that the bot was away while a request ran, and came back. What
// became of the steps in doubt is in the log: see [RestartOutcome].
type Restart struct {
	At      time.Time     `json:"at"`
	Away    time.Duration `json:"away"`     // since the last step
	InDoubt int           `json:"in_doubt"` // users whose call was sent and not answered
}

// factRestarted is the fact of a restart; a RestartOutcome begins at it.
const factRestarted = "restarted"

// RecordRestart notes that the bot is back and the run goes on.
func (r *Request) RecordRestart(away time.Duration, inDoubt int, now time.Time) (Fact, error) {
	if err := r.may(MoveRestart); err != nil {
		return Fact{}, err
	}
	r.Restarted = &Restart{At: now, Away: away, InDoubt: inDoubt}
	return fact(factRestarted, "", now, "away", away.Round(time.Second).String(), "in_doubt", itoa(inDoubt)), nil
}

// RestartOutcome folds a request's log into what became of the users who were in doubt
// at the last restart. It is not safe for concurrent use.
type RestartOutcome struct {
	Had   int // had been reset before it
	Now   int // reset since
	Other int // came to another outcome
	Left  int // are still in doubt
	doubt map[int]bool
	left  map[int]bool // in doubt since the restart; true: sent again
}

// Apply folds one entry; entries come in the order of the log, each once.
func (a *RestartOutcome) Apply(e Entry) {
	if e.Fact != nil && e.Fact.Name == factRestarted {
		left := map[int]bool{}
		for row := range a.doubt {
			left[row] = false
		}
		*a = RestartOutcome{Left: len(left), doubt: a.doubt, left: left}
	}
	if e.Step == nil {
		return
	}
	row := e.Step.Row
	switch e.Kind {
	case EntryDoubt:
		if a.doubt == nil {
			a.doubt = map[int]bool{}
		}
		a.doubt[row] = true
	case EntryStarted:
		if _, ok := a.left[row]; ok {
			a.left[row] = true
		}
	case EntryStepped:
		delete(a.doubt, row)
	case EntryOutcome:
		delete(a.doubt, row)
		a.settled(row, e.Outcome)
	}
}

func (a *RestartOutcome) settled(row int, o Outcome) {
	again, ok := a.left[row]
	if !ok {
		return
	}
	delete(a.left, row)
	a.Left--
	switch {
	case o != OutcomeReset:
		a.Other++
	case again:
		a.Now++
	default:
		a.Had++
	}
}
