package drill

import (
	"context"
	"errors"
	"syscall"
	"time"

	"factorbot/cmd/factorlab/internal/process"
)

const (
	flightTime = 40 * time.Second       // for a reset to be on its way before something fails
	askPause   = 200 * time.Millisecond // between two looks whether more requests are due
)

// failure is what happens in a round: to the bot that leads or the one that follows, and
// to the member of etcd that leads.
type failure struct {
	name                   string
	leader, follower, etcd action
}

// action is what is done to a process.
type action int

const (
	nothing action = iota
	kills          // SIGKILL, and it is started again
	stops          // SIGSTOP, and SIGCONT when its time is over
	cuts           // its connections to etcd break, and none can be made, until its time is over
)

func failures() []failure {
	return []failure{
		{name: "the leader is killed", leader: kills},
		{name: "the leader is stopped", leader: stops},
		{name: "the leader is cut off from etcd", leader: cuts},
		{name: "etcd's leader is killed", etcd: kills},
		{name: "the leader and etcd's are killed", leader: kills, etcd: kills},
		{name: "the follower is killed", follower: kills},
		{name: "etcd's leader is stopped", etcd: stops},
		{name: "the leader is stopped and etcd's killed", leader: stops, etcd: kills},
		{name: "the follower is stopped", follower: stops},
		{name: "the leader is killed and etcd's stopped", leader: kills, etcd: stops},
	}
}

// rounds lets things fail as often as was asked for.
func (s *several) rounds(ctx context.Context) error {
	kinds := failures()
	for n := range s.Rounds {
		if err := s.round(ctx, kinds[n%len(kinds)]); err != nil {
			return err
		}
		s.tell("%d of %d rounds, %d with resets in flight; %d resets in %d requests", n+1, s.Rounds, s.figures.InFlight, s.org.Books().Effects, s.asked())
	}
	return nil
}

// flying waits for a reset on its way, and reports whether one came. More requests are
// asked for when the last ones are being served.
func (s *several) flying(ctx context.Context) (bool, error) {
	short, cancel := context.WithTimeout(ctx, flightTime)
	defer cancel()
	var asked time.Time
	err := process.Every(short, drillPoll/4, func() (bool, error) {
		if time.Since(asked) > askPause {
			asked = time.Now()
			if s.reached() > 0.1 {
				if err := s.ask(); err != nil {
					return false, err
				}
			}
			if err := alive(s.started()...); err != nil {
				return false, err
			}
		}
		return s.writes.Load() > 0, nil
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// round waits for a reset on its way, lets something fail, and waits until somebody leads
// and all that failed is back.
func (s *several) round(ctx context.Context, f failure) error {
	member, err := s.etcdLeader(ctx, nil)
	if err != nil {
		return err
	}
	flies, err := s.flying(ctx)
	if err != nil {
		return err
	}
	lead := s.leading()
	if lead < 0 {
		return errors.New("nobody leads")
	}
	leader, follower := s.bots[lead], s.bots[1-lead]
	term, began := leader.term, time.Now()
	s.figures.Rounds++
	s.figures.Kinds[f.name]++
	if flies {
		s.figures.InFlight++
	}
	if err := errors.Join(s.hit(f.leader, leader), s.hit(f.follower, follower), hitMember(f.etcd, member)); err != nil {
		return err
	}
	if f.leader != nothing {
		if f.etcd != nothing {
			if _, err := s.etcdLeader(ctx, member); err != nil {
				return err
			}
			began = time.Now()
		}
		if err := s.await(ctx, "the other bot leads", func() bool { s.leading(); return follower.term > term }); err != nil {
			return err
		}
		s.figures.Takeovers = append(s.figures.Takeovers, time.Since(began).Seconds())
	} else if err := s.rest(ctx); err != nil { // it may lead on; or its lease may be over
		return err
	}
	for _, b := range s.bots {
		if err := s.mend(ctx, b); err != nil {
			return err
		}
	}
	if err := errors.Join(member.Start(), member.Signal(syscall.SIGCONT)); err != nil {
		return err
	}
	return s.await(ctx, "a bot leads", func() bool { return s.leading() >= 0 })
}

// rest waits for as long as a lease lasts, and a little longer.
func (s *several) rest(ctx context.Context) error {
	return process.Sleep(ctx, time.Duration(s.TTL)*time.Second+time.Second)
}

func (s *several) hit(do action, b *severalBot) error {
	switch do {
	case kills:
		b.Kill()
	case stops:
		b.halt = true
		return b.Signal(syscall.SIGSTOP)
	case cuts:
		b.halt = true
		for _, g := range b.gates {
			g.shut(true)
		}
	}
	return nil
}

func hitMember(do action, m *process.Member) error {
	switch do {
	case kills:
		m.Kill()
	case stops:
		return m.Signal(syscall.SIGSTOP)
	}
	return nil
}

// etcdLeader asks etcd which of its members leads, and waits until one does; gone is not asked.
func (s *several) etcdLeader(ctx context.Context, gone *process.Member) (found *process.Member, err error) {
	err = process.Every(ctx, drillPoll, func() (bool, error) {
		for _, m := range s.members {
			if m == gone {
				continue
			}
			if leads, err := m.Leads(ctx); err == nil && leads {
				found = m
			}
		}
		return found != nil, nil
	})
	return found, err
}

// mend brings a bot back.
func (s *several) mend(ctx context.Context, b *severalBot) error {
	if b.Ended() {
		return s.bear(ctx, b)
	}
	if !b.halt {
		return nil
	}
	b.halt = false
	for _, g := range b.gates {
		g.shut(false)
	}
	return b.Signal(syscall.SIGCONT)
}
