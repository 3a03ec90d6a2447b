package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync/atomic"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/okta"
	"factorbot/store"
)

// processName names this process to those that share its record.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// follow waits until this process leads.
func (p *process) follow(ctx context.Context) error {
	health := p.opt.Health
	ready := newReadiness(health.metrics.Sockets.Count, func(ctx context.Context) error { _, err := p.file.Leader(ctx); return err }, nil)
	health.ready.Store(p.telling(ready))
	leader, err := p.file.Leader(ctx)
	if err != nil {
		return err
	}
	p.log.Info("following", "leader", leader.By, "leads_now", leader.Now)
	if err := p.lc.While(ctx, p.begin); err != nil {
		return err
	}
	p.log.Info("this process leads", "term", p.term.Number(), "unsure", p.term.Unsure())
	return nil
}

// begin begins the term, however long etcd is away.
func (p *process) begin(ctx context.Context) error {
	for {
		err := p.term.Begin(ctx)
		if err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
		p.log.Warn("this process cannot lead yet", "err", err, "retry_in", leadAgain.String())
		if err := slackapi.Pause(ctx, leadAgain); err != nil {
			return err
		}
	}
}

// telling makes a readiness tell who leads a shared record.
func (p *process) telling(r *readiness) *readiness {
	if p.file.Shared() {
		r.say = func(ctx context.Context) string {
			leader, err := p.file.Leader(ctx)
			switch {
			case err != nil:
				return "it is not known who leads"
			case !leader.Now:
				return "nobody leads"
			}
			return leader.By + " leads"
		}
	}
	return r
}

// endTime bounds the giving back of a term; it ends by itself a little later.
const endTime = 2 * time.Second

// keepTerm ends the process's work when its term is lost, and gives the term back when all
// that acts in it has stopped.
func (p *process) keepTerm() {
	began := time.Now()
	p.lc.OnStop("term", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), endTime)
		defer cancel()
		unsure := p.term.Unsure() && time.Since(began) < okta.LongestWrite+p.cfg.Okta.SettleAfter
		err := p.term.End(ctx, unsure)
		if errors.Is(err, store.ErrLost) { // first met here, it may be why another part has failed
			return err
		}
		if err != nil {
			p.log.Warn("the term is not given back, and ends by itself", "err", err)
		}
		return nil
	})
	p.lc.Start("lead", func(ctx context.Context) error {
		select {
		case <-p.term.Lost():
			return reset.ErrLost
		case <-ctx.Done():
			return nil
		}
	})
}

// earlier returns for how long those that led earlier may still be sending what they have started.
func earlier(term *store.Term) time.Duration {
	if term.Unsure() {
		return okta.LongestWrite
	}
	return 0
}

// deskOf is the desk as forms ask it. Only the process that leads asks Okta: where
// another one cannot tell whether somebody may decide, it shows them the form, and what
// they submit is judged by the process that leads.
type deskOf struct {
	*desk.Desk
	term *store.Term
}

// MayDecide is that of the desk.
func (d deskOf) MayDecide(ctx context.Context, in desk.Intent) (*reset.Request, error) {
	r, err := d.Desk.MayDecide(ctx, in)
	if errors.Is(err, errStandby) {
		return d.Desk.Record.Get(ctx, in.Request)
	}
	return r, err
}

// errStandby says that another process leads.
var errStandby = errors.New("this process does not lead, and only the one that leads asks Okta")

// standby is what is asked of Okta by parts that a process has before it leads.
type standby struct{ client atomic.Pointer[okta.Client] }

// ask asks the client, which a process has that leads.
func ask[T any](s *standby, call func(*okta.Client) (T, error)) (answer T, err error) {
	if c := s.client.Load(); c != nil {
		return call(c)
	}
	return answer, errStandby
}

// UsersByEmail is the client's.
func (s *standby) UsersByEmail(ctx context.Context, email string) ([]okta.User, error) {
	return ask(s, func(c *okta.Client) ([]okta.User, error) { return c.UsersByEmail(ctx, email) })
}

// GroupsOf is the client's.
func (s *standby) GroupsOf(ctx context.Context, userID string) ([]okta.Group, error) {
	return ask(s, func(c *okta.Client) ([]okta.Group, error) { return c.GroupsOf(ctx, userID) })
}

// GroupMembers is the client's.
func (s *standby) GroupMembers(ctx context.Context, groupID string) iter.Seq2[okta.User, error] {
	if c := s.client.Load(); c != nil {
		return c.GroupMembers(ctx, groupID)
	}
	return func(yield func(okta.User, error) bool) { yield(okta.User{}, errStandby) }
}

// Resolve is the client's.
func (s *standby) Resolve(ctx context.Context, refs []okta.Ref, progress func(int)) ([]okta.Match, error) {
	return ask(s, func(c *okta.Client) ([]okta.Match, error) { return c.Resolve(ctx, refs, progress) })
}

// Schema is the client's.
func (s *standby) Schema(ctx context.Context) ([]okta.Attribute, error) {
	return ask(s, func(c *okta.Client) ([]okta.Attribute, error) { return c.Schema(ctx) })
}

// Devices is the client's.
func (s *standby) Devices(ctx context.Context, userID string) ([]okta.Device, error) {
	return ask(s, func(c *okta.Client) ([]okta.Device, error) { return c.Devices(ctx, userID) })
}

// Challenge is the client's.
func (s *standby) Challenge(ctx context.Context, userID, factorID string) (okta.Challenge, error) {
	return ask(s, func(c *okta.Client) (okta.Challenge, error) { return c.Challenge(ctx, userID, factorID) })
}

// Answer is the client's.
func (s *standby) Answer(ctx context.Context, userID, factorID, transaction string) (okta.PushResult, error) {
	return ask(s, func(c *okta.Client) (okta.PushResult, error) { return c.Answer(ctx, userID, factorID, transaction) })
}

// Clock is the client's.
func (s *standby) Clock() (ahead time.Duration, known bool) {
	if c := s.client.Load(); c != nil {
		return c.Clock()
	}
	return 0, false
}

const (
	followAgain = time.Second            // after a lead was lost, or etcd went away
	leadAgain   = 200 * time.Millisecond // after a try to lead that failed
)

// passes reports whether an error of a shared record passes: the lead was lost to another
// process, or etcd is away. Where a part of the bot is still running it does not.
func passes(err error) bool {
	if errors.Is(err, errStillRunning) {
		return false
	}
	return errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrAway) || errors.Is(err, store.ErrUnknown)
}
