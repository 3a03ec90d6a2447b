package stepup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// Act is what is confirmed.
type Act string

const (
	Approve Act = "approve"
	Resume  Act = "resume"
	Thaw    Act = "thaw"
)

// Ask is one press that takes an answer in Okta Verify.
type Ask struct {
	Act    Act
	Intent desk.Intent
	View   string // ID of the modal that shows how it goes
}

// Okta is what is asked of Okta.
type Okta interface {
	Devices(ctx context.Context, userID string) ([]okta.Device, error)
	Challenge(ctx context.Context, userID, factorID string) (okta.Challenge, error)
	Answer(ctx context.Context, userID, factorID, transaction string) (okta.PushResult, error)
	// Clock returns how far Okta's clock is ahead of ours; not ok: nothing is known yet.
	Clock() (ahead time.Duration, ok bool)
}

// Desk makes the decisions, and says whether one takes a proof.
type Desk interface {
	Approve(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Resume(ctx context.Context, in desk.Intent) (*reset.Request, error)
	Thaw(ctx context.Context, in desk.Intent) (f reset.Freeze, lifted bool, err error)
}

// People tells who somebody is, asked now.
type People interface {
	Person(ctx context.Context, id reset.Person) (policy.Person, error)
}

// Record has the requests.
type Record interface {
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error]
	Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error)
	Frozen(ctx context.Context) (*reset.Freeze, error)
}

// Screen shows in a modal how it goes, best effort. Gone reports that nobody sees it any more.
type Screen interface {
	Show(ctx context.Context, a Ask, s Stage) (gone bool)
}

// Stage is how far a challenge is.
type Stage struct {
	State  State
	Number int // to choose
	Device string
	Left   time.Duration  // until the push expires
	Result *reset.Request // of Done: the request after the decision; nil: of a freeze
	Lifted bool           // of Done: the freeze is lifted
	Err    error          // of Failed
}

// State is a word for how far a challenge is.
type State string

const (
	Asking      State = "asking"      // Okta is asked
	Waiting     State = "waiting"     // for the person
	Done        State = "done"        // the decision counts
	Refused     State = "refused"     // "No, it's not me", or a wrong number
	TimedOut    State = "timed_out"   // nobody answered
	Interrupted State = "interrupted" // the program ended meanwhile
	Failed      State = "failed"      // Err says why
)

// Times of a challenge.
const (
	firstLook  = 3 * time.Second
	lookEvery  = 4 * time.Second
	lookWithin = 10 * time.Second // for one reading
	pushLife   = 5 * time.Minute  // Okta's own, where it does not say when the push expires
	peopleTime = 10 * time.Second
	showTime   = 5 * time.Second
	// overlap is how long Slack may take to show what the acknowledgement of a form turns
	// it into, which must not be the last word.
	overlap = 2 * time.Second
	// youngest is how old an enrolment must be: an attacker who has just enrolled a
	// phone of their own has a younger one.
	youngest = 24 * time.Hour
)

// Refusals that are told in the modal.
var (
	errAgain   = refusal("served_before", "That press was served before. Press again if it's still needed.")
	errTooMany = refusal("too_many_challenges", "You've had five pushes within the hour, so I don't send more. Try again later.")
	errBusy    = refusal("challenge_waits", "A push to your Okta Verify is still waiting. Answer that one first, or let it expire.")
	errEnding  = refusal("starting", "I'm just starting. Try again in a minute.")
)

// Verifier has decisions confirmed. It runs in the process that leads.
type Verifier struct {
	Okta     Okta
	Desk     Desk
	People   People
	Record   Record
	Registry *Registry
	Rules    func() policy.Rules
	Screen   Screen
	// Tell tells other approvers privately that a push was refused, best effort; nil: nobody.
	Tell func(ctx context.Context, by reset.Person, id reset.ID)
	Log  *slog.Logger
	Now  func() time.Time

	mu     sync.Mutex
	ctx    context.Context // of Run; nil: it does not run
	group  *errgroup.Group
	active map[reset.Person]*challenge
	latest map[reset.Person]Ask // the last press that was served
}

// challenge is one that waits, or is about to be issued.
type challenge struct {
	Ask
	overtaken bool // guarded by Verifier.mu
}

