package people

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// userReader is what has to be asked of Okta about those who were reset.
type userReader interface {
	User(ctx context.Context, idOrLogin string) (okta.User, error)
}

// Affected finds the people who were reset.
type Affected struct {
	People *Directory
	Okta   userReader
}

// SlackOf returns the member of this workspace with the e-mail of an Okta user.
// Bots, the deactivated and people of other workspaces are nobody here.
func (a Affected) SlackOf(ctx context.Context, user reset.UserID) (reset.Person, error) {
	u, err := a.Okta.User(ctx, string(user))
	if okta.IsKind(err, okta.KindNotFound) {
		return "", reset.ErrNoPerson
	}
	if err != nil {
		return "", fmt.Errorf("ask Okta for an e-mail: %w", err)
	}
	if u.Email == "" {
		return "", reset.ErrNoPerson
	}
	found, err := a.People.byEmail(ctx, u.Email, groupAge)
	if err != nil {
		return "", err
	}
	if found.value == "" {
		return "", reset.ErrNoPerson
	}
	who, err := a.People.Account(ctx, found.value)
	if err != nil {
		return "", err
	}
	if who.Deleted || who.Bot || who.Stranger {
		return "", reset.ErrNoPerson
	}
	return found.value, nil
}
