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
	"factorbot/cmd/internal/sandbox"
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
	*process.Process
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
			err = s.finish(ctx)
		}
		people()
	}
	if err == nil {
		err = s.judgeEnvelopes(ctx)
	}
	s.end()
	if err != nil {
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
	return s.work.Set(sandbox.Settings(map[string]any{"slack_retries": waits}))
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
	if err := s.await(ctx, "a bot leads, and Slack reaches both", func() bool {
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
	b.Process, err = s.startBot(ctx, fmt.Sprintf("bot-%d.log", s.born), env...)
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
func (s *several) end() {
	for _, b := range s.bots {
		if b.Process != nil {
			b.Kill()
		}
		for _, g := range b.gates {
			g.close()
		}
	}
	for _, m := range s.members {
		m.Kill()
	}
}

// await waits for something, as the drill does with all bots that have been started.
func (s *several) await(ctx context.Context, what string, is func() bool) error {
	return s.drill.await(ctx, what, takeoverTime, is, s.started()...)
}

func (s *several) started() (all []*process.Process) {
	for _, b := range s.bots {
		if b.Process != nil {
			all = append(all, b.Process)
		}
	}
	return all
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
	log, err := os.ReadFile(b.Logs)
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

// finish hands the lead over as a deployment does, and lets the bots finish what is left.
func (s *several) finish(ctx context.Context) error {
	if err := s.handOver(ctx); err != nil {
		return err
	}
	return s.drain(ctx, s.started()...)
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
	if err := old.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.drill.await(ctx, "another bot leads after the one that led was told to stop", takeoverTime, func() bool { s.leading(); return s.bots[1-lead].term > term }, s.bots[1-lead].Process)
	s.figures.Handover = time.Since(began).Seconds()
	if stopped := old.Stopped(); stopped != nil {
		s.wrong("told to stop, the bot that leads ended with %v", stopped)
	}
	if err != nil {
		return err
	}
	return s.bear(ctx, old)
}
