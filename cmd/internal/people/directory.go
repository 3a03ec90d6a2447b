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
	"factorbot/bot/slackapi"
	"factorbot/okta"
)

// Directory tells who somebody is from what Slack and Okta say at this moment.
type Directory struct {
	Slack *slack.Client
	Okta  Accounts
	Rules func() policy.Rules
	Log   *slog.Logger
	// Judge adds what is remembered of an account to what is known of the person; nil: nothing is.
	Judge func(context.Context, *policy.Person) error
	// Shelf keeps what Okta said of people; nil: it is forgotten with the process.
	Shelf Shelf

	place  atomic.Pointer[place] // where we are installed
	users  cache[account]        // by the Slack user's ID
	groups cache[[]string]       // who is in a user group, by its ID
	rooms  cache[[]string]       // who is in a channel, by its ID
	emails cache[reset.Person]   // by an e-mail, as Slack finds them; "" for nobody
	found  cache[[]okta.User]    // by an e-mail, as Okta finds them
	parts  cache[[]okta.Group]   // of which Okta groups somebody is, by the Okta user's ID
	linked cache[oktaPart]       // what Okta said last, by the Slack user's ID
	memory memory                // the same, in the record
	gates  gates                 // of Slack's methods
}

// account is a Slack account.
type account struct {
	who       policy.Person
	confirmed bool // Slack has confirmed the e-mail
}

const (
	// shared is how long an answer is shared by all who ask; a decision asks again.
	shared = 10 * time.Second
	// oktaKept is how old what Okta said of a person may be for stopping something.
	oktaKept = 24 * time.Hour
	// oktaTime bounds the question to Okta where an older answer will do.
	oktaTime = 3 * time.Second
)

// Account asks Slack alone.
func (p *Directory) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	a, err := p.account(ctx, id, shared)
	return a.who, err
}

// Member tells of the Slack account and its user groups.
func (p *Directory) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	a, err := p.member(ctx, id, ages{account: shared, groups: groupAge})
	return a.who, err
}

// member is the Slack account with its user groups.
func (p *Directory) member(ctx context.Context, id reset.Person, age ages) (account, error) {
	a, err := p.account(ctx, id, age.account)
	if err != nil {
		return account{}, err
	}
	err = p.addGroups(ctx, &a.who, age.groups)
	return a, err
}

// Known is Member with the Okta account. Where Okta does not answer soon, what
// it said within a day counts.
func (p *Directory) Known(ctx context.Context, id reset.Person) (policy.Person, error) {
	a, err := p.member(ctx, id, ages{account: shared, groups: groupAge})
	if err != nil {
		return policy.Person{}, err
	}
	short, cancel := context.WithTimeout(ctx, oktaTime)
	defer cancel()
	err = p.addOkta(short, &a.who, a.confirmed, groupAge, shared)
	if err == nil {
		return a.who, p.judge(ctx, &a.who)
	}
	old, ok := p.linked.get(string(id), oktaKept)
	said := old.value
	if !ok {
		said, ok = p.recalled(ctx, id)
	}
	if !ok {
		return policy.Person{}, err
	}
	a.who.OktaIDs, a.who.Okta = said.kin, said.account
	return a.who, p.judge(ctx, &a.who)
}

// account asks Slack, which also tells whether it has confirmed the person's
// e-mail. A person of another workspace is a stranger: Slack's own is_stranger is
// true only for those who share no channel with us, so the team is compared
// (docs.slack.dev, user object).
func (p *Directory) account(ctx context.Context, id reset.Person, age time.Duration) (account, error) {
	home, err := p.home(ctx)
	if err != nil {
		return account{}, err
	}
	got, err := askSlack(ctx, p, &p.users, "users.info", "ask Slack about "+string(id), string(id), age, func() (account, error) {
		u, err := p.Slack.GetUserInfoContext(ctx, string(id))
		switch slackapi.ErrorCode(err) {
		case "user_not_found", "user_not_visible":
			return account{}, reset.ErrNoPerson
		}
		if err != nil {
			return account{}, err
		}
		return home.account(id, u), nil
	})
	if err != nil {
		return account{}, err
	}
	got.value.who.At = got.at
	return got.value, nil
}

