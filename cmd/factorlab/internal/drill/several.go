package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"factorbot/cmd/factorlab/internal/process"
)

const (
	severalBots     = 2
	takeoverTime    = 60 * time.Second // for somebody to lead after something has failed
	leadLongest     = 15 * time.Second // a takeover, at the 95th percentile, since etcd has a leader
	handoverLongest = 2 * time.Second  // from SIGTERM on
	ttlEnv          = "FACTORBOT_DRILL_TTL"
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
	Acked     map[string]int `json:"acked"`    // envelopes that the bots have acknowledged, by kind
	Lost      int            `json:"lost"`     // those of them that the record does not know, or that nobody has served
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
	line("envelopes acknowledged", fmt.Sprintf("%d uploads, %d clicks, %d commands", f.Acked["upload"], f.Acked["click"], f.Acked["command"]))
	line("  lost", f.Lost)
}

// several is a drill of several bots on members of etcd.
type several struct {
	*drill
	figures *severalFigures
	members []*process.Member
	bots    []*severalBot
	born    int // bots started so far
}

// severalBot is one of the bots, and its ways to etcd.
type severalBot struct {
	*drillBot
	gates []*gate
	read  int64 // bytes of its log that were looked at
	term  int   // that it leads in by its log; 0: it follows
	halt  bool  // it is stopped, or cut off
}

// runSeveral lets bots and members of etcd fail, round after round, then lets the bots
// finish what is left, and judges.
func (d *drill) runSeveral(ctx context.Context) (*drillFigures, error) {
	s := &several{drill: d, figures: &severalFigures{Kinds: map[string]int{}, Acked: map[string]int{}}}
	d.figures.Several, d.patient = s.figures, newPatience()
	err := d.findBot(ctx, d.Clocks)
	if err != nil {
		return nil, err
	}
	if err := d.setPolicy(""); err != nil {
		return nil, err
	}
	if err := s.setSlack(); err != nil {
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
	if err == nil {
		err = s.judgeEnvelopes(ctx)
	}
	if err = errors.Join(err, s.end()); err != nil {
		return nil, err
	}
	s.judgeRounds()
	d.judge()
	return &d.figures, nil
}

// setSlack lets an event be sent again until somebody acknowledges it: in this drill no bot
// can read what it has missed, so that what one has acknowledged is served from the record
// alone. Slack itself gives up after three tries within six minutes.
func (s *several) setSlack() error {
	var waits []string
	for _, wait := range []time.Duration{0, 1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32} {
		waits = append(waits, (wait * time.Second).String())
	}
	return s.work.Set(settings(map[string]any{"slack_retries": waits}))
}

// begin starts etcd and the bots, waits until they hear Slack, and lets people ask: of
// what they ask earlier nobody would hear for a while.
func (s *several) begin(ctx context.Context) (err error) {
	if s.members, err = process.StartEtcd(ctx, s.dir, s.Server); err != nil {
		return err
	}
	for range severalBots {
		b := &severalBot{}
		for _, m := range s.members {
			g, err := openGate(m.Client)
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
	if err := s.await(ctx, "a bot leads, and Slack reaches both", takeoverTime, func() bool {
		return s.leading() >= 0 && s.work.Sockets() >= 2*severalBots
	}); err != nil {
		return err
	}
	return s.ask()
}

// bear starts a bot, or starts it again.
func (s *several) bear(ctx context.Context, b *severalBot) (err error) {
	s.born++
	b.read, b.term, b.halt = 0, 0, false
	env := []string{"FACTORBOT_DB=" + address(b.gates), ttlEnv + "=" + strconv.Itoa(s.TTL)}
	if s.Clocks {
		s.drill.figures.OwnClocks++
		env = append(env, s.ownClock())
	}
	b.drillBot, err = s.startBotAs(ctx, fmt.Sprintf("bot-%d.log", s.born), env)
	return err
}

// address is that of the record, by these ways to it.
func address(gates []*gate) string {
	var hosts []string
	for _, g := range gates {
		hosts = append(hosts, g.addr())
	}
	return "etcd://" + strings.Join(hosts, ",") + "/drill"
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
		errs = append(errs, m.Kill())
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

// leading returns which bot leads by what they log, -1 if none does: of those that have
// not said that they follow again, the one whose term began last.
func (s *several) leading() int {
	lead, term := -1, 0
	for i, b := range s.bots {
		b.readLog()
		if b.term > term {
			lead, term = i, b.term
		}
	}
	return lead
}

// readLog reads what the bot has logged since: whether it leads, and in which term.
func (b *severalBot) readLog() {
	log, err := os.ReadFile(b.logs)
	if err != nil || int64(len(log)) <= b.read {
		return
	}
	for line := range strings.Lines(string(log[b.read:])) {
		if !strings.HasSuffix(line, "\n") {
			return // the rest of it is not there yet
		}
		b.read += int64(len(line))
		var said struct {
			Msg  string `json:"msg"`
			Term int    `json:"term"`
		}
		if json.Unmarshal([]byte(line), &said) != nil {
			continue
		}
		switch said.Msg {
		case "this process leads":
			b.term = said.Term
		case "this process follows again":
			b.term = 0
		}
	}
}

// peace lets the bots finish what is left, hands the lead over as a deployment does, and
// stops them.
func (s *several) peace(ctx context.Context) error {
	if err := s.handOver(ctx); err != nil {
		return err
	}
	if err := s.calm(); err != nil {
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

// handOver tells the bot that leads to stop, while resets are on their way, waits until
// the other one leads, and starts the first again.
func (s *several) handOver(ctx context.Context) error {
	if _, err := s.flying(ctx); err != nil {
		return err
	}
	lead := s.leading()
	if lead < 0 {
		return errors.New("nobody leads")
	}
	old, began := s.bots[lead], time.Now()
	term := old.term
	old.tellToStop()
	short, cancel := context.WithTimeout(ctx, takeoverTime)
	defer cancel()
	err := every(short, drillPoll, func() (bool, error) { s.leading(); return s.bots[1-lead].term > term, nil })
	s.figures.Handover = time.Since(began).Seconds()
	if err != nil && ctx.Err() == nil {
		s.wrong("nobody leads %s after the bot that led was told to stop", takeoverTime)
		err = nil
	}
	if stopped := old.ended(); stopped != nil {
		s.wrong("told to stop, the bot that leads ended with %v", stopped)
	}
	if err != nil {
		return err
	}
	return s.bear(ctx, old)
}
