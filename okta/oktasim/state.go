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

// State is the org as a page shows it, ready for JSON.
type State struct {
	Users          []UserState    `json:"users"`
	Total          int            `json:"total"` // people who fit the query
	Requests       map[string]int `json:"requests"`
	Throttled      int            `json:"throttled"`
	Resets         int            `json:"resets"`
	NewRemoved     int            `json:"new_removed"`
	Buckets        []BucketState  `json:"buckets"`
	CallsPerSecond float64        `json:"calls_per_second"`
	Settings       map[string]any `json:"settings"`
}

// UserState is one person.
type UserState struct {
	ID         string        `json:"id"`
	Login      string        `json:"login"`
	Email      string        `json:"email"`
	Name       string        `json:"name"`
	Status     string        `json:"status"`
	Department string        `json:"department"`
	Factors    []FactorState `json:"factors"`
	Resets     int           `json:"resets"`
	Sessions   int           `json:"sessions_ended"`
	Groups     []string      `json:"groups"`
	Roles      []string      `json:"roles"`
}

// FactorState is one enrolment.
type FactorState struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Provider string    `json:"provider"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created"`
	New      bool      `json:"new"` // enrolled after a reset
}

// BucketState is a rate limit as it stands; Limit 0 is none.
type BucketState struct {
	Name      string    `json:"name"`
	Limit     int       `json:"limit"`
	Remaining int       `json:"remaining"`
	Reset     time.Time `json:"reset"`
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
	state := State{Users: []UserState{}, Requests: map[string]int{}, Throttled: o.books.Throttled, Resets: o.books.Effects,
		NewRemoved: o.books.NewRemoved, Buckets: []BucketState{}, CallsPerSecond: o.books.rate(now), Settings: o.settings()}
	for _, p := range o.people {
		if q.Text != "" && !strings.Contains(p.text, q.Text) && !strings.EqualFold(p.status, q.Text) {
			continue
		}
		if state.Total >= q.Offset && len(state.Users) < q.Limit {
			state.Users = append(state.Users, p.state())
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

func (p *person) state() UserState {
	s := UserState{ID: p.id, Login: p.login, Email: p.email, Name: p.fullName(), Status: p.status, Department: p.department,
		Factors: []FactorState{}, Resets: len(p.resets), Sessions: p.sessions, Groups: []string{}, Roles: []string{}}
	for _, f := range p.factors {
		s.Factors = append(s.Factors, FactorState{f.id, f.kind, f.provider, f.status, f.created, f.again})
	}
	for _, g := range p.groups {
		s.Groups = append(s.Groups, g.name)
		if g.role != "" {
			s.Roles = append(s.Roles, g.role)
		}
	}
	for _, r := range p.roles {
		s.Roles = append(s.Roles, r.kind)
	}
	return s
}
