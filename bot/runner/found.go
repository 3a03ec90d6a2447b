package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// unplannable is a roster that cannot become a plan, in words for the requester.
type unplannable struct{ code, words string }

func (e *unplannable) Error() string { return e.code + ": " + e.words }

// found lists the users of a group or a search, one row each.
func (d *driver) found(ctx context.Context, src reset.Source) ([]reset.Row, []okta.Match, error) {
	users, err := d.users(ctx, src)
	if err != nil {
		return nil, nil, err
	}
	var rows []reset.Row
	var matches []okta.Match
	for u, err := range users {
		if err != nil {
			return nil, nil, complaint(err)
		}
		rows = append(rows, reset.Row{Row: len(rows) + 1, Input: u.Login, Kind: reset.RefID, Value: u.ID})
		matches = append(matches, okta.Match{Users: []okta.User{u}})
		var over *policy.Refusal
		if errors.As(d.Rules().CheckSize(len(rows)), &over) {
			return nil, nil, &unplannable{over.Code, over.Words}
		}
	}
	if len(rows) == 0 {
		return nil, nil, &unplannable{"nobody_found", "No user of Okta is in the group, or fits the search."}
	}
	return rows, matches, nil
}

func (d *driver) users(ctx context.Context, src reset.Source) (iter.Seq2[okta.User, error], error) {
	if src.Search != "" {
		return d.Groups.Search(ctx, src.Search), nil
	}
	group, err := d.groupNamed(ctx, src.Group)
	if err != nil {
		return nil, err
	}
	return d.Groups.GroupMembers(ctx, group), nil
}

// groupNamed returns the ID of the one group of this name.
func (d *driver) groupNamed(ctx context.Context, name string) (string, error) {
	groups, err := d.Groups.GroupsByName(ctx, name)
	switch {
	case err != nil:
		return "", fmt.Errorf("look the group up: %w", err)
	case len(groups) == 0:
		return "", &unplannable{"no_group", "Okta has no group of this name. Write the name as Okta shows it, in quotation marks."}
	case len(groups) > 1:
		return "", &unplannable{"two_groups", fmt.Sprintf("Okta has %d groups of this name. Rename one, or name the users.", len(groups))}
	}
	return groups[0].ID, nil
}

// complaint passes on what Okta says of a search that it does not take.
func complaint(err error) error {
	var oe *okta.Error
	if errors.As(err, &oe) && oe.Kind == okta.KindExpression {
		return &unplannable{"bad_search", "Okta does not take this search: " + oe.Summary}
	}
	return fmt.Errorf("list the users: %w", err)
}
