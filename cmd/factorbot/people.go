package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// people tells who somebody is from what Slack says at this moment.
type people struct {
	slack *slack.Client

	mu   sync.Mutex
	team string // our workspace
}

// Person asks Slack. A person of another workspace is a stranger: Slack's own
// is_stranger is true only for those who share no channel with us, so the team
// is compared (docs.slack.dev, user object).
func (p *people) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	home, err := p.home(ctx)
	if err != nil {
		return policy.Person{}, err
	}
	u, err := p.slack.GetUserInfoContext(ctx, string(id))
	var answer slack.SlackErrorResponse
	if errors.As(err, &answer) && (answer.Err == "user_not_found" || answer.Err == "user_not_visible") {
		return policy.Person{}, desk.ErrNoPerson
	}
	if err != nil {
		return policy.Person{}, fmt.Errorf("ask Slack about %s: %w", id, err)
	}
	return policy.Person{
		ID: id, Name: u.RealName, Team: u.TeamID, Email: u.Profile.Email,
		Deleted: u.Deleted, Bot: u.IsBot || u.IsAppUser || u.ID == "USLACKBOT",
		Guest:    u.IsRestricted || u.IsUltraRestricted,
		Stranger: u.IsStranger || u.TeamID != home,
		At:       time.Now(),
	}, nil
}

// home learns once which workspace is ours.
func (p *people) home(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.team != "" {
		return p.team, nil
	}
	auth, err := p.slack.AuthTestContext(ctx)
	if err != nil {
		return "", fmt.Errorf("ask Slack who we are: %w", err)
	}
	p.team = auth.TeamID
	return p.team, nil
}
