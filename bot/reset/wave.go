package reset

import (
	"fmt"
	"time"
)

// waveFails is how many percent of a wave may fail before the run pauses.
const waveFails = 2

// WaveEnd returns how many of the plan's targets to reset, counted from its
// first row, are let through by now: those of the waves looked at and of the one
// under way. With the last wave behind it, all are.
func (r *Request) WaveEnd() (targets int, ramping bool) {
	if r.Waves >= len(r.Terms.Waves) {
		return r.Plan.Resets, false
	}
	for _, n := range r.Terms.Waves[:r.Waves+1] {
		targets += n
	}
	return min(targets, r.Plan.Resets), true
}

// RecordWave notes what became of the wave under way: so many failed, of those of it
// that were tried. Over 2 % pauses the run; who resumes lets the next wave go.
func (r *Request) RecordWave(failed, tried int, now time.Time) ([]Fact, error) {
	if err := r.may(MoveVerify); err != nil { // only what runs
		return nil, err
	}
	if _, ramping := r.WaveEnd(); !ramping {
		return nil, ErrNotYet
	}
	r.Waves++
	facts := []Fact{fact("wave", "", now, "wave", itoa(r.Waves), "failed", itoa(failed), "tried", itoa(tried))}
	if failed*100 <= tried*waveFails {
		return facts, nil
	}
	f, err := r.PauseFor(CauseErrors, "", fmt.Sprintf("%s of the %s users of wave %d failed, more than %d %%. Look at the reasons, then resume for the next wave, or cancel.", Count(failed), Count(tried), r.Waves, waveFails), now)
	return append(facts, f), err
}
