package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// slotComplete is no message: it marks that a settled request has all of them.
const slotComplete reset.Slot = "complete"

var errWatchEnded = errors.New("the watch ended")

// laterError says that a message waits for something that is known to take so long.
type laterError struct{ wait time.Duration }

func (e *laterError) Error() string { return "to be looked at again in " + e.wait.String() }

// poster keeps the messages of one request as they should be.
type poster struct {
	*announcing
	id      reset.ID
	changed chan struct{} // holds a value if there was a change since the last pass began

	behind bool // guarded by announcing.mu: Slack does not show all of it yet

	live  bool               // the request runs: the next change is not far
	moved bool               // the last pass brought a message further
	tally tally              // of the run, for its progress message
	tries map[string]int     // file ID -> how often it was shared without being seen
	stuck map[reset.Slot]int // direct messages that Slack does not take now, and how often that was tried
}

// passEvery keeps a run of thousands of users a second from being looked at as often.
const passEvery = 250 * time.Millisecond

// run makes passes as long as there is something to do. An error stops a pass,
// so that messages come in their order; the next one begins with the request
// as it is then.
func (p *poster) run(ctx context.Context) {
	p.tries, p.stuck = map[string]int{}, map[reset.Slot]int{}
	for failed := 0; ; {
		select {
		case <-p.changed:
		default:
		}
		again, err := p.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		p.passed(p, err)
		var later *laterError
		switch {
		case errors.As(err, &later):
			err, again = nil, later.wait
		case err != nil:
			if p.moved {
				failed = 0
			}
			again = p.failed(err, failed)
			failed++
		default:
			failed = 0
		}
		if again == 0 && !p.live && p.retire(p) {
			return
		}
		if !p.rest(ctx, again, err != nil) {
			return
		}
	}
}

// rest waits for a change, or for as long as again says; after an error for the
// time alone. It reports whether to go on.
func (p *poster) rest(ctx context.Context, again time.Duration, failed bool) bool {
	if failed {
		return pause(ctx, again) == nil
	}
	if p.live && pause(ctx, passEvery) != nil {
		return false
	}
	var due <-chan time.Time
	if again > 0 {
		t := time.NewTimer(again)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-due:
	case <-p.changed:
	}
	return true
}

// failed says when to try again, and tells the log at the first try and now and then.
func (p *poster) failed(err error, try int) time.Duration {
	wait := patience(err, try)
	var limited *slack.RateLimitedError
	if !errors.As(err, &limited) && try%10 == 0 {
		p.Log.Warn("a request's messages are not up to date in Slack", "request", p.id, "error", brief(err), "todo", remedy(err), "retry_in", wait.String())
	}
	return wait
}

// pass brings every message of the request up to date, in their order. It
// returns when to look again although nothing changes, 0 for never.
func (p *poster) pass(ctx context.Context) (again time.Duration, err error) {
	p.live, p.moved = false, false
	r, err := p.Board.Get(ctx, p.id)
	if errors.Is(err, reset.ErrNotFound) {
		return 0, nil // kept long enough, and taken out of the record
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", p.id, err)
	}
	p.live = r.State.Active()
	list, err := p.References.Messages(ctx, p.id)
	if err != nil {
		return 0, fmt.Errorf("read the messages of %s: %w", p.id, err)
	}
	have := bySlot(list)
	if have[slotComplete].Shown == version(r) {
		return 0, nil
	}
	again, err = p.inPlace(ctx, r, have)
	lost := err
	if err != nil && lostWords(err) == "" {
		return 0, err
	}
	wait, err := p.toPeople(ctx, r, have, lost)
	switch {
	case err != nil:
		return 0, err
	case lost != nil:
		return 0, lost
	}
	again = sooner(sooner(again, wait), nextLook(r, p.Now()))
	if again == 0 && r.State.Settled() {
		return 0, p.settled(ctx, r)
	}
	return again, nil
}

