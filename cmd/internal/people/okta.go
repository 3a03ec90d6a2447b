package people

import (
	"context"
	"iter"
	"strings"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/okta"
)

// Accounts is what has to be asked of Okta about those who ask and decide.
type Accounts interface {
	UsersByEmail(ctx context.Context, email string) ([]okta.User, error)
	GroupsOf(ctx context.Context, userID string) ([]okta.Group, error)
	GroupMembers(ctx context.Context, groupID string) iter.Seq2[okta.User, error]
}

// addOkta finds the person's account in the org. It is the one Okta user with
// the person's e-mail (okta.OneByEmail), while everybody who has it is the person where
// something is forbidden; and only where Slack has confirmed that e-mail and leads
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
		return oktaAway("ask Okta about "+string(who.ID), err)
	}
	at := known.at
	kin := make([]reset.UserID, 0, len(known.value))
	for _, u := range known.value {
		kin = append(kin, reset.UserID(u.ID))
	}
	var one *policy.OktaAccount
	user, unique := okta.OneByEmail(known.value, who.Email)
	if unique && confirmed && !who.Deleted {
		found, err := p.byEmail(ctx, who.Email, age)
		if err != nil {
			return err
		}
		if found.at.Before(at) {
			at = found.at
		}
		if found.value == who.ID {
			if one, err = p.oktaAccount(ctx, user, oktaAge); err != nil {
				return err
			}
		}
	}
	if at.Before(who.At) {
		who.At = at
	}
	who.OktaIDs, who.Okta = kin, one
	part := entry[oktaPart]{oktaPart{kin, one}, at}
	p.linked.put(string(who.ID), part)
	p.remember(ctx, who.ID, part)
	return nil
}

// oktaPart is what Okta says of a Slack account.
type oktaPart struct {
	kin     []reset.UserID
	account *policy.OktaAccount
}

// oktaAccount adds the groups of an Okta user, where the policy asks for some.
func (p *Directory) oktaAccount(ctx context.Context, u okta.User, age time.Duration) (*policy.OktaAccount, error) {
	account := &policy.OktaAccount{ID: reset.UserID(u.ID), Login: u.Login, Status: u.Status}
	if !p.Rules().AsksOkta() {
		return account, nil
	}
	groups, err := p.parts.share(ctx, u.ID, age, func() ([]okta.Group, error) { return p.Okta.GroupsOf(ctx, u.ID) })
	if err != nil {
		return nil, oktaAway("ask Okta for the groups of "+u.ID, err)
	}
	for _, g := range groups.value {
		account.Groups = append(account.Groups, g.ID)
	}
	return account, nil
}

// inOkta returns the org's users with an e-mail. Each asking costs two calls or more, and
// who could approve is asked about at every step of a request; who acts, or has, afresh.
func (p *Directory) inOkta(ctx context.Context, email string, age time.Duration) (entry[[]okta.User], error) {
	return p.found.share(ctx, strings.ToLower(email), age, func() ([]okta.User, error) { return p.Okta.UsersByEmail(ctx, email) })
}

// byEmail returns the person that Slack finds by an e-mail, "" for nobody.
func (p *Directory) byEmail(ctx context.Context, email string, age time.Duration) (entry[reset.Person], error) {
	return askSlack(ctx, p, &p.emails, "users.lookupByEmail", "ask Slack whose an e-mail is", strings.ToLower(email), age, func() (reset.Person, error) {
		u, err := p.Slack.GetUserByEmailContext(ctx, email)
		if slackapi.ErrorCode(err) == "users_not_found" {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return reset.Person(u.ID), nil
	})
}
