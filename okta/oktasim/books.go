package oktasim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Reset is one removal of factors that took effect.
type Reset struct {
	At        time.Time // by Okta's clock
	Real      time.Time // by this machine's, which no setting moves
	Call      string    // "reset_factors" or "delete"
	RequestID string    // X-Okta-Request-Id of the call
	UserAgent string
	Removed   []Removed
	Late      bool // the effect came after the call was over
}

// Removed is a factor that a reset took.
type Removed struct {
	ID      string
	Type    string
	Created time.Time
	Real    time.Time // when it was enrolled by this machine's clock; zero: before the org was made
	New     bool      // it was enrolled after an earlier reset of the same person
}

// Call is one call that the org was sent.
type Call struct {
	At        time.Time
	Real      time.Time // by this machine's clock, which no setting moves
	Method    string
	Path      string // escaped as sent, with the query
	Bucket    string
	Status    int // 0: the connection was dropped
	RequestID string
	UserAgent string
	Fault     Fault
}

// Books are the totals of what was done to the org.
type Books struct {
	Asked      int            `json:"asked"`       // calls of reset_factors that were let in
	Effects    int            `json:"effects"`     // resets and deletes that took effect
	NewRemoved int            `json:"new_removed"` // factors removed though enrolled after a reset
	Forgotten  int            `json:"forgotten"`   // phone numbers that a delete made Okta forget
	Sessions   int            `json:"sessions"`    // times that sessions were ended
	Throttled  int            `json:"throttled"`   // 429s, the concurrent ones too
	Concurrent int            `json:"concurrent"`  // 429s for too many calls at once
	Busiest    int            `json:"busiest"`     // most calls in progress at once
	Faults     map[Fault]int  `json:"faults"`
	Calls      map[string]int `json:"calls"` // let through, by bucket
	Peak       map[string]int `json:"peak"`  // most calls let through in one window, by bucket
}

// books are the running totals. The org's lock guards them.
type books struct {
	Books   // but for what Org.Books adds up
	calls   []Call
	seconds [rateSpan + 1]second
}

// second is how many calls came in one second of Okta's clock.
type second struct {
	unix  int64
	calls int
}

const rateSpan = 5 // seconds over which calls per second are told

func newBooks() books { return books{Books: Books{Faults: map[Fault]int{}}} }

func (b *books) count(now time.Time) {
	s := &b.seconds[now.Unix()%int64(len(b.seconds))]
	if s.unix != now.Unix() {
		*s = second{unix: now.Unix()}
	}
	s.calls++
}

// rate is calls per second over the last whole seconds.
func (b *books) rate(now time.Time) float64 {
	var calls int
	for _, s := range b.seconds {
		if age := now.Unix() - s.unix; age >= 1 && age <= rateSpan {
			calls += s.calls
		}
	}
	return float64(calls) / rateSpan
}

func (b *books) keep(c *call, status int) {
	kept := Call{At: c.now, Real: c.real, Method: c.request.Method, Path: c.request.URL.RequestURI(), Bucket: otherBucket, Status: status,
		RequestID: c.id, UserAgent: c.request.UserAgent(), Fault: c.fault}
	if c.route != nil {
		kept.Bucket = c.route.bucket
	}
	if c.fault == DropAfter {
		kept.Status = 0
	}
	b.calls = append(b.calls, kept)
}

// Books are the totals so far.
func (o *Org) Books() Books {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	total := o.books.Books
	total.Faults, total.Calls, total.Peak = maps.Clone(total.Faults), map[string]int{}, map[string]int{}
	for name, b := range o.buckets {
		total.Calls[name], total.Peak[name] = b.total, b.peak
	}
	for _, p := range o.people {
		total.Sessions += p.sessions
	}
	return total
}

// Resets are the removals of a person's factors that took effect, oldest
// first; nil for an unknown person.
func (o *Org) Resets(idOrLogin string) []Reset {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	p := o.find(idOrLogin)
	if i := slices.IndexFunc(o.gone, func(q *person) bool { return q.id == idOrLogin }); p == nil && i >= 0 {
		p = o.gone[i]
	}
	if p != nil {
		return slices.Clone(p.resets)
	}
	return nil
}

