package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	severalBots  = 2
	flightTime   = 8 * time.Second  // for calls to be in flight before something fails
	takeoverTime = 60 * time.Second // for somebody to lead after that
	leadLine     = `"this process leads"`
	leadLongest  = 15 * time.Second // a takeover, at the 95th percentile, since etcd has a leader
	ttlEnv       = "FACTORBOT_DRILL_TTL"
)

// leaseTTL is what a drill has told its bot of the lease.
func leaseTTL() time.Duration {
	seconds, _ := strconv.Atoi(os.Getenv(ttlEnv)) // none is 0
	return time.Duration(seconds) * time.Second
}

// severalFigures are what a drill of several bots comes to.
type severalFigures struct {
	Rounds    int            `json:"rounds"`
	InFlight  int            `json:"in_flight"` // rounds with a reset on its way
	Kinds     map[string]int `json:"kinds"`     // rounds by what failed
	Takeovers []float64      `json:"takeovers"` // seconds
	P95       float64        `json:"p95"`
	Handover  float64        `json:"handover"` // seconds, from SIGTERM on
}

func (f *severalFigures) print(line func(string, any)) {
	line("rounds", fmt.Sprintf("%d, %d with resets in flight", f.Rounds, f.InFlight))
	for _, k := range failures() {
		line("  "+k.name, f.Kinds[k.name])
	}
	if n := len(f.Takeovers); n > 0 {
		line("takeovers", fmt.Sprintf("%d, %.1f s at most, %.1f s at the 95th percentile", n, slices.Max(f.Takeovers), f.P95))
	}
	line("handover after SIGTERM", fmt.Sprintf("%.1f s", f.Handover))
}

// failure is what happens in a round: to the bot that leads or the one that follows, and
// to the member of etcd that leads.
type failure struct {
	name                   string
	leader, follower, etcd deed
}

// deed is what is done to a process.
type deed int

const (
	nothing deed = iota
	kills        // SIGKILL, and it is started again
	stops        // SIGSTOP, and SIGCONT when its time is over
	cuts         // its connections to etcd break, and none can be made, until its time is over
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

// several is a drill of several bots on members of etcd.
type several struct {
	*drill
	figures *severalFigures
	members []*member
	bots    []*severalBot
	born    int // bots started so far
	lead    int // index of the bot that was last seen to begin to lead
}

// severalBot is one of the bots, and its ways to etcd.
type severalBot struct {
	*drillBot
	gates []*gate
	read  int  // bytes of its log that were looked at
	leads bool // by its log
	halt  bool // it is stopped, or cut off
}

// runSeveral lets bots and members of etcd fail, round after round, then lets the bots
// finish what is left, and judges.
func (d *drill) runSeveral(ctx context.Context) (*drillFigures, error) {
	s := &several{drill: d, figures: &severalFigures{Kinds: map[string]int{}}, lead: -1}
	d.figures.Several = s.figures
	var err error
	if d.bot, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if err := d.configure(""); err != nil {
		return nil, err
	}
	// What a bot has acknowledged is served from the record alone: history would tell of it again.
	if err := d.work.Set(settings(map[string]any{"slack_fail_next": noHistory()})); err != nil {
		return nil, err
	}
	err = s.begin(ctx)
	if err == nil {
		people := d.gather(ctx)
		err = s.rounds(ctx)
		if err == nil {
			err = s.peace(ctx)
		}
		people()
	}
	if err = errors.Join(err, s.end()); err != nil {
		return nil, err
	}
	s.judgeRounds()
	d.judge()
	return &d.figures, nil
}

func noHistory() []map[string]any {
	return []map[string]any{{"method": "conversations.history", "kind": "5xx", "times": 1_000_000}}
}

// begin starts etcd and the bots.
func (s *several) begin(ctx context.Context) (err error) {
	if s.members, err = startEtcd(ctx, s.dir, s.Server); err != nil {
		return err
	}
	for range severalBots {
		b := &severalBot{}
		for _, m := range s.members {
			g, err := openGate(m.client)
			if err != nil {
				return err
			}
			b.gates = append(b.gates, g)
		}
		s.bots = append(s.bots, b)
		if err := s.bear(ctx, b); err != nil {
			return err
		}
	}
	return s.await(ctx, "a bot leads", takeoverTime, func() bool { return s.leading() >= 0 })
}

// bear starts a bot, or starts it again.
func (s *several) bear(ctx context.Context, b *severalBot) (err error) {
	s.born++
	var hosts []string
	for _, g := range b.gates {
		hosts = append(hosts, g.addr())
	}
	b.read, b.leads, b.halt = 0, false, false
	b.drillBot, err = s.startBotAs(ctx, fmt.Sprintf("bot-%d.log", s.born), []string{
		"FACTORBOT_DB=etcd://" + strings.Join(hosts, ",") + "/drill", ttlEnv + "=" + strconv.Itoa(s.TTL),
	})
	return err
}

// end stops whatever is there.
func (s *several) end() error {
	var errs []error
	for _, b := range s.bots {
		if b.drillBot != nil && !b.dead() {
			_ = b.cmd.Process.Signal(syscall.SIGCONT)
			b.kill()
		}
		for _, g := range b.gates {
			g.close()
		}
	}
	for _, m := range s.members {
		errs = append(errs, m.end())
	}
	return errors.Join(errs...)
}

// await waits for something, for a time; what did not come is a finding, not an error.
func (s *several) await(ctx context.Context, what string, within time.Duration, is func() bool) error {
	short, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := every(short, drillPoll, func() (bool, error) { return is(), s.alive() })
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.wrong("after %s it is not so that %s%s", within, what, s.bots[0].tail())
		return nil
	}
	return err
}

