package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// Directory tells who somebody is from what Slack and Okta say at this moment.
type Directory struct {
	Slack *slack.Client
	Okta  Accounts
	Rules func() policy.Rules
	Log   *slog.Logger

	place  atomic.Pointer[place] // where we are installed
	groups book[[]string]        // who is in a user group, by its ID
	emails book[reset.Person]    // whom Slack finds by an e-mail, "" for nobody
	found  book[[]okta.User]     // whom Okta finds by an e-mail
}

// Account asks Slack alone. A person of another workspace is a stranger: Slack's
// own is_stranger is true only for those who share no channel with us, so the
// team is compared (docs.slack.dev, user object).
func (p *Directory) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	who, _, err := p.account(ctx, id)
	return who, err
}

// account also tells whether Slack has confirmed the person's e-mail.
func (p *Directory) account(ctx context.Context, id reset.Person) (who policy.Person, confirmed bool, err error) {
	home, err := p.home(ctx)
	if err != nil {
		return policy.Person{}, false, err
	}
	at := time.Now()
	u, err := persist(ctx, func() (*slack.User, error) { return p.Slack.GetUserInfoContext(ctx, string(id)) })
	var answer slack.SlackErrorResponse
	if errors.As(err, &answer) && (answer.Err == "user_not_found" || answer.Err == "user_not_visible") {
		return policy.Person{}, false, desk.ErrNoPerson
	}
	if err != nil {
		return policy.Person{}, false, fmt.Errorf("ask Slack about %s: %w", id, err)
	}
	who = policy.Person{
		ID: id, Name: u.RealName, Team: u.TeamID, Email: u.Profile.Email, Zone: u.TZ,
		Deleted: u.Deleted, Bot: u.IsBot || u.IsAppUser || u.ID == "USLACKBOT",
		Guest:    u.IsRestricted || u.IsUltraRestricted,
		Stranger: u.IsStranger || u.TeamID != home.team,
		At:       at,
	}
	if home.enterprise != "" && u.Enterprise.EnterpriseID == home.enterprise {
		who.Team, who.Stranger = "", false // any workspace of the organization is theirs
	}
	return who, u.IsEmailConfirmed, nil
}

// place is the workspace that the bot is installed in, and on Enterprise Grid
// the organization: one where the bot is installed for all of it has its ID as
// the team's, too.
type place struct{ team, enterprise string }

// Person asks both services, about everything afresh.
func (p *Directory) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	return p.whole(ctx, id, 0, 0)
}

// Persons tells of several; what user groups hold and e-mails lead to may be as old as knowledge may be.
func (p *Directory) Persons(ctx context.Context, ids ...reset.Person) ([]policy.Person, error) {
	return p.several(ctx, 0, ids)
}

// several is Persons with accounts in Okta that are known from up to so long ago.
func (p *Directory) several(ctx context.Context, okta time.Duration, ids []reset.Person) ([]policy.Person, error) {
	all := make([]policy.Person, 0, len(ids))
	for _, id := range ids {
		who, err := p.whole(ctx, id, groupAge, okta)
		if errors.Is(err, desk.ErrNoPerson) {
			who, err = policy.Person{ID: id, Deleted: true, At: time.Now()}, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, who)
	}
	return all, nil
}

// whole is a person with all that the policy may ask.
func (p *Directory) whole(ctx context.Context, id reset.Person, age, okta time.Duration) (policy.Person, error) {
	who, confirmed, err := p.account(ctx, id)
	if err != nil {
		return policy.Person{}, err
	}
	if err := p.addGroups(ctx, &who, age); err != nil {
		return policy.Person{}, err
	}
	return who, p.addOkta(ctx, &who, confirmed, age, okta)
}

// home learns once where the bot is installed.
func (p *Directory) home(ctx context.Context) (place, error) {
	if home := p.place.Load(); home != nil {
		return *home, nil
	}
	auth, err := persist(ctx, func() (*slack.AuthTestResponse, error) { return p.Slack.AuthTestContext(ctx) })
	if err != nil {
		return place{}, fmt.Errorf("ask Slack who we are: %w", err)
	}
	home := place{auth.TeamID, auth.EnterpriseID}
	p.place.Store(&home)
	return home, nil
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
