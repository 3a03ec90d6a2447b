package people

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// Accounts is what has to be asked of Okta about those who ask and decide.
type Accounts interface {
	UsersByEmail(ctx context.Context, email string) ([]okta.User, error)
	GroupsOf(ctx context.Context, userID string) ([]okta.Group, error)
	GroupMembers(ctx context.Context, groupID string) iter.Seq2[okta.User, error]
}

// addOkta finds the person's account in the org. It is the one Okta user with
// the person's e-mail, and only where Slack has confirmed that e-mail and leads
// from it to this very person. The e-mails of guests and of people of other
// workspaces are not ours to trust.
func (p *Directory) addOkta(ctx context.Context, who *policy.Person, confirmed bool, age, oktaAge time.Duration) error {
	if who.Email == "" || who.Bot || who.Guest || who.Stranger {
		return nil
	}
	ctx = okta.WithLane(ctx, okta.Urgent)
	known, err := p.inOkta(ctx, who.Email, oktaAge)
	if okta.IsKind(err, okta.KindUnsafeID) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask Okta about %s: %w", who.ID, err)
	}
	if known.at.Before(who.At) {
		who.At = known.at
	}
	users := known.value
	for _, u := range users {
		who.Kin = append(who.Kin, reset.UserID(u.ID))
	}
	if len(users) != 1 || !confirmed || who.Deleted {
		return nil
	}
	found, err := p.byEmail(ctx, who.Email, age)
	if err != nil || found.value != who.ID {
		return err
	}
	if found.at.Before(who.At) {
		who.At = found.at
	}
	account := &policy.OktaAccount{ID: reset.UserID(users[0].ID), Login: users[0].Login, Status: users[0].Status}
	if asksOktaGroups(p.Rules()) {
		groups, err := p.Okta.GroupsOf(ctx, users[0].ID)
		if err != nil {
			return fmt.Errorf("ask Okta for the groups of %s: %w", who.ID, err)
		}
		for _, g := range groups {
			account.Groups = append(account.Groups, g.ID)
		}
	}
	who.Okta = account
	return nil
}

// inOkta returns the org's users with an e-mail. Each asking costs two calls or more, and
// who could approve is asked about at every step of a request; who acts, or has, afresh.
func (p *Directory) inOkta(ctx context.Context, email string, age time.Duration) (noted[[]okta.User], error) {
	key := strings.ToLower(email)
	if known, ok := p.found.get(key, age); ok {
		return known, nil
	}
	asked := noted[[]okta.User]{at: time.Now()}
	var err error
	if asked.value, err = p.Okta.UsersByEmail(ctx, email); err == nil {
		p.found.put(key, asked)
	}
	return asked, err
}

func asksOktaGroups(r policy.Rules) bool {
	return len(r.Approvers.OktaGroups)+len(r.Requesters.OktaGroups) > 0
}

// byEmail returns whom Slack finds by an e-mail, "" for nobody.
func (p *Directory) byEmail(ctx context.Context, email string, age time.Duration) (noted[reset.Person], error) {
	found, err := p.emails.ask(ctx, strings.ToLower(email), age, func() (reset.Person, error) {
		u, err := p.Slack.GetUserByEmailContext(ctx, email)
		var answer slack.SlackErrorResponse
		if errors.As(err, &answer) && answer.Err == "users_not_found" {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return reset.Person(u.ID), nil
	})
	if err != nil {
		return found, fmt.Errorf("ask Slack whose an e-mail is: %w", err)
	}
	return found, nil
}
