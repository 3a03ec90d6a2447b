package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta/oktasim"
)

// Times of a drill, low so that it takes a minute.
const (
	drillSettle    = 600 * time.Millisecond // okta.settle_after
	drillLag       = 3 * time.Second        // okta.log_lag
	drillLate      = 300 * time.Millisecond // of a call whose effect comes late
	drillLatency   = 30 * time.Millisecond  // of an Okta call while the bot is killed
	drillOnTheWay  = 120 * time.Millisecond // of a reset before Okta has it, so that a run lasts for several lives of the bot
	drillEnrolment = 2 * time.Second        // about how soon after their reset people enrol again
)

// drill is one run of "factorlab drill": the simulated services, in this process,
// and the bot, in others.
type drill struct {
	*drillConfig
	dir  string
	tell func(format string, args ...any)
	rng  *rand.Rand

	lc     *app.Lifecycle
	url    string
	org    *oktasim.Org
	work   *slacksim.Workspace
	calls  atomic.Int64  // of Okta in progress
	writes atomic.Int64  // those of them that reset somebody
	calmed chan struct{} // closed when nobody kills any more
	rounds []drillRound
	users  int // made so far

	share   int             // of the kills: those of this world
	least   int             // times that each point is met in this world
	put     []*drillFigures // of backups that were put back
	solo    bool            // each round is one request
	bot     string          // path of its program
	judged  map[string]bool // result files that were judged by themselves
	resume  atomic.Bool     // whether people resume what is paused
	effects int             // resets by the end of the last life
	idle    int             // lives since the last one that reset somebody
	patient *patience       // of people who press a button; nil: they press again at once

	figures drillFigures
}

// newDrill serves both simulators on a port of this machine.
func newDrill(ctx context.Context, c *drillConfig, dir string, tell func(string, ...any)) (*drill, error) {
	d := &drill{drillConfig: c, dir: dir, tell: tell, rng: rand.New(rand.NewPCG(c.Seed, 0)), lc: app.NewLifecycle(ctx), calmed: make(chan struct{}), judged: map[string]bool{}}
	d.resume.Store(true)
	d.share, d.least = c.Kills, d.each()
	d.figures.begin(c)
	if err := d.open(); err != nil {
		return nil, errors.Join(err, d.lc.Stop())
	}
	return d, nil
}

func (d *drill) open() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	d.url = "http://" + listener.Addr().String()
	if err := d.simulate(); err != nil {
		return errors.Join(err, listener.Close())
	}
	app.Serve(d.lc, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !sandbox.IsOkta(r.URL.Path) {
			if d.Etcd && catchesUp(r) {
				http.Error(w, "service unavailable", http.StatusServiceUnavailable)
				return
			}
			d.work.ServeHTTP(w, r)
			return
		}
		d.calls.Add(1)
		defer d.calls.Add(-1)
		if r.Method != http.MethodGet {
			d.writes.Add(1)
			defer d.writes.Add(-1)
			select { // whoever sent it may die meanwhile
			case <-d.calmed:
			case <-time.After(drillOnTheWay):
			}
		}
		d.org.ServeHTTP(w, r)
	}))
	return nil
}

// catchesUp reports whether a call reads the history of a channel for what people have said.
// Who looks for a post of the bot itself asks for metadata.
func catchesUp(r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/conversations.history") {
		return false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked, err := url.ParseQuery(string(body))
	return err == nil && asked.Get("include_all_metadata") != "1"
}

func (d *drill) simulate() (err error) {
	d.org, d.work, err = sandbox.Simulate(d.lc, oktasim.Options{
		Given: sandbox.Cast(), Seed: d.Seed, RateLimit: 60_000, Window: 10 * time.Second, Token: sandbox.Token, KeepCalls: true,
		Latency: drillLatency, LogLag: drillLag * 4 / 5, EnrolAgain: 0.3, EnrolAfter: drillEnrolment, Faults: d.Faults,
	}, slacksim.Options{URL: d.url, KeepEnvelopes: d.Etcd})
	if err != nil {
		return err
	}
	_, err = d.org.Set(sandbox.Settings(map[string]any{
		"late_by": drillLate.String(),
		"fault_kinds": map[string]float64{
			"error_before": 1, "error_after": 1, "drop_before": 1, "drop_after": 2, "cut_off": 1,
			"gateway": 1, "unavailable": 1, "late": 1, "part": 1, "nothing": 0.05,
		},
	}))
	share := d.Faults / 12
	return errors.Join(err, d.work.Set(sandbox.Settings(map[string]any{
		"slack_no_limits": true, "slack_5xx": share, "slack_lost_answers": share, "slack_internal": share,
		"slack_rate_limited": share, "slack_duplicates": d.Faults,
	})))
}

// endFaults ends the faults and the waiting, so that what is left is done soon.
func (d *drill) endFaults() error {
	close(d.calmed)
	_, err := d.org.Set(sandbox.Settings(map[string]any{"faults": 0, "latency": "5ms"}))
	return errors.Join(err, d.work.Set(sandbox.Settings(map[string]any{
		"slack_5xx": 0, "slack_lost_answers": 0, "slack_internal": 0, "slack_rate_limited": 0, "slack_fail_next": []any{},
	})))
}

func (d *drill) close() error { return d.lc.Stop() }
