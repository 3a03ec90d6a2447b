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
	ctx, cancel := context.WithTimeout(ctx, guardEvery)
	defer cancel()
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

// allows judges a target before it is claimed: by the lists if they are fresh,
// else by asking Okta for the target's roles. It returns since when that is
// known. An error means that nothing is known, and nobody may be reset.
func (g *guard) allows(ctx context.Context, t reset.Target) (reason reset.Reason, knownAt time.Time, err error) {
	rules := g.runner.Rules()
	list, knownAt := g.current()
	switch {
	case rules.Protect.Admins == policy.AdminsOff:
		list, knownAt = nil, time.Now()
	case rules.Protect.Admins == policy.AdminsEach || list == nil || time.Since(knownAt) >= guardStale:
		knownAt = time.Now()
		roles, err := g.runner.Directory.Roles(ctx, string(t.User))
		if err != nil {
			return "", knownAt, fmt.Errorf("ask for the roles of row %d: %w", t.Row, err)
		}
		list = map[string]bool{string(t.User): len(roles) > 0}
	}
	reason, _ = rules.Protected(t.User, t.Login, nil, list)
	return reason, knownAt, nil
}

func (g *guard) current() (list map[string]bool, read time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.list, g.read
}