// Run closes what an earlier process has left open, and owns the challenges until ctx is done.
func (v *Verifier) Run(ctx context.Context) error {
	v.sweep(ctx)
	g, ctx := errgroup.WithContext(ctx)
	v.mu.Lock()
	v.ctx, v.group, v.active = ctx, g, map[reset.Person]*challenge{}
	v.latest = map[reset.Person]Ask{}
	v.mu.Unlock()
	<-ctx.Done()
	v.mu.Lock()
	v.ctx = nil
	v.mu.Unlock()
	return g.Wait()
}

// Begin serves a press. It returns when what is served is remembered; how it goes is
// shown in the modal. A press that comes again, after a restart too, begins nothing.
func (v *Verifier) Begin(ctx context.Context, a Ask) error {
	switch err := v.Registry.begin(ctx, a.Intent.By, a.Intent.Op); {
	case errors.Is(err, errAgain) && v.serves(a):
		return nil
	case errors.Is(err, errAgain):
		v.show(ctx, a, Stage{State: Interrupted})
		return nil
	case err != nil:
		return err
	}
	if err := v.enter(a); err != nil {
		v.show(ctx, a, Stage{State: Failed, Err: err})
		return nil
	}
	if err := v.note(ctx, a); err != nil {
		v.leave(a)
		v.show(ctx, a, Stage{State: Failed, Err: err})
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx == nil {
		delete(v.active, a.Intent.By)
		return nil // the next process closes the modal
	}
	run, began := v.ctx, v.Now()
	v.group.Go(func() error {
		stage := v.serve(run, a)
		v.leave(a)
		if run.Err() != nil {
			return nil
		}
		v.show(run, a, stage)
		if v.Now().Sub(began) < overlap && sleep(run, overlap) == nil && !v.isOutdated(a) {
			v.show(run, a, stage)
		}
		v.forget(run, a)
		return nil
	})
	return nil
}

// enter takes the person's one place.
func (v *Verifier) enter(a Ask) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx == nil {
		return errEnding
	}
	if other := v.active[a.Intent.By]; other != nil {
		return errBusy
	}
	v.active[a.Intent.By], v.latest[a.Intent.By] = &challenge{Ask: a}, a
	return nil
}

// isOutdated reports whether the modal of a press shows how a later one goes.
func (v *Verifier) isOutdated(a Ask) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.latest[a.Intent.By]
	return l.View == a.View && l.Intent.Op != a.Intent.Op
}

// serves reports whether this very press is being served.
func (v *Verifier) serves(a Ask) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.active[a.Intent.By]
	return c != nil && c.Intent.Op == a.Intent.Op
}

func (v *Verifier) leave(a Ask) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.active, a.Intent.By)
}

// Stopped tells that somebody has stopped a request, or with "" everything: what waits
// for an answer and would let it go on does not any more.
func (v *Verifier) Stopped(id reset.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.active {
		if c.Act != Approve && (id == "" || c.Intent.Request == id) {
			c.overtaken = true
		}
	}
}

func (v *Verifier) overtaken(p reset.Person) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.active[p]
	return c != nil && c.overtaken
}

// serve has one decision confirmed and makes it.
func (v *Verifier) serve(ctx context.Context, a Ask) Stage {
	// Without a proof first: who may not, or decides on what has changed, is told so
	// without a push, and what takes no proof is done.
	stage, err := v.act(ctx, a, nil)
	if _, missing := errors.AsType[*reset.StepUpError](err); missing {
		stage, err = v.confirm(ctx, a)
	}
	if err != nil {
		return Stage{State: Failed, Err: err}
	}
	return stage
}

// act makes the decision.
func (v *Verifier) act(ctx context.Context, a Ask, proof *reset.StepUp) (Stage, error) {
	in := a.Intent
	in.Proof = proof
	earlier := in.Overtaken
	in.Overtaken = func() bool { return earlier != nil && earlier() || v.overtaken(in.By) }
	switch a.Act {
	case Approve:
		r, err := v.Desk.Approve(ctx, in)
		return Stage{State: Done, Result: r}, err
	case Resume:
		r, err := v.Desk.Resume(ctx, in)
		return Stage{State: Done, Result: r}, err
	case Thaw:
		_, lifted, err := v.Desk.Thaw(ctx, in)
		return Stage{State: Done, Lifted: lifted}, err
	}
	return Stage{}, fmt.Errorf("unknown act %q", a.Act)
}

