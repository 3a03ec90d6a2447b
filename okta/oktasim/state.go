package oktasim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Query says which people a [State] shows.
type Query struct {
	Text   string // part of ID, login, e-mail, name or department, or a whole status; case ignored
	Offset int
	Limit  int // 0: 50
}

// State is the org as a page shows it.
type State struct {
	Users          []User
	Total          int            // people who fit the query
	Requests       map[string]int // by bucket
	Throttled      int
	Buckets        []BucketState
	CallsPerSecond float64
	Settings       map[string]any
}

// BucketState is a rate limit as it stands; Limit 0 is none.
type BucketState struct {
	Name      string
	Limit     int
	Remaining int
	Reset     time.Time
}

// State is the org as it stands. It takes time with the number of people, some
// microseconds for a hundred.
func (o *Org) State(q Query) State {
	set(&q.Limit, 50)
	q.Text = strings.ToLower(q.Text)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	now := o.now()
	state := State{Requests: map[string]int{}, Throttled: o.books.Throttled, CallsPerSecond: o.books.rate(now), Settings: o.settings()}
	for _, p := range o.people {
		if q.Text != "" && !strings.Contains(p.text, q.Text) && !strings.EqualFold(p.status, q.Text) {
			continue
		}
		if state.Total >= q.Offset && len(state.Users) < q.Limit {
			state.Users = append(state.Users, p.user())
		}
		state.Total++
	}
	for name, b := range o.buckets {
		state.Requests[name] = b.total
		state.Buckets = append(state.Buckets, o.bucketState(b, now))
	}
	slices.SortFunc(state.Buckets, func(a, b BucketState) int { return cmp.Compare(a.Name, b.Name) })
	return state
}

func (o *Org) bucketState(b *bucket, now time.Time) BucketState {
	limit := o.limitOf(b.name)
	remaining := b.remaining(limit)
	if !now.Before(b.end) {
		remaining = limit
	}
	return BucketState{Name: b.name, Limit: limit, Remaining: remaining, Reset: b.end}
}
