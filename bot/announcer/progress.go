package announcer

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

const (
	// rateOver is the time over which the rate is measured.
	rateOver = time.Minute
	// editEvery is how often one progress message is edited at most, for counts alone.
	editEvery = 3 * time.Second
	// editFirst is how soon the first counts are shown.
	editFirst = time.Second
	// tellEvery is after how many edits of the progress message the approval message
	// shows its counts, too. At the beginning of a run it does so after fewer.
	tellEvery = 4
)

// progress is what a request's log tells for its progress message.
type progress struct {
	count  reset.Counter
	after  reset.RestartOutcome // of the last restart
	marks  []progressMark       // lately, oldest first
	shape  string               // what the message showed but for its counts; "" after a start
	edited time.Time
	turn   time.Time   // to edit; zero: none was asked for
	told   *view.Pace  // what the approval message shows of the run
	toldIn reset.State // the state of the request when that was measured
	untold int         // edits of the progress message since
	tells  int         // how often it has shown counts in this state

	left   time.Duration // that was told last
	leftAt time.Time
}

type progressMark struct {
	at      time.Time
	settled int
}

// fold reads what the log has since the last time.
func (t *progress) fold(ctx context.Context, rec Record, id reset.ID) error {
	for e, err := range rec.Log(ctx, id, t.count.LastSeq()+1) {
		if err != nil {
			return fmt.Errorf("read the log of %s: %w", id, err)
		}
		t.count.Apply(e)
		t.after.Apply(e)
	}
	return nil
}

// pace measures how far the run is and how fast it goes.
func (t *progress) pace(r *reset.Request, now time.Time) view.Pace {
	p := view.Pace{ByOutcome: map[reset.Outcome]int{}, After: t.after, Retrying: t.count.Again()}
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
	t.marks = append(t.marks, progressMark{now, settled})
	first := t.marks[0]
	if took := now.Sub(first.at); took >= time.Second && settled > first.settled {
		p.PerMinute = float64(settled-first.settled) / took.Minutes()
		if left := r.Plan.Resets - settled; left > 0 {
			p.Left = t.steady(time.Duration(float64(left)/p.PerMinute*float64(time.Minute)), now)
		}
	}
	return p
}

// steady keeps the time that is left from jumping: while it is about what is
// left of what was told last, that goes on to count down.
func (t *progress) steady(left time.Duration, now time.Time) time.Duration {
	if expected := t.left - now.Sub(t.leftAt); t.left > 0 && expected > 0 {
		if off := (left - expected).Abs(); off < expected/3 {
			left = expected
		} else {
			left = (left + expected) / 2
		}
	}
	t.left, t.leftAt = left, now
	return left
}

// turnAt is how long until it is this request's turn to edit. Requests have their
// turns in the order in which they asked for one.
func (t *progress) turnAt(b *rate.Limiter, now time.Time) time.Duration {
	if t.turn.IsZero() {
		t.turn = now.Add(b.ReserveN(now, 1).DelayFrom(now))
	}
	return t.turn.Sub(now)
}

// tell notes what the approval message shows of the run, once there is something to
// show: at the beginning with almost every edit of the progress message, so that a
// short run is seen to move, later a quarter as often. Both have the same budget.
func (t *progress) tell(p view.Pace, b *rate.Limiter, now time.Time) {
	if t.told == nil && t.count.Settled() == 0 {
		return
	}
	t.untold++
	if t.told == nil || t.untold >= min(t.tells, tellEvery) {
		b.ReserveN(now, 1)
		t.told, t.untold = &p, 0
		t.tells++
	}
}

// every is how often the progress message is edited for counts alone.
func (t *progress) every() time.Duration {
	if t.told == nil {
		return editFirst
	}
	return editEvery
}

// overview is how far the run is for the approval message. In a new state it is
// measured at once: a pause shows the same counts in the channel and in the thread.
func (p *poster) overview(ctx context.Context, r *reset.Request) (*view.Pace, error) {
	t := &p.tally
	if t.toldIn == r.State {
		return t.told, nil
	}
	if err := t.fold(ctx, p.Record, p.id); err != nil {
		return nil, err
	}
	t.told, t.toldIn, t.untold, t.tells = nil, r.State, 0, 0
	if t.count.Settled() > 0 || r.State == reset.Paused {
		now := t.pace(r, p.Now())
		t.told, t.tells = &now, 1
	}
	return t.told, nil
}

// restarted keeps the message that tells of a longer absence.
func (p *poster) restarted(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	if err := p.tally.fold(ctx, p.Record, p.id); err != nil {
		return m, 0, err
	}
	w.what = view.Restarted(r, p.tally.after)
	return p.show(ctx, r, w, m)
}

// progress keeps the progress message. A change of state is told like anything
// else; mere counts wait for the budget that all requests share, and are
// dropped when Slack is slow.
func (p *poster) progress(ctx context.Context, r *reset.Request, _ message, m reset.Message) (reset.Message, time.Duration, error) {
	shape := string(r.State)
	if r.Pause != nil {
		shape += " " + string(r.Pause.Cause)
	}
	if r.Restarted != nil {
		shape += " " + r.Restarted.At.String()
	}
	if p.sender.unseen(r, m) { // it was deleted
		p.tally.shape, m.Shown = "", ""
	}
	counts := m.TS != "" && p.tally.shape == shape
	if counts && !r.State.Active() {
		return m, 0, nil
	}
	if counts {
		if wait := p.tally.every() - p.Now().Sub(p.tally.edited); wait > 0 {
			return m, wait, nil
		}
	}
	if err := p.tally.fold(ctx, p.Record, p.id); err != nil {
		return m, 0, err
	}
	pace := p.tally.pace(r, p.Now())
	v := view.Progress(r, pace)
	hash, err := v.Hash()
	if err != nil || m.TS != "" && m.Shown == hash {
		p.tally.shape = shape
		return m, 0, err
	}
	if wait := p.tally.turnAt(p.edits, p.Now()); counts && wait > 0 {
		return m, wait, nil
	}
	p.tally.turn = time.Time{}
	m, err = p.sender.putAs(ctx, r, m, v, hash)
	p.tally.edited = p.Now()
	if err != nil && counts {
		return m, editEvery, nil // late counts are of no use
	}
	if err == nil {
		p.tally.shape = shape
		p.tally.tell(pace, p.edits, p.Now())
	}
	return m, 0, err
}