// subject is what the proof will be of, as it is now.
func (v *Verifier) subject(ctx context.Context, a Ask) (string, error) {
	if a.Act == Thaw {
		f, err := v.Record.Frozen(ctx)
		if err != nil {
			return "", fmt.Errorf("read the freeze: %w", err)
		}
		if f == nil {
			return "", desk.ErrNotFrozen
		}
		return f.ThawSubject(), nil
	}
	r, err := v.Record.Get(ctx, a.Intent.Request)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", a.Intent.Request, err)
	}
	if a.Act == Resume {
		return r.ResumeSubject(), nil
	}
	return r.ApprovalSubject(), nil
}

// confirm asks the person's phone, waits for the answer, and makes the decision with it.
func (v *Verifier) confirm(ctx context.Context, a Ask) (Stage, error) {
	subject, err := v.subject(ctx, a)
	if err != nil {
		return Stage{}, err
	}
	user, err := v.userOf(ctx, a.Intent.By)
	if err != nil {
		return Stage{}, err
	}
	device, err := v.device(ctx, user)
	if err != nil {
		return Stage{}, err
	}
	if err := v.Registry.sending(ctx, a.Intent.By, a.Intent.Op); err != nil {
		return Stage{}, err
	}
	began := v.Now()
	ch, err := v.Okta.Challenge(ctx, string(user.ID), device.FactorID)
	if err != nil {
		return Stage{}, oktaTrouble(err)
	}
	if err := v.Registry.sent(ctx, a.Intent.By, a.Intent.Op, ch.Transaction); err != nil {
		return Stage{}, err
	}
	if !ch.Numbered {
		return Stage{}, refusal("no_number", "Okta sent a push without a number, which isn't enough here. Don't answer it. Ask your admin to turn on number challenges for Okta Verify.")
	}
	w := &wait{Verifier: v, ask: a, user: user, device: device, challenge: ch, until: v.expiry(ch, began),
		proof: reset.StepUp{User: user.ID, Factor: "push", Transaction: ch.Transaction, For: subject}}
	return w.run(ctx)
}

// expiry is until when an answer counts, by our clock.
func (v *Verifier) expiry(ch okta.Challenge, began time.Time) time.Time {
	until := began.Add(pushLife)
	if ahead, known := v.Okta.Clock(); known && !ch.ExpiresAt.IsZero() && ch.ExpiresAt.Add(-ahead).Before(until) {
		return ch.ExpiresAt.Add(-ahead)
	}
	return until
}

func (v *Verifier) show(ctx context.Context, a Ask, s Stage) (gone bool) {
	short, cancel := context.WithTimeout(ctx, showTime)
	defer cancel()
	return v.Screen.Show(short, a, s)
}

func refusal(code, words string) error { return &policy.Refusal{Code: code, Words: words} }

// oktaTrouble turns a failure of Okta's into words: what it did not say is not approved.
func oktaTrouble(err error) error {
	switch {
	case okta.IsKind(err, okta.KindForbidden, okta.KindScope, okta.KindNotFound, okta.KindInvalid):
		return errors.Join(err, refusal("challenge_refused", "Okta doesn't let me ask your Okta Verify, so nothing was approved. Your admin can run `factorbot doctor`."))
	case okta.IsKind(err, okta.KindRateLimited, okta.KindConcurrency):
		return errors.Join(err, refusal("challenge_limited", "Okta is busy, so no push was sent and nothing was approved. Try again in a minute."))
	}
	return &desk.AwayError{Service: "Okta", Err: err}
}

// Takes reports whether a decision takes a confirmation, as far as that is known at once:
// the desk knows it for certain, and asks then.
func (v *Verifier) Takes(ctx context.Context, act Act, id reset.ID) bool {
	rules := v.Rules().StepUp
	if act == Thaw {
		f, err := v.Record.Frozen(ctx)
		return err == nil && f != nil && rules.On()
	}
	r, err := v.Record.Get(ctx, id)
	switch {
	case err != nil:
		return false
	case act == Resume:
		return rules.On() && r.State == reset.Paused && r.Pause.Cause == reset.CauseReported
	}
	return r.State == reset.Pending && (r.Terms.StepUp || rules == policy.StepUpAlways)
}
