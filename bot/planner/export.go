package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/okta"
)

// countMost is up to how many users a selection is counted for its plan, 50 calls.
const countMost = 10_000

// FactorsColumn lists the types of a user's factors. Each user costs a call.
const FactorsColumn = "factors"

// PlanExport checks what an export asks for, and counts about how many users it is.
// A *policy.Refusal says why it cannot become a plan.
func (p *Planner) PlanExport(ctx context.Context, r *reset.Request) (Result, error) {
	pl := &planning{Planner: p, id: r.ID}
	plan, err := pl.exportPlan(okta.WithLane(ctx, okta.Lane(r.ID)), r)
	if err != nil {
		return Result{}, err
	}
	terms, err := pl.terms(ctx, r, plan, nil)
	return Result{Plan: plan, Terms: terms}, err
}

// exportPlan is the plan of an export: no targets, for nobody is touched. The
// request never changes what it asks for, so the digest is bound to that by its ID.
func (pl *planning) exportPlan(ctx context.Context, r *reset.Request) (reset.Plan, error) {
	p := reset.Plan{Revision: r.Plan.Revision + 1, FrozenAt: time.Now()}
	columns := roster.ExportColumns(r.Asked.Columns)
	warnings, err := pl.checkColumns(ctx, columns)
	if err != nil {
		return p, err
	}
	sel, err := pl.Selection(ctx, r.Asked.Source)
	if err != nil {
		return p, err
	}
	n, rest, err := pl.countSelected(ctx, sel)
	if err != nil {
		return p, err
	}
	p.Targets, p.Warnings = n, append(warnings, rest...)
	p.Costs = exportCosts(n, len(rest) > 0 && n >= countMost, columns)
	return p, pl.seal(&p, r.Asked.Options, nil)
}

// attributeName is how Okta lets an attribute be called.
var attributeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// checkColumns refuses columns that no user can have. Where the org's attributes
// cannot be read, columns of another name than Okta's own may stay empty.
func (pl *planning) checkColumns(ctx context.Context, columns []string) (warnings []string, err error) {
	known := append(okta.UserColumns(), FactorsColumn)
	schema, err := pl.Okta.Schema(ctx)
	unread := okta.IsKind(err, okta.KindForbidden, okta.KindScope)
	if err != nil && !unread {
		return nil, fmt.Errorf("read the user schema: %w", err)
	}
	for _, a := range schema {
		known = append(known, a.Name)
	}
	for _, c := range columns {
		switch {
		case slices.Contains(known, c):
		case !attributeName.MatchString(c):
			return nil, refuse("no_column", "A column has a name that no attribute in Okta can have. Name columns as Okta does, such as id, login, department.")
		case unread:
			warnings = append(warnings, "Okta doesn't say which attributes users have: the column "+c+" stays empty if it isn't one.")
		default:
			return nil, refuse("no_column", "Users of this org have no attribute "+c+". Name columns as Okta does, such as id, login, department, or pick them in the form.")
		}
	}
	return warnings, nil
}

// Selection says to Okta which users an export lists.
func (p *Planner) Selection(ctx context.Context, src reset.Source) (okta.Selection, error) {
	if !src.Asks() {
		return okta.Selection{}, refuse("no_selection", "Say who to list: group:, search:, filter: or q:.")
	}
	s := okta.Selection{Search: src.Search, Filter: src.Filter, Q: src.Query}
	if src.Group == "" {
		return s, nil
	}
	group, err := p.groupNamed(ctx, src.Group)
	s.Group = group
	return s, err
}

// countSelected counts the users selected, up to a bound, and says in words what it did not count.
func (pl *planning) countSelected(ctx context.Context, sel okta.Selection) (n int, rest []string, err error) {
	for _, err := range pl.Okta.List(ctx, sel) {
		switch {
		case okta.IsKind(err, okta.KindTruncated):
			return n, []string{Truncated(err)}, nil
		case err != nil:
			return 0, nil, searchError(err)
		}
		if n++; n == countMost {
			return n, []string{fmt.Sprintf("At least %s are selected; the file will show how many.", reset.Plural(countMost, "user"))}, nil
		}
	}
	if n == 0 {
		return 0, nil, refuse("nobody_found", "Nobody in Okta is in the group or fits the search. Check it and ask again.")
	}
	return n, nil, nil
}

// Truncated says why Okta shows no more users, of an error of [okta.KindTruncated].
func Truncated(err error) string {
	e, _ := errors.AsType[*okta.Error](err)
	return e.Summary + ". " + e.Advice
}

// exportCosts says what the file will hold and what it takes.
func exportCosts(n int, more bool, columns []string) []string {
	about := "about " + reset.Plural(n, "user")
	if more {
		about = "at least " + reset.Plural(n, "user")
	}
	list := []string{fmt.Sprintf("The file will have %s with %s: %s.", about, reset.Plural(len(columns), "column"), strings.Join(columns, ", "))}
	if slices.Contains(columns, FactorsColumn) {
		list = append(list, "Listing factors takes one Okta call for each user, as slow as resets.")
	}
	return list
}