// Calls are the calls so far, in the order in which they ended; only with
// [Options.KeepCalls].
func (o *Org) Calls() []Call {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.books.calls)
}

// Windows are the windows of a bucket that had calls, oldest first, the
// present one last.
func (o *Org) Windows(bucket string) []Window {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.buckets[bucket]
	if b == nil {
		return nil
	}
	return append(slices.Clone(b.past), b.window())
}

// User is a person by ID, login or shortname.
func (o *Org) User(idOrLogin string) (User, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	if p := o.find(idOrLogin); p != nil {
		return p.user(), true
	}
	return User{}, false
}

// Users are all people, in the order of lists.
func (o *Org) Users() []User {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	all := make([]User, len(o.people))
	for i, p := range o.people {
		all[i] = p.user()
	}
	return all
}

// Add makes a person while the org runs. Search finds them after its lag.
func (o *Org) Add(u User) (User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.learn(u.Profile)
	p, err := o.add(u, o.opt.GroupRoles, o.rng, time.Now())
	if err != nil {
		return User{}, fmt.Errorf("oktasim: %w", err)
	}
	p.fresh = o.now().Add(o.set.SearchLag)
	o.changed()
	return p.user(), nil
}

// Delete deletes a person, as an administrator does who deactivates and then deletes.
func (o *Org) Delete(idOrLogin string) error {
	return o.with(idOrLogin, func(p *person) error {
		o.delete(p)
		return nil
	})
}

// Deleted are the people who were deleted, as they were then.
func (o *Org) Deleted() []User {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []User
	for _, p := range o.gone {
		all = append(all, p.user())
	}
	return all
}

// Enrol gives a person a new factor, as if they had set it up.
func (o *Org) Enrol(idOrLogin, factorType string) error {
	return o.with(idOrLogin, func(p *person) error {
		if _, ok := factorKinds[factorType]; !ok {
			return fmt.Errorf("factor type %q is none of Okta's", factorType)
		}
		o.enrol(p, factorType)
		return nil
	})
}

// EnrolByOkta gives a person an e-mail factor, as Okta does by itself.
func (o *Org) EnrolByOkta(idOrLogin string) error {
	return o.with(idOrLogin, func(p *person) error {
		o.enrolByOkta(p)
		return nil
	})
}

// SetStatus changes a person's status, from any to any.
func (o *Org) SetStatus(idOrLogin, status string) error {
	return o.with(idOrLogin, func(p *person) error {
		if !slices.Contains(userStatuses, status) {
			return fmt.Errorf("status %q is none of Okta's", status)
		}
		o.become(p, status, o.now())
		return nil
	})
}

// SetRoles changes the roles that a person holds directly.
func (o *Org) SetRoles(idOrLogin string, kinds ...string) error {
	return o.with(idOrLogin, func(p *person) error {
		var roles []role
		for _, kind := range kinds {
			if _, ok := roleLabels[kind]; !ok {
				return fmt.Errorf("role %q is none of Okta's", kind)
			}
			roles = append(roles, role{"ra1" + randomID(17), kind})
		}
		p.roles = roles
		return nil
	})
}

// Join puts a person into a group, which is made if there is none.
func (o *Org) Join(idOrLogin, groupName string) error {
	return o.with(idOrLogin, func(p *person) error {
		g := o.group(groupName, o.opt.GroupRoles, o.rng, time.Now())
		o.join(p, g)
		g.updated = o.now()
		return nil
	})
}

// Refuse makes every call about one person fail with an error of Okta's, such
// as E0000006 for somebody outside the token's resource set; "" ends it.
func (o *Org) Refuse(idOrLogin, code string) error {
	return o.with(idOrLogin, func(p *person) error {
		if _, ok := known[code]; !ok && code != "" {
			return fmt.Errorf("error code %q is not known here", code)
		}
		p.refusal = code
		return nil
	})
}

// with changes a person.
func (o *Org) with(idOrLogin string, change func(*person) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	p := o.find(idOrLogin)
	if p == nil {
		return fmt.Errorf("oktasim: no user %q", idOrLogin)
	}
	if err := change(p); err != nil {
		return fmt.Errorf("oktasim: user %q: %w", idOrLogin, err)
	}
	o.changed()
	return nil
}
