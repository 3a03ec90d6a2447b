package announcer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// SlotComplete is no message: it marks that a settled request has all of them.
const SlotComplete reset.Slot = "complete"

// poster keeps the messages of one request as they should be. Each message and
// file is delivered by itself: one that fails is tried again after a wait of its
// own and holds back no other, unless the other belongs in its thread.
type poster struct {
	*run
	id      reset.ID
	changed chan struct{} // holds a value if there was a change since the last pass began

	behind bool // guarded by run.mu: Slack does not show all of it yet

	live  bool     // the request runs: the next change is not far
	tally progress // of the run, for its progress message

	listing *view.Listing // of the plan that waits for a decision
	listed  reset.Digest  // of that plan

	own     sync.Mutex
	files   map[string]sharing          // by file ID
	failing map[reset.Slot]failure      // whose last try failed
	jobs    map[reset.Slot]*deliveryJob // what takes long and is under way
}

// passEvery keeps a run of thousands of users a second from being looked at as often.
const passEvery = 250 * time.Millisecond

func (a *run) newPoster(id reset.ID) *poster {
	return &poster{
		run: a, id: id, changed: make(chan struct{}, 1),
		files: map[string]sharing{}, failing: map[reset.Slot]failure{}, jobs: map[reset.Slot]*deliveryJob{},
	}
}

// keep makes passes as long as there is something to do. Each begins with the
// request as it is then.
func (p *poster) keep(ctx context.Context) {
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
		if again == 0 && err != nil {
			wait := retry{p.Log, err, failed}.Error("the record of a request's messages cannot be read", "request", p.id)
			if slackapi.Pause(ctx, wait) != nil {
				return
			}
			failed++
			continue
		}
		failed = 0
		if again == 0 && !p.live && p.retire(p) {
			return
		}
		if !p.rest(ctx, again) {
			return
		}
	}
}

// rest waits for a change, or for as long as again says. It reports whether to go on.
func (p *poster) rest(ctx context.Context, again time.Duration) bool {
	if p.live && slackapi.Pause(ctx, passEvery) != nil {
		return false
	}
	return workqueue.Rest(ctx, again, p.changed)
}

// signal has another pass begin.
func (p *poster) signal() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// passResult is what a pass has come to so far.
type passResult struct {
	again time.Duration // when to look again although nothing changes, 0 for never
	err   error         // the first that keeps a message from being as it should be
	lost  error         // says that the channel is out of reach
}

func (s *passResult) add(again time.Duration, err error) {
	s.again = sooner(s.again, again)
	if s.err == nil {
		s.err = err
	}
}

// pass brings every message of the request up to date. It returns when to look
// again although nothing changes, 0 for never. An error with a time is about
// messages that are tried again by then, one without is of the record.
func (p *poster) pass(ctx context.Context) (again time.Duration, err error) {
	p.live = false
	r, err := p.Record.Get(ctx, p.id)
	if errors.Is(err, reset.ErrNotFound) {
		return 0, nil // kept long enough, and taken out of the record
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", p.id, err)
	}
	p.live = r.State.Active()
	have, err := p.sender.messages(ctx, p.id)
	if err != nil {
		return 0, err
	}
	if have[SlotComplete].Shown == version(r) {
		return 0, nil
	}
	k, err := p.known(ctx, r, have)
	if err != nil {
		return 0, err
	}
	var res passResult
	p.inPlace(ctx, r, have, k, &res)
	p.toPeople(ctx, r, have, k, &res)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	res.add(nextLook(r, p.Now()), nil)
	if res.again == 0 && res.err == nil && r.State.Settled() {
		return 0, p.settled(ctx, r)
	}
	return res.again, res.err
}

// inPlace brings what is in the channel up to date.
func (p *poster) inPlace(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message, k view.Known, res *passResult) {
	for _, w := range append(desiredMessages(r, have, k), reminders(r, p.Now())...) {
		again, err := p.attempt(ctx, r, w, have, p.deliver)
		res.add(again, err)
		if lostWords(err) != "" {
			res.lost = err
		}
	}
}

// toPeople brings the direct messages up to date, and says in the thread who cannot be reached so.
func (p *poster) toPeople(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message, k view.Known, res *passResult) {
	if marker := askedSlot(r.Plan.Revision); p.Approvers != nil && r.State == reset.Pending && have[marker].Shown == "" {
		res.add(p.attempt(ctx, r, message{slot: marker, slow: true}, have, p.askApprovers))
		if now, err := p.sender.messages(ctx, p.id); err == nil { // it wrote down who is asked
			have = now
		}
	}
	for _, w := range append(directMessages(r, have, k, p.Now()), unreachableNotice(r, have, res.lost)...) {
		res.add(p.attempt(ctx, r, w, have, p.direct))
	}
	for _, w := range undelivered(r, have, p.refused()) {
		res.add(p.attempt(ctx, r, w, have, p.deliver))
	}
}

// settled records that nothing is left to tell of a settled request, and forgets the file of an export.
func (p *poster) settled(ctx context.Context, r *reset.Request) error {
	if r.Export != nil && p.Exports != nil {
		if err := p.Exports.DropExport(ctx, p.id); err != nil {
			return fmt.Errorf("forget the file of %s: %w", p.id, err)
		}
	}
	done := reset.Message{Slot: SlotComplete, Channel: r.Asked.Channel, Shown: version(r), At: p.Now()}
	if err := p.Record.SaveMessages(ctx, p.id, done); err != nil {
		return fmt.Errorf("record that the messages of %s are complete: %w", p.id, err)
	}
	return nil
}

func (p *poster) save(ctx context.Context, m reset.Message) error { return p.sender.save(ctx, p.id, m) }

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

// known gathers what the messages of a request show beside its head. The users
// of a plan are read once, while it waits for a decision.
func (p *poster) known(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message) (view.Known, error) {
	k := view.Known{Helpers: p.helpers(r, have)}
	if r.State.Active() {
		pace, err := p.overview(ctx, r)
		if err != nil {
			return k, err
		}
		k.Pace = pace
	}
	if r.State != reset.Pending || r.Asked.Kind == reset.KindExport {
		p.listing = nil
		return k, nil
	}
	if p.listing == nil || p.listed != r.Plan.Digest {
		l := view.NewListing(r)
		for t, err := range p.Record.Targets(ctx, r.ID, r.Plan.Revision, 0) {
			if err != nil {
				return k, fmt.Errorf("read the plan of %s: %w", p.id, err)
			}
			l.Add(t)
		}
		p.listing, p.listed = l, r.Plan.Digest
	}
	k.Users = p.listing
	return k, nil
}

// helpers are the approvers who were asked about the plan; where they were too
// many, their user groups.
func (p *poster) helpers(r *reset.Request, have map[reset.Slot]reset.Message) (h view.Helpers) {
	for slot := range have {
		if kind, revision, who, ok := parsePersonal(slot); ok && kind == reset.SlotAsk && revision == r.Plan.Revision {
			h.People = append(h.People, who)
		}
	}
	slices.Sort(h.People)
	if len(h.People) == 0 && p.Usergroups != nil {
		h.Groups = p.Usergroups()
	}
	return h
}
