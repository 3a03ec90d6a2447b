package planner

import (
	"context"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// inspect asks what is asked of each target: roles and factors of a few, roles
// and groups of all where the lists of the protected cannot be read.
func (pl *planning) inspect(ctx context.Context, c *classifier, targets []reset.Target) error {
	resets := 0
	for i := range targets {
		if targets[i].Action == reset.ActionReset {
			resets++
		}
	}
	few := resets <= policy.Few || c.rules.Inspect == "each"
	asks := []struct {
		wanted bool
		what   string
		of     func(context.Context, *classifier, *reset.Target) error
	}{
		{c.roles || few && c.rules.Protect.Admins != policy.AdminsOff, "roles", pl.askRoles},
		{c.groups, "groups", pl.askGroups},
		{few, "factors", pl.askFactors},
	}
	for i := range targets {
		for _, ask := range asks {
			t := &targets[i]
			if !ask.wanted || t.Action != reset.ActionReset {
				continue
			}
			switch err := ask.of(ctx, c, t); {
			case okta.IsKind(err, okta.KindNotFound):
				skip(t, reset.NotFound, "just removed from Okta")
			case err != nil:
				return fmt.Errorf("ask for the %s of row %d: %w", ask.what, t.Row, err)
			}
		}
	}
	return nil
}

// askRoles judges a target by its roles, and skips one whose roles may not be
// read where there are no lists to go by.
func (pl *planning) askRoles(ctx context.Context, c *classifier, t *reset.Target) error {
	known := c.known
	err := pl.Protection.AskRoles(ctx, &known, t.User)
	switch {
	case okta.IsKind(err, okta.KindForbidden) && !c.roles: // the lists have told
	case okta.IsKind(err, okta.KindForbidden):
		skip(t, reset.ProtectedAdmin, "Okta doesn't say whether this is an administrator")
	case err != nil:
		return err
	default:
		if c.known.Supers.Len() > 0 || !pl.Protection.Needs(c.breakGlass).Supers {
			known.Supers = c.known.Supers // the list knows whether there are others
		}
		c.protect(t, known.Match(c.rules, t.User, t.Login), reset.Row{})
	}
	return nil
}

// askGroups judges a target by its groups.
func (pl *planning) askGroups(ctx context.Context, c *classifier, t *reset.Target) error {
	known := c.known
	err := pl.Protection.AskGroups(ctx, &known, t.User)
	switch {
	case okta.IsKind(err, okta.KindForbidden):
		skip(t, reset.ProtectedGroup, "Okta doesn't say whether this user is in a protected group")
	case err != nil:
		return err
	default:
		c.protect(t, known.Match(c.rules, t.User, t.Login), reset.Row{})
	}
	return nil
}

// askFactors lists what a reset will remove. What may not be read is not known.
func (pl *planning) askFactors(ctx context.Context, _ *classifier, t *reset.Target) error {
	factors, err := pl.Okta.Factors(ctx, string(t.User))
	switch {
	case okta.IsKind(err, okta.KindForbidden):
		return nil
	case err != nil:
		return err
	}
	t.Read, t.Factors, t.FactorIDs = true, FactorTypes(factors), nil
	for _, f := range factors {
		t.FactorIDs = append(t.FactorIDs, f.ID)
	}
	return nil
}

// costs says what it costs that the protected cannot be read, as a whole or one by one.
func (c *classifier) costs() (list []string) {
	if c.known.Self == "" {
		list = append(list, "Okta doesn't say who the bot is, so its own service user isn't protected.")
	}
	if c.roles && c.rules.Protect.Admins != policy.AdminsEach {
		list = append(list, "Okta's lists of administrators can't be read, so every user's roles are checked one by one. That takes at least three times as long.")
	}
	if c.groups {
		list = append(list, "The members of a protected group can't be read, so every user's groups are checked one by one. That takes at least three times as long.")
	}
	return list
}
