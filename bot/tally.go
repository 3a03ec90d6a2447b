package bot

import (
	"context"
	"fmt"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

const (
	// rateOver is the time over which the rate is measured.
	rateOver = time.Minute
	// editEvery is how often one progress message is edited at most, for counts alone.
	editEvery = 3 * time.Second
)

// tally is what a request's log tells for its progress message.
type tally struct {
	count  reset.Counter
	after  reset.Aftermath // of the last restart
	marks  []tallyMark     // lately, oldest first
	shape  string          // what the message showed but for its counts; "" after a start
	edited time.Time
}

type tallyMark struct {
	at      time.Time
	settled int
}

// fold reads what the log has since the last time.
func (t *tally) fold(ctx context.Context, b Board, id reset.ID) error {
	for e, err := range b.Log(ctx, id, t.count.LastSeq()+1) {
		if err != nil {
			return fmt.Errorf("read the log of %s: %w", id, err)
		}
		t.count.Apply(e)
		t.after.Apply(e)
	}
	return nil
}

// pace measures how far the run is and how fast it goes.
func (t *tally) pace(r *reset.Request, now time.Time) view.Pace {
	p := view.Pace{ByOutcome: map[reset.Outcome]int{}, After: t.after.Clone()}
	for _, o := range reset.Outcomes() {
		if n := t.count.Count(o); n > 0 {
			p.ByOutcome[o] = n
		}
	}
	settled := t.count.Settled()
	if r.State != reset.Running {
		t.marks = nil
		return p
	}
	for len(t.marks) > 1 && now.Sub(t.marks[1].at) >= rateOver {
		t.marks = t.marks[1:]
	}
	t.marks = append(t.marks, tallyMark{now, settled})
	first := t.marks[0]
	if took := now.Sub(first.at); took >= time.Second && settled > first.settled {
		p.PerMinute = float64(settled-first.settled) / took.Minutes()
		if left := r.Plan.Resets - settled; left > 0 {
			p.Left = time.Duration(float64(left) / p.PerMinute * float64(time.Minute))
		}
	}
	return p
}

// restarted keeps the message that tells of a longer absence.
func (p *poster) restarted(ctx context.Context, r *reset.Request, w want, m reset.Message) (reset.Message, error) {
	if err := p.tally.fold(ctx, p.Board, p.id); err != nil {
		return m, err
	}
	w.show = func(string) view.Message { return view.Restarted(r, p.tally.after) }
	return p.show(ctx, r, w, m)
}

// progress keeps the progress message. A change of state is told like anything
// else; mere counts wait for the budget that all requests share, and are
// dropped when Slack is slow.
func (p *poster) progress(ctx context.Context, r *reset.Request, _ want, m reset.Message) (reset.Message, time.Duration, error) {
	shape := string(r.State)
	if r.Pause != nil {
		shape += " " + string(r.Pause.Cause)
	}
	if r.Restarted != nil {
		shape += " " + r.Restarted.At.String()
	}
	if p.unseen(r, m) { // it was deleted
		p.tally.shape, m.Shown = "", ""
	}
	counts := m.TS != "" && p.tally.shape == shape
	if counts && !r.State.Active() {
		return m, 0, nil
	}
	if counts {
		if wait := editEvery - p.Now().Sub(p.tally.edited); wait > 0 {
			return m, wait, nil
		}
	}
	if err := p.tally.fold(ctx, p.Board, p.id); err != nil {
		return m, 0, err
	}
	v := view.Progress(r, p.tally.pace(r, p.Now()))
	hash, err := v.Hash()
	if err != nil || m.TS != "" && m.Shown == hash {
		p.tally.shape = shape
		return m, 0, err
	}
	if wait := take(p.budget, p.Now()); counts && wait > 0 {
		return m, wait, nil
	}
	m, err = p.put(ctx, r, m, v, hash)
	p.tally.edited = p.Now()
	if err != nil && counts {
		return m, editEvery, nil // late counts are of no use
	}
	if err == nil {
		p.tally.shape = shape
	}
	return m, 0, err
}
