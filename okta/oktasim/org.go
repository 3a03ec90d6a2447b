package oktasim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Org is a simulated Okta org. It is an http.Handler, safe for concurrent use,
// and must be closed.
type Org struct {
	opt    Options
	routes []route
	id     string
	key    string // ID of the SSWS token, ^00T...
	app    string // ID of the admin console's app

	stop context.CancelFunc
	done <-chan struct{} // closed by stop
	wake chan struct{}   // the schedule has changed
	work sync.WaitGroup  // what Close waits for

	mu sync.Mutex // guards everything below
	directory
	set      settings
	rng      *rand.Rand
	planned  []planned
	owner    *person           // of the SSWS token
	custom   map[string]string // profile attributes beside the base ones, with their types
	tokens   map[string]grant
	seen     map[string]time.Time // client assertions and proofs, by ID, until they expire
	nonces   map[string]nonce
	pushes   map[string]*push
	buckets  map[string]*bucket
	inFlight int
	schedule []task // the earliest first
	log      logbook
	books    books
	watchers map[chan struct{}]struct{}
}

// New is an org with the people that the options ask for.
func New(opt Options) (*Org, error) {
	opt = opt.withDefaults()
	if err := opt.check(); err != nil {
		return nil, fmt.Errorf("oktasim: %w", err)
	}
	rng := rand.New(rand.NewPCG(opt.Seed, 0x0c7a))
	o := &Org{
		opt: opt, routes: moved(routes(bucketMap()), opt.Buckets), id: "00o" + seededID(rng, 17), key: "00T" + seededID(rng, 17),
		app: "0oa" + seededID(rng, 17), wake: make(chan struct{}, 1), directory: newDirectory(), set: newSettings(opt),
		rng: rng, tokens: map[string]grant{}, seen: map[string]time.Time{}, nonces: map[string]nonce{}, pushes: map[string]*push{},
		buckets: map[string]*bucket{}, custom: ownAttributes(), watchers: map[chan struct{}]struct{}{}, books: newBooks(),
	}
	if err := o.populate(); err != nil {
		return nil, fmt.Errorf("oktasim: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	o.stop, o.done = stop, ctx.Done()
	o.work.Go(o.keepTime)
	return o, nil
}

// populate makes the people: the given ones, the token's owner, the generated.
func (o *Org) populate() error {
	now := time.Now()
	everyone := o.group("Everyone", nil, o.rng, now)
	everyone.everyone = true
	var errs []error
	for _, u := range o.opt.Given {
		o.learn(u.Profile)
		if _, err := o.add(u, o.opt.GroupRoles, o.rng, now); err != nil {
			errs = append(errs, err)
		}
	}
	owner, err := o.add(User{Login: "factorbot.service@example.com", FirstName: "Factorbot", LastName: "Service",
		Roles: []string{o.opt.TokenRole}}, nil, o.rng, now)
	if err != nil {
		errs = append(errs, err)
	}
	o.owner = owner
	for i := range o.opt.Users {
		u := generated(i, o.opt, o.rng, now)
		if o.byLogin[u.Login] == nil {
			if _, err := o.add(u, o.opt.GroupRoles, o.rng, now); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Close ends what the org has started, answers waiting calls at once, and
// waits. Watchers' channels are closed. A closed org still answers.
func (o *Org) Close() {
	o.mu.Lock()
	o.stop()
	for watcher := range o.watchers {
		delete(o.watchers, watcher)
		close(watcher)
	}
	o.mu.Unlock()
	o.work.Wait()
}

// closed tells whether Close was called.
func (o *Org) closed() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// now is the time by Okta's clock. The lock is held.
func (o *Org) now() time.Time { return time.Now().Add(o.set.ClockOffset) }

// pause waits, unless the org is closed.
func (o *Org) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-o.done:
	}
}

// Watch tells that something has changed: at least once after the last change,
// at most once for many. The channel is closed when ctx or the org ends.
func (o *Org) Watch(ctx context.Context) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	changes := make(chan struct{}, 1)
	if o.closed() {
		close(changes)
		return changes
	}
	o.watchers[changes] = struct{}{}
	o.work.Go(func() {
		select {
		case <-ctx.Done():
		case <-o.done:
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if _, open := o.watchers[changes]; open {
			delete(o.watchers, changes)
			close(changes)
		}
	})
	return changes
}

// changed tells the watchers. The lock is held.
func (o *Org) changed() {
	for watcher := range o.watchers {
		select {
		case watcher <- struct{}{}:
		default:
		}
	}
}
