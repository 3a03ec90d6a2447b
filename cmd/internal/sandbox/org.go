package sandbox

import (
	"context"
	"encoding/json"
	"math"
	"strings"

	"factorbot/bot/slacksim"
	"factorbot/okta/oktasim"
)

// OrgPane shows a simulated org beside the simulated workspace.
type OrgPane struct{ Org *oktasim.Org }

// State shows the users that the query asks for, and the counters.
func (p OrgPane) State(q slacksim.OrgQuery) slacksim.OrgState {
	if q.Limit == 0 {
		q.Limit = math.MaxInt32
	}
	s := p.Org.State(oktasim.Query{Text: q.Text, Offset: q.Offset, Limit: q.Limit})
	out := slacksim.OrgState{
		Users: make([]slacksim.OrgUser, len(s.Users)), Total: s.Total, Requests: s.Requests,
		Throttled: s.Throttled, CallsPerSecond: s.CallsPerSecond, Settings: s.Settings,
	}
	for i, u := range s.Users {
		out.Users[i] = paneUser(u)
	}
	for _, push := range p.Org.Pushes() {
		out.Pushes = append(out.Pushes, slacksim.OrgPush(push))
	}
	for _, b := range s.Buckets {
		out.Buckets = append(out.Buckets, slacksim.OrgBucket{Name: b.Name, Limit: b.Limit, Remaining: b.Remaining, Reset: b.Reset.Unix()})
	}
	return out
}

func paneUser(u oktasim.User) slacksim.OrgUser {
	out := slacksim.OrgUser{
		ID: u.ID, Login: u.Login, Email: u.Email, Name: strings.TrimSpace(u.FirstName + " " + u.LastName), Status: u.Status, Department: u.Department,
		Factors: make([]slacksim.OrgFactor, len(u.Factors)), Resets: u.Resets,
		Groups: append([]string{}, u.Groups...), Roles: append([]string{}, u.Roles...), // none is a list in JSON, too
	}
	for i, f := range u.Factors {
		out.Factors[i] = slacksim.OrgFactor{ID: f.ID, Type: f.Type, Provider: f.Provider, Status: f.Status, Created: f.Created}
	}
	return out
}

// Set changes settings of the org and returns the keys that it does not know.
func (p OrgPane) Set(settings map[string]json.RawMessage) (unknown []string, err error) {
	return p.Org.Set(settings)
}

// Watch tells when something changed.
func (p OrgPane) Watch(ctx context.Context) <-chan struct{} { return p.Org.Watch(ctx) }