// alive fails for a bot that has ended by itself.
func (s *several) alive() error {
	for _, b := range s.bots {
		if b.drillBot != nil && b.dead() && !b.killed() {
			return fmt.Errorf("a bot ended by itself: %w%s", b.err, b.tail())
		}
	}
	return nil
}

// leading returns which bot leads by what they log, -1 if none does: the last that began to.
func (s *several) leading() int {
	for i, b := range s.bots {
		log, err := os.ReadFile(b.logs)
		if err != nil || len(log) <= b.read {
			continue
		}
		if at := bytes.LastIndex(log[b.read:], []byte(leadLine)); at >= 0 {
			s.lead, b.leads = i, true
		}
		b.read = len(log)
	}
	if s.lead >= 0 && s.bots[s.lead].leads {
		return s.lead
	}
	return -1
}

// rounds lets things fail as often as was asked for.
func (s *several) rounds(ctx context.Context) error {
	kinds := failures()
	for n := range s.Rounds {
		if s.reached() > 0.1 {
			if err := s.ask(); err != nil {
				return err
			}
		}
		if err := s.round(ctx, kinds[n%len(kinds)]); err != nil {
			return err
		}
		s.tell("%d of %d rounds, %d with resets in flight; %d resets in %d requests", n+1, s.Rounds, s.figures.InFlight, s.org.Books().Effects, s.asked())
	}
	return nil
}