func (home place) account(id reset.Person, u *slack.User) account {
	who := policy.Person{
		ID: id, Name: u.RealName, Team: u.TeamID, Email: u.Profile.Email, Zone: u.TZ,
		Deleted: u.Deleted, Bot: u.IsBot || u.IsAppUser || u.ID == "USLACKBOT",
		Guest:    u.IsRestricted || u.IsUltraRestricted,
		Stranger: u.IsStranger || u.TeamID != home.team,
	}
	if home.enterprise != "" && u.Enterprise.EnterpriseID == home.enterprise {
		who.Team, who.Stranger = "", false // any workspace of the organization is theirs
	}
	return account{who: who, confirmed: u.IsEmailConfirmed}
}

// slackAway says that Slack did not answer, or refused a question that it should answer.
func slackAway(what string, err error) error {
	return &desk.AwayError{Service: "Slack", Err: fmt.Errorf("%s: %w", what, err)}
}

func oktaAway(what string, err error) error {
	return &desk.AwayError{Service: "Okta", Err: fmt.Errorf("%s: %w", what, err)}
}

// place is the workspace that the bot is installed in, and on Enterprise Grid
// the organization: one where the bot is installed for all of it has its ID as
// the team's, too.
type place struct{ team, enterprise string }

// Person asks both services, about everything afresh.
func (p *Directory) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	return p.whole(ctx, id, ages{})
}

// Persons tells of several; what user groups hold and e-mails lead to may be as old as knowledge may be.
func (p *Directory) Persons(ctx context.Context, ids ...reset.Person) ([]policy.Person, error) {
	return p.several(ctx, ages{groups: groupAge}, ids)
}

// ages are how old what is known may be; 0 asks in any case.
type ages struct{ account, groups, okta time.Duration }

func (p *Directory) several(ctx context.Context, age ages, ids []reset.Person) ([]policy.Person, error) {
	all := make([]policy.Person, 0, len(ids))
	for _, id := range ids {
		who, err := p.whole(ctx, id, age)
		if errors.Is(err, reset.ErrNoPerson) {
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
func (p *Directory) whole(ctx context.Context, id reset.Person, age ages) (policy.Person, error) {
	a, err := p.member(ctx, id, age)
	if err != nil {
		return policy.Person{}, err
	}
	if err := p.addOkta(ctx, &a.who, a.confirmed, age.groups, age.okta); err != nil {
		return a.who, err
	}
	return a.who, p.judge(ctx, &a.who)
}

// judge adds what is remembered of the account.
func (p *Directory) judge(ctx context.Context, who *policy.Person) error {
	if p.Judge == nil {
		return nil
	}
	return p.Judge(ctx, who)
}

// home learns once where the bot is installed.
func (p *Directory) home(ctx context.Context) (place, error) {
	if home := p.place.Load(); home != nil {
		return *home, nil
	}
	auth, err := retryRead(ctx, func() (*slack.AuthTestResponse, error) { return p.Slack.AuthTestContext(ctx) })
	if err != nil {
		return place{}, slackAway("ask Slack who we are", err)
	}
	home := place{auth.TeamID, auth.EnterpriseID}
	p.place.Store(&home)
	return home, nil
}

// askAgain is the first wait after Slack could not answer; it doubles, with full jitter.
const askAgain = 100 * time.Millisecond

// refusal is the error code of an answer of Slack's about what was asked, "" for one
// that says nothing about it (docs.slack.dev, errors common to all methods).
func refusal(err error) string {
	switch code := slackapi.ErrorCode(err); code {
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited":
		return ""
	default:
		return code
	}
}

// retryRead asks until Slack answers, be it with a refusal of its own, or ctx
// ends: a person who has pressed a button should not have to press it again
// because of one lost answer. Only for what changes nothing.
func retryRead[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for wait := askAgain; ; wait *= 2 {
		got, err := ask()
		var limited *slack.RateLimitedError
		pause := wait/2 + rand.N(wait/2)
		switch {
		case err == nil, ctx.Err() != nil, errors.Is(err, reset.ErrNoPerson), refusal(err) != "":
			return got, err
		case errors.As(err, &limited):
			pause = limited.RetryAfter + rand.N(askAgain)
			if till, ok := ctx.Deadline(); ok && time.Until(till) < pause {
				return got, err // there is time for it later, but not in this context
			}
		}
		if slackapi.Pause(ctx, pause) != nil {
			return got, err
		}
	}
}
