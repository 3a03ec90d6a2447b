package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// groupAge is how old a remembered user group may be: less than the minute that
// the desk allows, so that nothing ages past it on the way.
const groupAge = 45 * time.Second

// groupBook remembers who was in a user group when that was asked last. Slack
// allows about twenty such questions a minute.
type groupBook struct {
	mu    sync.Mutex
	known map[string]groupPage
}

type groupPage struct {
	users []string
	at    time.Time
}

func (b *groupBook) get(id string, age time.Duration) (groupPage, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	page, ok := b.known[id]
	return page, ok && age > 0 && time.Since(page.at) < age
}

func (b *groupBook) put(id string, page groupPage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known = map[string]groupPage{}
	}
	b.known[id] = page
}

// addGroups finds which of the policy's user groups the person is in. The
// person is known as of the oldest answer.
func (p *people) addGroups(ctx context.Context, who *policy.Person, age time.Duration) error {
	for _, id := range usergroups(p.rules()) {
		page, err := p.members(ctx, id, age)
		if err != nil {
			return err
		}
		if page.at.Before(who.At) {
			who.At = page.at
		}
		if slices.Contains(page.users, string(who.ID)) {
			who.Usergroups = append(who.Usergroups, id)
		}
	}
	return nil
}

// usergroups are those that the policy names anywhere, once each.
func usergroups(r policy.Rules) []string {
	all := slices.Concat(append(slices.Clone(r.ApprovalsFrom), r.Approvers.Usergroups, r.Requesters.Usergroups)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// members asks who is in a user group. A group that Slack does not know, or does
// not show us, holds nobody.
func (p *people) members(ctx context.Context, id string, age time.Duration) (groupPage, error) {
	if page, ok := p.groups.get(id, age); ok {
		return page, nil
	}
	page := groupPage{at: time.Now()}
	users, err := persist(ctx, func() ([]string, error) { return p.slack.GetUserGroupMembersContext(ctx, id) })
	var answer slack.SlackErrorResponse
	switch {
	case errors.As(err, &answer) && !isPassing(answer.Err):
		p.log.Warn("a user group cannot be read and holds nobody", "usergroup", id, "error", answer.Err)
	case err != nil:
		return groupPage{}, fmt.Errorf("ask Slack who is in user group %s: %w", id, err)
	}
	page.users = users
	p.groups.put(id, page)
	return page, nil
}

// Handles are the names of the policy's user groups, by ID: "S0123456": "security".
func (p *people) Handles(ctx context.Context) (map[string]string, error) {
	if len(usergroups(p.rules())) == 0 {
		return nil, nil
	}
	all, err := persist(ctx, func() ([]slack.UserGroup, error) { return p.slack.GetUserGroupsContext(ctx) })
	if err != nil {
		return nil, fmt.Errorf("ask Slack for its user groups: %w", err)
	}
	names := map[string]string{}
	for _, g := range all {
		names[g.ID] = g.Handle
	}
	return names, nil
}

// listedAtMost bounds how many approvers are asked about one by one.
const listedAtMost = 40

// errManyApprovers says that there are too many approvers to ask about each.
var errManyApprovers = errors.New("more approvers than are asked about one by one")

// Approvers lists all whom the policy names as approvers, in whatever way.
func (p *people) Approvers(ctx context.Context) ([]policy.Person, error) {
	rules := p.rules()
	ids := slices.Concat(rules.Approvers.Users, rules.Protect.Approvers)
	for _, g := range rules.Approvers.Usergroups {
		page, err := p.members(ctx, g, groupAge)
		if err != nil {
			return nil, err
		}
		ids = append(ids, named[reset.Person](page.users)...)
	}
	for _, g := range rules.Approvers.OktaGroups {
		members, err := p.inOktaGroup(ctx, g)
		if err != nil {
			return nil, err
		}
		ids = append(ids, members...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > listedAtMost {
		return nil, errManyApprovers
	}
	return p.Persons(ctx, ids...)
}

// inOktaGroup finds the Slack accounts of an Okta group's members. A group that
// Okta does not know holds nobody.
func (p *people) inOktaGroup(ctx context.Context, group string) ([]reset.Person, error) {
	var ids []reset.Person
	n := 0
	for u, err := range p.okta.GroupMembers(okta.WithLane(ctx, okta.Urgent), group) {
		if okta.IsKind(err, okta.KindNotFound) {
			p.log.Warn("an Okta group is not known and holds nobody", "group", group)
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("ask Okta who is in group %s: %w", group, err)
		}
		if n++; n > listedAtMost {
			return nil, errManyApprovers
		}
		id, err := p.byEmail(ctx, u.Email)
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
