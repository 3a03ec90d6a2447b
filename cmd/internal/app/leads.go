package app

import (
	"context"
	"fmt"
	"strings"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// leads tells which Okta users the references of a file lead to.
type leads struct{ client *standby }

// Lead asks for each reference as what it says it is, and for an address that is
// nobody's login as an e-mail.
func (l leads) Lead(ctx context.Context, refs []reset.Ref) ([]reset.UserID, error) {
	found := make([]reset.UserID, len(refs))
	for _, kind := range []okta.RefKind{okta.ByLogin, okta.ByEmail} {
		var asked []okta.Ref
		var at []int
		for i, r := range refs {
			ref := okta.Ref{Kind: kind, Value: r.Value}
			switch {
			case found[i] != "":
				continue
			case r.Kind == reset.RefID && kind == okta.ByLogin:
				ref.Kind = okta.ByID
			case r.Kind == reset.RefID, kind == okta.ByEmail && !strings.Contains(r.Value, "@"):
				continue
			}
			asked, at = append(asked, ref), append(at, i)
		}
		if len(asked) == 0 {
			continue
		}
		matches, err := l.client.Resolve(ctx, asked, nil)
		if err != nil {
			return nil, fmt.Errorf("look up %d users of a file: %w", len(asked), err)
		}
		for n, m := range matches {
			if len(m.Users) == 1 {
				found[at[n]] = reset.UserID(m.Users[0].ID)
			}
		}
	}
	return found, nil
}
