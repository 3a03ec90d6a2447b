package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"factorbot/bot/slacksim"
	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta/oktasim"
)

const (
	usersBucket   = "/api/v1/users"         // the rate limit that resets draw on
	factorsBucket = "/api/v1/users/factors" // the one of readings of factors, where they have one of their own
	channel       = "C_FACTORS"
)

// world is what one side of a comparison acts on: a simulated org and a simulated
// workspace, whose own rate limits are out of the way. Both are served under one URL.
type world struct {
	org    *oktasim.Org
	work   *slacksim.Workspace
	url    string
	lc     *app.Lifecycle
	roster []oktasim.User // to be reset
}

func (c *comparison) newWorld(ctx context.Context) (*world, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	w := &world{url: "http://" + listener.Addr().String(), lc: app.NewLifecycle(ctx)}
	if err := w.simulate(&c.benchSettings); err != nil {
		return nil, errors.Join(err, w.lc.Stop(), listener.Close())
	}
	app.Serve(w.lc, listener, sandbox.Handler(w.org, w.work, app.NewHealth()))
	return w, nil
}

func (w *world) simulate(s *benchSettings) (err error) {
	opt := oktasim.Options{
		Given: sandbox.Cast(), Users: max(s.OrgUsers, s.roster()), AllActive: true, Seed: 1, RateLimit: s.Limit, Window: s.Window, TokenShare: s.Share,
		Latency: s.Latency, LogLag: s.LogLag, EnrolAgain: s.EnrolAgain, Faults: s.Faults, MaxSearchTerms: s.SearchTerms, Token: sandbox.Token,
	}
	if s.OfFactors > 0 {
		opt.Buckets = map[string]string{"GET /api/v1/users/{id}/factors": factorsBucket}
		opt.Limits = map[string]int{factorsBucket: s.OfFactors}
		opt.FirstWindow = map[string]time.Duration{factorsBucket: s.Window / 3}
	}
	if w.org, w.work, err = sandbox.Simulate(w.lc, opt, slacksim.Options{URL: w.url}); err != nil {
		return err
	}
	_, err = w.org.Set(sandbox.Settings(map[string]any{
		"taken_by_others": s.Taken,
		"fault_kinds":     map[string]int{"error_before": 1, "error_after": 1, "drop_before": 1, "drop_after": 2, "nothing": 1},
	}))
	var all []oktasim.User // but for the workspace's people and the token's owner, who has no factor
	for _, u := range w.org.Users() {
		if u.Department != sandbox.Department && len(u.Factors) > 0 {
			all = append(all, u)
		}
	}
	if n := s.roster(); len(all) < n {
		err = errors.Join(err, fmt.Errorf("the org has %d users that can be reset, %d are asked for", len(all), n))
	} else {
		w.roster = spread(all, n)
	}
	return errors.Join(err, w.work.Set(sandbox.Settings(map[string]any{"slack_no_limits": true})))
}

// spread takes n users from all over the list: neighbours would come on one page.
func spread(all []oktasim.User, n int) []oktasim.User {
	some := make([]oktasim.User, n)
	for i := range some {
		some[i] = all[i*len(all)/n]
	}
	return some
}

const (
	pagePoll  = 50 * time.Millisecond // how often the workspace is looked at
	startTime = 30 * time.Second      // for the bot to open a socket
)

// errPaused says that a request waits for a person, which a comparison does not have.
var errPaused = errors.New("the request was paused")

// connected waits until the bot has opened a socket.
func (w *world) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := process.Every(ctx, pagePoll, func() (bool, error) { return w.work.Sockets() > 0, nil }); err != nil {
		return fmt.Errorf("wait for the bot to connect: %w", err)
	}
	return nil
}

// upload asks for a request by a roster in a file.
func (w *world) upload(roster []byte) error {
	_, err := w.work.Upload(slacksim.Upload{
		User: "U_REQUESTER", Channel: channel, Comment: "bench",
		Files: []slacksim.UploadedFile{{Name: "roster.csv", Content: roster}},
	})
	return err
}

// pending waits for the n-th request's plan, and returns the button that approves it.
func (w *world) pending(ctx context.Context, n int) (approve slacksim.Click, err error) {
	m, err := w.await(ctx, fmt.Sprintf("the plan of FR-%d", n), func(m *slacksim.Message) bool {
		return strings.HasPrefix(process.ButtonValue(m.Blocks, "approve"), fmt.Sprintf("FR-%d:", n))
	})
	if err != nil {
		return approve, err
	}
	return slacksim.Click{User: "U_APPROVER1", Channel: channel, Message: m.TS, ActionID: "approve", Value: process.ButtonValue(m.Blocks, "approve")}, nil
}

// approve presses the button.
func (w *world) approve(ctx context.Context, button slacksim.Click) error {
	answer, err := w.work.Click(ctx, button)
	if err == nil && !answer.OK {
		err = fmt.Errorf("the bot did not take the approval: %s", answer.Error)
	}
	return err
}

// table waits for the bot's file of this name and reads it.
func (w *world) table(ctx context.Context, name string) ([]map[string]string, error) {
	m, err := w.await(ctx, name, func(m *slacksim.Message) bool { return len(m.Files) == 1 && m.Files[0]["name"] == name })
	if err != nil {
		return nil, err
	}
	_, content, err := w.work.FileContent(fmt.Sprint(m.Files[0]["id"]))
	if err != nil {
		return nil, err
	}
	return process.ReadTable(content)
}

// await waits for a message that fits. A pause ends the wait.
func (w *world) await(ctx context.Context, what string, fits func(*slacksim.Message) bool) (found *slacksim.Message, err error) {
	var last []*slacksim.Message
	err = process.Every(ctx, pagePoll, func() (_ bool, err error) {
		if last, err = w.work.Messages(channel, ""); err != nil {
			return false, err
		}
		for _, m := range last {
			if fits(m) {
				found = m
				return true, nil
			}
			if process.ButtonValue(m.Blocks, "resume") != "" {
				return false, fmt.Errorf("%w: %s", errPaused, m.Text)
			}
		}
		return false, nil
	})
	if err != nil {
		var texts []string
		for _, m := range last[max(0, len(last)-4):] {
			texts = append(texts, fmt.Sprintf("%.200q", m.Text))
		}
		return nil, fmt.Errorf("wait for %s: %w; the last messages: %s", what, err, strings.Join(texts, " "))
	}
	return found, nil
}
