package desk

import (
	"context"
	"fmt"
	"strings"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// Bounds of one look for a user: requests, the rows of their plans, and what is told.
const (
	becameRequests = 200
	becameRows     = 200_000
	becameShown    = 20
)

// Became tells what became of a user in the requests that the person may read,
// newest first. More says that not all requests were looked through.
func (d *Desk) Became(ctx context.Context, in Intent, u roster.UserRef) (all []reset.UserResult, more bool, err error) {
	is, err := d.isUser(ctx, u)
	if err != nil {
		return nil, false, err
	}
	readable, rows := 0, 0
	for r, err := range d.readable(ctx, in, reset.Query{Limit: becameRequests + 1}) {
		if err != nil {
			return nil, false, err
		}
		if readable++; readable > becameRequests || rows > becameRows || len(all) == becameShown {
			return all, true, nil
		}
		if r.Asked.Kind == reset.KindExport {
			continue
		}
		rows += r.Plan.Targets
		b, found, err := d.becameIn(ctx, r, is)
		if err != nil {
			return nil, false, err
		}
		if found {
			all = append(all, b)
		}
	}
	return all, false, nil
}

// isUser returns what recognizes a user in a plan. A mention is the Okta user of that Slack account.
func (d *Desk) isUser(ctx context.Context, u roster.UserRef) (func(reset.Target) bool, error) {
	name := u.Value
	if u.Kind == roster.UserMention {
		ctx, cancel := context.WithTimeout(ctx, peopleTime)
		defer cancel()
		people, err := d.People.Persons(ctx, reset.Person(u.Value))
		if err != nil {
			return nil, err
		}
		name = ""
		if len(people) == 1 && people[0].Okta != nil {
			name = string(people[0].Okta.ID)
		}
	}
	return func(t reset.Target) bool {
		return name != "" && (strings.EqualFold(t.Login, name) || strings.EqualFold(t.Input, name) || string(t.User) == name)
	}, nil
}

// becameIn finds a user in the plan of a request. Of several rows it is the one that acts.
func (d *Desk) becameIn(ctx context.Context, r *reset.Request, is func(reset.Target) bool) (b reset.UserResult, found bool, err error) {
	for t, err := range d.Plans.Targets(ctx, r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return b, false, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		if !is(t) || found && t.Action != reset.ActionReset {
			continue
		}
		b, found = reset.UserResult{Request: r, Target: t}, true
		if t.Action == reset.ActionReset {
			break
		}
	}
	if !found {
		return b, false, nil
	}
	if r.HasRun() {
		ledger, err := reset.Fold(d.Plans.Log(ctx, r.ID, 1))
		if err != nil {
			return b, false, fmt.Errorf("read the log of %s: %w", r.ID, err)
		}
		b.Step = ledger.Row(b.Target.Row)
	}
	if r.State.Settled() || b.Target.Action == reset.ActionSkip {
		b.Step = reset.Final(b.Target, b.Step)
	}
	return b, true, nil
}
