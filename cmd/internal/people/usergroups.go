package people

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// groupAge is how old what is remembered of Slack may be: less than the minute
// that the desk allows, so that nothing ages past it on the way. Slack allows
// about 20 questions a minute for a user group's members, 50 for whose an
// e-mail is (docs.slack.dev, tiers 2 and 3).
const groupAge = 45 * time.Second

// addGroups finds which of the policy's user groups the person is in. The
// person is known as of the oldest answer.
func (p *Directory) addGroups(ctx context.Context, who *policy.Person, age time.Duration) error {
	for _, id := range usergroups(p.Rules()) {
		page, err := p.members(ctx, id, age)
		if err != nil {
			return err
		}
		if page.at.Before(who.At) {
			who.At = page.at
		}
		if slices.Contains(page.value, string(who.ID)) {
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
func (p *Directory) members(ctx context.Context, id string, age time.Duration) (entry[[]string], error) {
	return askSlack(ctx, p, &p.groups, "usergroups.users.list", "ask Slack who is in user group "+id, id, age, func() ([]string, error) {
		users, err := p.Slack.GetUserGroupMembersContext(ctx, id)
		if code := refusal(err); code != "" {
			p.Log.Warn("a user group cannot be read and holds nobody", "usergroup", id, "error", code)
			return nil, nil
		}
		return users, err
	})
}

// Handles are the names of the policy's user groups, by ID: "S0123456": "security".
func (p *Directory) Handles(ctx context.Context) (map[string]string, error) {
	if len(usergroups(p.Rules())) == 0 {
		return nil, nil
	}
	all, err := retryRead(ctx, func() ([]slack.UserGroup, error) { return p.Slack.GetUserGroupsContext(ctx) })
	if err != nil {
		return nil, slackAway("ask Slack for its user groups", err)
	}
	names := map[string]string{}
	for _, g := range all {
		names[g.ID] = g.Handle
	}
	return names, nil
}

// ListedAtMost bounds how many approvers are asked about one by one.
const ListedAtMost = 40

// ErrManyApprovers says that there are too many approvers to ask about each.
var ErrManyApprovers = errors.New("more approvers than are asked about one by one")

// Approvers lists everybody that the policy names as an approver, in whatever way.
func (p *Directory) Approvers(ctx context.Context) ([]policy.Person, error) {
	rules := p.Rules()
	ids := slices.Concat(rules.Approvers.Users, rules.Protect.Approvers)
	for _, g := range rules.Approvers.Usergroups {
		page, err := p.members(ctx, g, groupAge)
		if err != nil {
			return nil, err
		}
		for _, id := range page.value {
			ids = append(ids, reset.Person(id))
		}
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
	if len(ids) > ListedAtMost {
		return nil, ErrManyApprovers
	}
	return p.several(ctx, ages{shared, groupAge, groupAge}, ids)
}

// inOktaGroup finds the Slack accounts of an Okta group's members. A group that
// Okta does not know holds nobody.
func (p *Directory) inOktaGroup(ctx context.Context, group string) ([]reset.Person, error) {
	var ids []reset.Person
	n := 0
	for u, err := range p.Okta.GroupMembers(okta.WithLane(ctx, okta.Urgent), group) {
		if okta.IsKind(err, okta.KindNotFound) {
			p.Log.Warn("an Okta group is not known and holds nobody", "group", group)
			return nil, nil
		}
		if err != nil {
			return nil, oktaAway("ask Okta who is in group "+group, err)
		}
		if n++; n > ListedAtMost {
			return nil, ErrManyApprovers
		}
		found, err := p.byEmail(ctx, u.Email, groupAge)
		if err != nil {
			return nil, err
		}
		if found.value != "" {
			ids = append(ids, found.value)
		}
	}
	return ids, nil
}