// round waits for a reset on its way, lets something fail, and waits until somebody leads
// and all that failed is back.
func (s *several) round(ctx context.Context, f failure) error {
	flying, cancel := context.WithTimeout(ctx, flightTime)
	err := every(flying, drillPoll/4, func() (bool, error) { return s.writes.Load() > 0, nil })
	cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.figures.Rounds++
	s.figures.Kinds[f.name]++
	if err == nil {
		s.figures.InFlight++
	}
	lead := s.leading()
	if lead < 0 {
		return errors.New("nobody leads")
	}
	leader, follower := s.bots[lead], s.bots[1-lead]
	member, err := s.etcdLeader(ctx, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	if f.leader != nothing {
		leader.leads = false
	}
	for _, do := range []func() error{
		func() error { return s.hit(f.leader, leader) },
		func() error { return s.hit(f.follower, follower) },
		func() error { return member.hit(f.etcd) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	if f.leader != nothing {
		if f.etcd != nothing {
			if _, err := s.etcdLeader(ctx, member); err != nil {
				return err
			}
			began = time.Now()
		}
		if err := s.await(ctx, "the other bot leads", takeoverTime, func() bool { return s.leading() == 1-lead }); err != nil {
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
	if err := member.mend(ctx); err != nil {
		return err
	}
	return s.await(ctx, "a bot leads", takeoverTime, func() bool { return s.leading() >= 0 })
}

// rest waits for as long as a lease lasts, and a little longer.
func (s *several) rest(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, time.Duration(s.TTL)*time.Second+time.Second)
	defer cancel()
	<-short.Done()
	return ctx.Err()
}

func (s *several) hit(d deed, b *severalBot) error {
	switch d {
	case kills:
		b.kill()
	case stops:
		b.halt = true
		return b.cmd.Process.Signal(syscall.SIGSTOP)
	case cuts:
		b.halt = true
		for _, g := range b.gates {
			g.shut(true)
		}
	}
	return nil
}

// mend brings a bot back.
func (s *several) mend(ctx context.Context, b *severalBot) error {
	if b.dead() {
		return s.bear(ctx, b)
	}
	if !b.halt {
		return nil
	}
	b.halt = false
	for _, g := range b.gates {
		g.shut(false)
	}
	return b.cmd.Process.Signal(syscall.SIGCONT)
}

// etcdLeader asks etcd which of its members leads, and waits until one does; gone is not asked.
func (s *several) etcdLeader(ctx context.Context, gone *member) (*member, error) {
	var found *member
	err := every(ctx, drillPoll, func() (bool, error) {
		for _, m := range s.members {
			if m == gone {
				continue
			}
			if id, leader, err := m.status(ctx); err == nil && leader != "" && id == leader {
				found = m
			}
		}
		return found != nil, nil
	})
	return found, err
}

// peace lets the bots finish what is left, hands the lead over as a deployment does, and
// stops them.
func (s *several) peace(ctx context.Context) error {
	if err := s.calm(); err != nil {
		return err
	}
	if err := s.work.Set(settings(map[string]any{"slack_fail_next": noHistory()})); err != nil {
		return err
	}
	lead := s.leading()
	if lead < 0 {
		return errors.New("nobody leads")
	}
	began := time.Now()
	if err := s.bots[lead].stop(); err != nil {
		s.wrong("told to stop, the bot that leads ended with %v", err)
	}
	s.bots[lead].leads = false
	if err := s.awaitOther(ctx, lead); err != nil {
		return err
	}
	s.figures.Handover = time.Since(began).Seconds()
	if err := s.bear(ctx, s.bots[lead]); err != nil {
		return err
	}
	if err := s.await(ctx, "all requests are finished", drillPeace, func() bool {
		s.tell("%d of %d requests are finished", s.finished(), s.asked())
		return s.finished() >= s.asked() && s.calls.Load() == 0
	}); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, 2*time.Second) // the last edits
	<-short.Done()
	cancel()
	for _, b := range s.bots {
		if err := b.stop(); err != nil {
			s.wrong("told to stop, a bot ended with %v", err)
		}
	}
	return ctx.Err()
}

// awaitOther waits until the bot leads that did not; the other one has been told to stop.
func (s *several) awaitOther(ctx context.Context, lead int) error {
	short, cancel := context.WithTimeout(ctx, takeoverTime)
	defer cancel()
	err := every(short, drillPoll, func() (bool, error) { return s.leading() == 1-lead, nil })
	if err != nil && ctx.Err() == nil {
		s.wrong("nobody leads %s after the bot that led was told to stop", takeoverTime)
		return nil
	}
	return err
}

// judgeRounds holds the rounds to what was promised.
func (s *several) judgeRounds() {
	f := s.figures
	if 3*f.InFlight < 2*f.Rounds {
		s.wrong("only %d of %d rounds had a reset on its way", f.InFlight, f.Rounds)
	}
	if len(f.Takeovers) > 0 {
		sorted := slices.Sorted(slices.Values(f.Takeovers))
		f.P95 = sorted[(len(sorted)*95+99)/100-1]
	}
	if f.P95 > leadLongest.Seconds() {
		s.wrong("takeovers took %.1f s at the 95th percentile with a lease of %d s", f.P95, s.TTL)
	}
}

// status asks a member who it is and who leads.
func (m *member) status(ctx context.Context) (id, leader string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.client+"/v3/maintenance/status", strings.NewReader("{}"))
	if err != nil {
		return "", "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Header struct {
			ID string `json:"member_id"`
		} `json:"header"`
		Leader string `json:"leader"`
	}
	err = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Header.ID, answer.Leader, err
}

// logOf is where a member's log is.
func logOf(dir, name string) string { return filepath.Join(dir, "etcd-"+name+".log") }
