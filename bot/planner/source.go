package planner

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// refuse is why a request cannot become a plan, for machines and in words for the requester.
func refuse(code, words string) error { return &policy.Refusal{Code: code, Words: words} }

// fromSource lists the users of a group or a search, one row each.
func (pl *planning) fromSource(ctx context.Context, src reset.Source) ([]reset.Row, []okta.Match, error) {
	users, err := pl.users(ctx, src)
	if err != nil {
		return nil, nil, err
	}
	var rows []reset.Row
	var matches []okta.Match
	for u, err := range users {
		if err != nil {
			return nil, nil, searchError(err)
		}
		rows = append(rows, reset.Row{Row: len(rows) + 1, Input: u.Login, Kind: reset.RefID, Value: u.ID})
		matches = append(matches, okta.Match{Users: []okta.User{u}})
		if over := pl.Rules().CheckSize(len(rows)); over != nil {
			return nil, nil, over
		}
	}
	if len(rows) == 0 {
		return nil, nil, refuse("nobody_found", "Nobody in Okta is in the group or fits the search. Check it and ask again.")
	}
	return rows, matches, nil
}

func (pl *planning) users(ctx context.Context, src reset.Source) (iter.Seq2[okta.User, error], error) {
	if src.Search != "" {
		return pl.Okta.Search(ctx, src.Search), nil
	}
	group, err := pl.groupNamed(ctx, src.Group)
	if err != nil {
		return nil, err
	}
	return pl.Okta.GroupMembers(ctx, group), nil
}

// groupNamed returns the ID of the one group of this name.
func (p *Planner) groupNamed(ctx context.Context, name string) (string, error) {
	groups, err := p.Okta.GroupsByName(ctx, name)
	switch {
	case err != nil:
		return "", fmt.Errorf("look the group up: %w", err)
	case len(groups) == 0:
		return "", refuse("no_group", "Okta has no group of this name. Write the name as Okta shows it, in quotation marks.")
	case len(groups) > 1:
		return "", refuse("two_groups", fmt.Sprintf("Okta has %s of this name. Rename one, or name the users.", reset.Plural(len(groups), "group")))
	}
	return groups[0].ID, nil
}

// searchError passes on what Okta says of a search that it does not take.
func searchError(err error) error {
	if oe, ok := errors.AsType[*okta.Error](err); ok && oe.Kind == okta.KindExpression {
		return refuse("bad_search", "Okta doesn't accept this search: "+oe.Summary)
	}
	return fmt.Errorf("list the users: %w", err)
}
