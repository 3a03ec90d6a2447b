package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// How old the lists of the protected may be: they are read anew every minute
// while something runs, and after two minutes nobody is claimed by them.
const (
	guardEvery = time.Minute
	guardStale = 2 * time.Minute
)

// guard keeps the lists of those who must not be reset.
type guard struct {
	runner  *Runner
	reading chan struct{} // held by who reads; not a mutex, because reading waits for Okta

	mu   sync.Mutex
	list map[string]bool
	read time.Time
	err  error
}

// refresh reads the lists anew, unless somebody began to while we waited for our turn.
func (g *guard) refresh(ctx context.Context) {
	if g.runner.Rules().Protect.Admins != policy.AdminsList {
		return
	}
	asked := time.Now()
	select {
	case g.reading <- struct{}{}:
		defer func() { <-g.reading }()
	case <-ctx.Done():
		return
	}
	if g.readSince(asked) {
		return
	}
	began := time.Now()
	list, err := g.runner.Directory.Admins(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
	if err != nil {
		g.runner.Log.Warn("the lists of administrators cannot be read; every target is asked for its roles", "err", err)
		return
	}
	g.list, g.read = list, began
}

func (g *guard) readSince(asked time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err == nil && g.read.After(asked)
}

// keep refreshes the lists until ctx ends.
func (g *guard) keep(ctx context.Context) {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.refresh(ctx)
		}
	}
}

// admins reads the lists and returns them. Without lists to go by it returns an
// error; where nobody is protected as an administrator, an empty list.
func (g *guard) admins(ctx context.Context) (map[string]bool, error) {
	switch g.runner.Rules().Protect.Admins {
	case policy.AdminsOff:
		return nil, nil
	case policy.AdminsEach:
		return nil, fmt.Errorf("administrators are asked for one by one")
	}
	g.refresh(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.list, g.err
}

// allows judges a target right before it is claimed: by the lists if they are
// fresh, else by asking Okta for the target's roles. An error means that
// nothing is known, and nobody may be reset.
func (g *guard) allows(ctx context.Context, t reset.Target) (reset.Reason, error) {
	rules := g.runner.Rules()
	list, fresh := g.current()
	if rules.Protect.Admins == policy.AdminsList && !fresh || rules.Protect.Admins == policy.AdminsEach {
		roles, err := g.runner.Directory.Roles(ctx, string(t.User))
		if err != nil {
			return "", fmt.Errorf("ask for the roles of row %d: %w", t.Row, err)
		}
		list = map[string]bool{string(t.User): len(roles) > 0}
	}
	if rules.Protect.Admins == policy.AdminsOff {
		list = nil
	}
	reason, _ := rules.Protected(t.User, t.Login, nil, list)
	return reason, nil
}

func (g *guard) current() (list map[string]bool, fresh bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.list, g.list != nil && time.Since(g.read) < guardStale
}

// stale reports whether the lists have grown too old for a claim.
func (g *guard) stale() bool {
	if g.runner.Rules().Protect.Admins != policy.AdminsList {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err == nil && time.Since(g.read) >= guardStale
}