// inPlace brings what stands in the channel up to date. An error stops it, so that messages come in their order.
func (p *poster) inPlace(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message) (again time.Duration, err error) {
	for _, w := range append(wants(r, have), reminders(r, p.Now())...) {
		wait, err := p.deliver(ctx, r, w, have)
		if err != nil {
			return 0, fmt.Errorf("%s of %s: %w", w.slot, p.id, err)
		}
		again = sooner(again, wait)
	}
	return again, nil
}

// toPeople brings the direct messages up to date, and says in the thread who cannot be reached so.
func (p *poster) toPeople(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message, lost error) (again time.Duration, err error) {
	if err := p.summon(ctx, r, have); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		p.Log.Warn("approvers are not asked by direct message yet", "request", p.id, "error", brief(err))
		again = patience(err, 3)
	}
	for _, w := range append(directs(r, have, p.Now()), astray(r, have, lost)...) {
		wait, err := p.direct(ctx, r, w, have)
		if err != nil {
			return 0, err
		}
		again = sooner(again, wait)
	}
	if lost != nil {
		return again, nil
	}
	for _, w := range untold(r, have, p.stuck) {
		if _, err := p.deliver(ctx, r, w, have); err != nil {
			return 0, fmt.Errorf("%s of %s: %w", w.slot, p.id, err)
		}
	}
	return again, nil
}

// settled records that nothing is left to tell of a settled request, and forgets the file of an export.
func (p *poster) settled(ctx context.Context, r *reset.Request) error {
	if r.Export != nil && p.Exports != nil {
		if err := p.Exports.DropExport(ctx, p.id); err != nil {
			return fmt.Errorf("forget the file of %s: %w", p.id, err)
		}
	}
	done := reset.Message{Slot: slotComplete, Channel: r.Asked.Channel, Shown: version(r), At: p.Now()}
	if err := p.References.SaveMessages(ctx, p.id, done); err != nil {
		return fmt.Errorf("record that the messages of %s are complete: %w", p.id, err)
	}
	return nil
}

// deliver brings one message up to date and keeps have as it is recorded.
func (p *poster) deliver(ctx context.Context, r *reset.Request, w want, have map[reset.Slot]reset.Message) (again time.Duration, err error) {
	m := have[w.slot]
	m.Slot, m.Channel = w.slot, r.Asked.Channel
	if m.Gone {
		return 0, nil
	}
	if m.TS == "" { // what is posted stays where it is
		m.Thread = threadOf(w, r, have)
		if w.place == underApproval && m.Thread == "" {
			return 0, nil // the approval message is gone, and with it its thread
		}
	}
	switch {
	case w.file != nil:
		m, again, err = p.share(ctx, r, w, m)
	case w.slot == reset.SlotProgress:
		m, again, err = p.progress(ctx, r, w, m)
	case isRestart(w.slot):
		m, err = p.restarted(ctx, r, w, m)
	default:
		m, err = p.show(ctx, r, w, m)
	}
	before := have[w.slot]
	p.moved = p.moved || m.TS != before.TS || m.File != before.File || m.Shown != before.Shown
	have[w.slot] = m
	return again, err
}

func threadOf(w want, r *reset.Request, have map[reset.Slot]reset.Message) string {
	switch w.place {
	case underUpload:
		return r.Asked.Source.TS
	case underApproval:
		return have[reset.SlotApproval].TS
	}
	return ""
}

func (p *poster) save(ctx context.Context, m reset.Message) error {
	if err := p.References.SaveMessages(ctx, p.id, m); err != nil {
		return fmt.Errorf("record the message: %w", err)
	}
	return nil
}

func bySlot(list []reset.Message) map[reset.Slot]reset.Message {
	m := make(map[reset.Slot]reset.Message, len(list))
	for _, x := range list {
		m[x.Slot] = x
	}
	return m
}

// version names a settled request's last state.
func version(r *reset.Request) string {
	return fmt.Sprintf("%s %d", r.State, r.SettledAt.UnixMilli())
}

// sooner is the shorter of two waits, 0 being none.
func sooner(a, b time.Duration) time.Duration {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(a, b)
}
