package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// made is an Okta org of a few hundred users, enough for the page.
type made struct {
	mu       sync.Mutex
	users    []OrgUser
	settings map[string]any
	watchers map[chan struct{}]bool
}

func newMade(n int) *made {
	m := &made{settings: map[string]any{"faults": 0.0, "enrol_again": 0.0}, watchers: map[chan struct{}]bool{}}
	kinds := []string{"push", "sms", "webauthn", "token:software:totp", "email"}
	for i := range n {
		u := OrgUser{
			ID: fmt.Sprintf("00u%017d", i), Login: fmt.Sprintf("user%d@example.com", i), Name: fmt.Sprintf("User %d", i),
			Email: fmt.Sprintf("user%d@example.com", i), Status: "ACTIVE", Department: "Sales",
		}
		for j := range 1 + i%4 {
			u.Factors = append(u.Factors, OrgFactor{ID: fmt.Sprintf("f%d-%d", i, j), Type: kinds[(i+j)%len(kinds)], Provider: "OKTA", Status: "ACTIVE"})
		}
		m.users = append(m.users, u)
	}
	return m
}

func (m *made) State(q OrgQuery) OrgState {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []OrgUser
	for _, u := range m.users {
		if strings.Contains(strings.ToLower(u.Name+u.Login+u.ID), strings.ToLower(q.Text)) {
			found = append(found, u)
		}
	}
	s := OrgState{Total: len(found), Requests: map[string]int{"/api/v1/users": 12}, Settings: m.settings}
	s.Buckets = []OrgBucket{{"/api/v1/users", 600, 480, 0}, {"/api/v1/users/{id}", 600, 600, 0}}
	found = found[min(q.Offset, len(found)):]
	if q.Limit > 0 {
		found = found[:min(q.Limit, len(found))]
	}
	s.Users = slices.Clone(found)
	return s
}

func (m *made) Set(values map[string]json.RawMessage) (unknown []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, v := range values {
		if _, ok := m.settings[k]; !ok {
			unknown = append(unknown, k)
			continue
		}
		var x any
		if err := json.Unmarshal(v, &x); err != nil {
			return nil, err
		}
		m.settings[k] = x
	}
	return unknown, nil
}

func (m *made) Watch(ctx context.Context) <-chan struct{} {
	ch := make(chan struct{}, 1)
	m.mu.Lock()
	m.watchers[ch] = true
	m.mu.Unlock()
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, ch)
	})
	return ch
}

// reset takes a user's factors away.
func (m *made) reset(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[i].Factors = nil
	m.users[i].Resets++
	for ch := range m.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
