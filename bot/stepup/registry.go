package stepup

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

const (
	// perHour is how many challenges a person gets in an hour: more would be an attack
	// on the person's patience.
	perHour = 5
	// refusedFor is how long an account decides nothing after its owner refused a push.
	refusedFor = time.Hour
	// askedKept is how long it is remembered that a press was served. Slack sends what it
	// sends again within the hour.
	askedKept = 26 * time.Hour
	// askedMost bounds what is remembered of a person.
	askedMost = 200
)

// Values is where small things are remembered, with facts for the org's log.
type Values interface {
	Value(ctx context.Context, name string) ([]byte, error)
	ChangeValue(ctx context.Context, name string, change func(old []byte) ([]byte, []reset.Fact, error)) error
}

// Registry remembers approvers. It is safe for concurrent use.
type Registry struct {
	Values Values
	Rules  func() policy.Rules
	Now    func() time.Time
}

// entry is what is remembered of one Slack account.
type entry struct {
	Okta    reset.UserID `json:"okta,omitempty"` // the account is bound to this Okta user
	Login   string       `json:"login,omitempty"`
	Since   time.Time    `json:"since,omitzero"`
	Other   reset.UserID `json:"other,omitempty"` // seen instead, and told
	Refused time.Time    `json:"refused,omitzero"`
	Asked   []asked      `json:"asked,omitempty"`
}

// asked is one press that led here.
type asked struct {
	Op          string    `json:"op"` // key of its envelope
	At          time.Time `json:"at"`
	Sent        bool      `json:"sent,omitempty"` // a push may have been sent
	Transaction string    `json:"transaction,omitempty"`
}

func valueName(p reset.Person) string { return "step-up/" + string(p) }

func (g *Registry) read(ctx context.Context, p reset.Person) (entry, error) {
	return readValue[entry](ctx, g.Values, valueName(p))
}

func (g *Registry) change(ctx context.Context, p reset.Person, do func(*entry) ([]reset.Fact, error)) error {
	return changeValue(ctx, g.Values, valueName(p), do)
}

// readValue decodes what is remembered by a name; the zero value where that is nothing.
func readValue[T any](ctx context.Context, values Values, name string) (v T, err error) {
	raw, err := values.Value(ctx, name)
	if err == nil && raw != nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		return v, fmt.Errorf("read %s: %w", name, err)
	}
	return v, nil
}

// changeValue changes what is remembered by a name, in one commit with facts.
func changeValue[T any](ctx context.Context, values Values, name string, do func(*T) ([]reset.Fact, error)) error {
	err := values.ChangeValue(ctx, name, func(old []byte) ([]byte, []reset.Fact, error) {
		var v T
		if old != nil {
			if err := json.Unmarshal(old, &v); err != nil {
				return nil, nil, err
			}
		}
		facts, err := do(&v)
		if err != nil {
			return nil, nil, err
		}
		raw, err := json.Marshal(v)
		return raw, facts, err
	})
	if err != nil {
		return fmt.Errorf("change %s: %w", name, err)
	}
	return nil
}

// Judge adds to what is known of a person what is remembered of the account: that a push
// was refused, and that it leads to another Okta user than before. An approver who is
// seen for the first time is bound to the Okta user that the account leads to.
func (g *Registry) Judge(ctx context.Context, p *policy.Person) error {
	rules := g.Rules()
	if !rules.StepUp.On() || p.ID == "" {
		return nil
	}
	e, err := g.read(ctx, p.ID)
	if err != nil {
		return err
	}
	p.Refused = e.Refused
	if p.Okta == nil || p.Okta.ID == "" || !rules.IsApprover(*p) && !rules.BreaksGlass(*p) {
		p.Moved = p.Okta != nil && e.Okta != "" && e.Okta != p.Okta.ID
		return nil
	}
	if e.Okta == p.Okta.ID || e.Okta != "" && e.Other == p.Okta.ID {
		p.Moved = e.Okta != p.Okta.ID
		return nil
	}
	return g.change(ctx, p.ID, func(e *entry) ([]reset.Fact, error) {
		p.Moved = e.Okta != "" && e.Okta != p.Okta.ID
		switch {
		case e.Okta == "":
			e.Okta, e.Login, e.Since = p.Okta.ID, p.Okta.Login, g.Now()
			return []reset.Fact{reset.ApproverBound(p.ID, e.Okta, e.Login, e.Since)}, nil
		case p.Moved && e.Other != p.Okta.ID:
			e.Other = p.Okta.ID
			return []reset.Fact{reset.ApproverMoved(p.ID, e.Okta, p.Okta.ID, p.Okta.Login, g.Now())}, nil
		}
		return nil, nil
	})
}

// Rebind forgets which Okta user an account led to, and that a push was refused, so that
// the next sight binds it again: an operator has made sure who it is.
func (g *Registry) Rebind(ctx context.Context, p reset.Person) (was string, err error) {
	err = g.change(ctx, p, func(e *entry) ([]reset.Fact, error) {
		was = string(e.Okta)
		if e.Okta == "" && e.Refused.IsZero() {
			return nil, nil
		}
		e.Okta, e.Login, e.Since, e.Other, e.Refused = "", "", time.Time{}, "", time.Time{}
		return []reset.Fact{reset.ApproverRebound(p, reset.UserID(was), g.Now())}, nil
	})
	return was, err
}

// begin remembers that a press is served. A press that was served before is errAgain.
func (g *Registry) begin(ctx context.Context, p reset.Person, op string) error {
	return g.change(ctx, p, func(e *entry) ([]reset.Fact, error) {
		now := g.Now()
		e.Asked = slices.DeleteFunc(e.Asked, func(a asked) bool { return now.Sub(a.At) > askedKept })
		if slices.ContainsFunc(e.Asked, func(a asked) bool { return a.Op == op }) {
			return nil, errAgain
		}
		e.Asked = append(e.Asked[max(0, len(e.Asked)-askedMost+1):], asked{Op: op, At: now})
		return nil, nil
	})
}

// sending counts the push that is about to be sent; over perHour it is errTooMany.
func (g *Registry) sending(ctx context.Context, p reset.Person, op string) error {
	return g.change(ctx, p, func(e *entry) ([]reset.Fact, error) {
		sent := 0
		for _, a := range e.Asked {
			if a.Sent && g.Now().Sub(a.At) < time.Hour {
				sent++
			}
		}
		if sent >= perHour {
			return nil, errTooMany
		}
		i := slices.IndexFunc(e.Asked, func(a asked) bool { return a.Op == op })
		if i < 0 {
			return nil, errAgain
		}
		e.Asked[i].Sent = true
		return nil, nil
	})
}

// sent remembers a challenge's transaction. One that Okta gave out before is
// errAgain: its answer may be an old one.
func (g *Registry) sent(ctx context.Context, p reset.Person, op, transaction string) error {
	return g.change(ctx, p, func(e *entry) ([]reset.Fact, error) {
		if slices.ContainsFunc(e.Asked, func(a asked) bool { return a.Transaction == transaction }) {
			return nil, errAgain
		}
		for i := range e.Asked {
			if e.Asked[i].Op == op {
				e.Asked[i].Transaction = transaction
			}
		}
		return nil, nil
	})
}

// refuse remembers that the owner of an account refused a push.
func (g *Registry) refuse(ctx context.Context, p reset.Person, f reset.Fact) error {
	return g.change(ctx, p, func(e *entry) ([]reset.Fact, error) {
		e.Refused = g.Now().Add(refusedFor)
		return []reset.Fact{f}, nil
	})
}
