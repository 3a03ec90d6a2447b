package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// people tells who somebody is from what Slack says at this moment.
type people struct {
	slack *slack.Client

	team atomic.Pointer[string] // our workspace
}

// Person asks Slack. A person of another workspace is a stranger: Slack's own
// is_stranger is true only for those who share no channel with us, so the team
// is compared (docs.slack.dev, user object).
func (p *people) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	home, err := p.home(ctx)
	if err != nil {
		return policy.Person{}, err
	}
	u, err := persist(ctx, func() (*slack.User, error) { return p.slack.GetUserInfoContext(ctx, string(id)) })
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
	if team := p.team.Load(); team != nil {
		return *team, nil
	}
	auth, err := persist(ctx, func() (*slack.AuthTestResponse, error) { return p.slack.AuthTestContext(ctx) })
	if err != nil {
		return "", fmt.Errorf("ask Slack who we are: %w", err)
	}
	p.team.Store(&auth.TeamID)
	return auth.TeamID, nil
}

// askAgain is the first wait after Slack could not answer; it doubles, with full jitter.
const askAgain = 100 * time.Millisecond

// isPassing reports whether an answer of Slack's says nothing about what was
// asked (docs.slack.dev, errors common to all methods).
func isPassing(code string) bool {
	switch code {
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited":
		return true
	}
	return false
}

// persist asks until Slack answers, be it with a refusal of its own, or ctx
// ends: a person who has pressed a button should not have to press it again
// because of one lost answer. Only for what changes nothing.
func persist[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for wait := askAgain; ; wait *= 2 {
		got, err := ask()
		var refused slack.SlackErrorResponse
		var limited *slack.RateLimitedError
		pause := wait/2 + rand.N(wait/2)
		switch {
		case err == nil, ctx.Err() != nil, errors.As(err, &refused) && !isPassing(refused.Err):
			return got, err
		case errors.As(err, &limited):
			pause = limited.RetryAfter + rand.N(askAgain)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return got, err
		case <-timer.C:
		}
	}
}
