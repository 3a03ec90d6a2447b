package runner_test

import (
	"context"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// staff is the people of a bench: a requester and approvers, as known at this moment.
type staff struct {
	mu  sync.Mutex
	who map[reset.Person]policy.Person
	err error
}

func newStaff() *staff {
	s := &staff{who: map[reset.Person]policy.Person{}}
	for _, id := range []reset.Person{"U_REQUESTER", "U_APPROVER1", "U_APPROVER2"} {
		s.who[id] = policy.Person{ID: id}
	}
	return s
}

func (s *staff) set(p policy.Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who[p.ID] = p
}

func (s *staff) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *staff) Persons(_ context.Context, ids ...reset.Person) ([]policy.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []policy.Person
	for _, id := range ids {
		p, ok := s.who[id]
		if !ok {
			p = policy.Person{ID: id, Deleted: true}
		}
		p.At = time.Now()
		all = append(all, p)
	}
	return all, s.err
}

func (s *staff) Approvers(ctx context.Context) ([]policy.Person, error) {
	return s.Persons(ctx, "U_APPROVER1", "U_APPROVER2")
}

func (s *staff) Handles(context.Context) (map[string]string, error) {
	return map[string]string{"S_SECURITY": "security"}, nil
}
