package planner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/okta"
)

// Plan resolves the roster against Okta and freezes the plan, and calls then with
// what came of it. What is counted against the bounds on users per time is not
// counted by anybody else before then returns. A *policy.Refusal says why the roster
// cannot become a plan.
func (p *Planner) Plan(ctx context.Context, r *reset.Request, then func(Result) error) error {
	pl := &planning{Planner: p, id: r.ID}
	asOf := time.Now()
	lastNote, err := p.Record.LastNote(ctx)
	if err != nil {
		return err
	}
	targets, c, err := pl.targets(ctx, r)
	if err != nil {
		return err
	}
	plan, err := pl.freeze(pl.inLane(ctx, len(targets)), r, targets, c) // whose risks ask Okta too
	if err != nil {
		return err
	}
	unlock, err := p.Velocity.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	terms, err := pl.terms(ctx, r, plan, targets)
	if err != nil {
		return err
	}
	if plan.Resets == 0 {
		return refuse("nothing_to_reset", nothingToReset(plan, targets))
	}
	if err := p.Velocity.Check(ctx, r, plan.Resets); err != nil {
		return err
	}
	plan.FrozenAt, plan.LastNote = asOf, lastNote // who is reset by others from here on is not reset again
	plan.Takes = p.takes(r, plan)
	return then(Result{Plan: plan, Terms: terms})
}

// shownDetails is how many rows a refusal explains one by one.
const shownDetails = 3

// nothingToReset says why no target is left, the most frequent reason first, and explains the first rows.
func nothingToReset(p reset.Plan, targets []reset.Target) string {
	reasons := slices.SortedFunc(maps.Keys(p.Skips), func(a, b reset.Reason) int {
		return cmp.Or(p.Skips[b]-p.Skips[a], strings.Compare(string(a), string(b)))
	})
	if len(targets) == 1 {
		t := targets[0]
		remedy := skips[t.Reason].remedy
		if t.Reason == reset.NotFound {
			return fmt.Sprintf("Nobody to reset: %q isn't in Okta.%s", t.Input, remedy)
		}
		return fmt.Sprintf("Nobody to reset: %q is skipped, %s.%s", t.Input, t.Detail, remedy)
	}
	parts := make([]string, len(reasons))
	for i, r := range reasons {
		parts[i] = reset.Count(p.Skips[r]) + " " + skips[r].words
	}
	s := fmt.Sprintf("Nobody to reset: all %s are skipped (%s).", reset.Count(p.Targets), strings.Join(parts, ", "))
	for _, t := range targets[:min(len(targets), shownDetails)] {
		s += fmt.Sprintf(" %q: %s.", t.Input, t.Detail)
	}
	return s + skips[cmp.Or(reasons...)].remedy
}

// skips has for each reason why users are skipped, after their number, and what the requester
// does about it, after a blank; "" where there is nothing to do.
var skips = map[reset.Reason]struct{ words, remedy string }{
	reset.NotFound:       {"not in Okta", " Check the spelling and ask again."},
	reset.InvalidRow:     {"naming nobody", " Check the spelling and ask again."},
	reset.Ambiguous:      {"not clear who is meant", " Name them by login or Okta ID and ask again."},
	reset.Deprovisioned:  {"deactivated in Okta", " Activate them in Okta, then ask again."},
	reset.Staged:         {"not active yet in Okta", " Activate them in Okta, then ask again."},
	reset.ProtectedAdmin: {"protected as administrators", askApprover},
	reset.ProtectedUser:  {"protected by name", askApprover},
	reset.ProtectedGroup: {"in a protected group", askApprover},
	reset.ResetBefore:    {"reset already", ""},
	reset.Duplicate:      {"named twice", ""},
	reset.TakenOut:       {tookOut, ""},
}

const askApprover = " An approver can tell you how protected users are reset."

// targets makes one target for each row of the roster.
func (pl *planning) targets(ctx context.Context, r *reset.Request) ([]reset.Target, *classifier, error) {
	rows, matches, err := pl.rows(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	ctx = pl.inLane(ctx, len(rows))
	c, err := pl.classifier(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	if err := pl.checkUsers(matches); err != nil {
		return nil, nil, err
	}
	c.addTakenOut(rows, matches)
	targets := make([]reset.Target, len(rows))
	for i, row := range rows {
		targets[i] = c.target(row, matches[i])
		matches[i], rows[i] = okta.Match{}, reset.Row{} // as soon as it can be, the room is free again
	}
	if err := pl.inspect(ctx, c, targets); err != nil {
		return nil, nil, err
	}
	c.keepLastSuperAdmin(targets)
	return targets, c, nil
}

// checkUsers refuses more users than one request may have. Rows that name the
// same user, or nobody, do not count.
func (pl *planning) checkUsers(matches []okta.Match) error {
	users := map[string]bool{}
	for _, m := range matches {
		for _, u := range m.Users[:min(len(m.Users), 1)] {
			users[u.ID] = true
		}
	}
	return pl.Rules().CheckSize(len(users))
}

// classifier reads the lists of the protected and what was taken out.
func (pl *planning) classifier(ctx context.Context, r *reset.Request) (*classifier, error) {
	breakGlass := r.Asked.Options.BreakGlass
	pl.Protection.Refresh(ctx, breakGlass, time.Now())
	c := &classifier{rules: pl.Rules(), known: pl.Protection.Current(), breakGlass: breakGlass, seen: map[string]int{}}
	n := pl.Protection.Needs(breakGlass)
	c.roles = n.Admins && c.known.Admins.Err() != nil || n.Supers && c.known.Supers.Err() != nil || c.rules.Protect.Admins == policy.AdminsEach
	c.groups = n.Groups && c.known.Groups.Err() != nil
	if !n.Supers || c.known.Supers.Err() != nil {
		c.known.Supers = protection.List{}
	}
	if !n.Groups {
		c.known.Groups = protection.List{}
	}
	var err error
	if c.out, err = pl.takenOut(ctx, r); err != nil {
		return nil, err
	}
	c.anyway = r.Asked.Source.Anyway
	c.before, err = pl.resetBefore(ctx, r.Asked.Source.Result)
	return c, err
}

// rows finds the users that a request means: by the rows of the roster, or by asking Okta. Once a
// plan was shown its rows stay: a user who joined a group since is not in the next revision.
func (pl *planning) rows(ctx context.Context, r *reset.Request) ([]reset.Row, []okta.Match, error) {
	src := r.Asked.Source
	if src.Asks() && r.Plan.Revision == 0 {
		return pl.fromSource(okta.WithLane(ctx, okta.Lane(pl.id)), src)
	}
	var rows []reset.Row
	var err error
	if src.Asks() {
		rows, err = pl.previousRows(ctx, r)
	} else {
		rows, err = pl.roster(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	matches, err := pl.resolve(pl.inLane(ctx, len(rows)), rows)
	return rows, matches, err
}

// roster reads the rows as the requester named them.
func (pl *planning) roster(ctx context.Context) (rows []reset.Row, err error) {
	for row, err := range pl.Record.Roster(ctx, pl.id) {
		if err != nil {
			return nil, fmt.Errorf("read the roster of %s: %w", pl.id, err)
		}
		if row.Value == row.Input { // one text for both: there may be a hundred thousand
			row.Value = row.Input
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// FactorTypes lists factor types without repeats, in Okta's order.
func FactorTypes(factors []okta.Factor) []string {
	list := []string{}
	for _, f := range factors {
		if !slices.Contains(list, f.Type) {
			list = append(list, f.Type)
		}
	}
	return list
}

// freeze saves the targets and sums up what an approver should know of them.
func (pl *planning) freeze(ctx context.Context, r *reset.Request, targets []reset.Target, c *classifier) (reset.Plan, error) {
	known, err := pl.findOverlaps(ctx, r, targets)
	if err != nil {
		return reset.Plan{}, err
	}
	p := summarise(targets)
	p.Revision = r.Plan.Revision + 1
	p.Costs = append(costs(r.Asked.Options, p, pl.Rules()), c.costs()...)
	if p.Risks, err = pl.risks(ctx, r, p, targets, c, known); err != nil {
		return p, err
	}
	if err := pl.Record.SavePlan(ctx, pl.id, p.Revision, each(targets)); err != nil {
		return p, err
	}
	return p, pl.seal(&p, r.Asked.Options, targets)
}

// seal computes what approvals are bound to.
func (pl *planning) seal(p *reset.Plan, o reset.Options, targets []reset.Target) (err error) {
	sum := sha256.New()
	if err := roster.WritePlan(sum, each(targets)); err != nil {
		return fmt.Errorf("hash the plan: %w", err)
	}
	p.FileSHA = reset.Digest(hex.EncodeToString(sum.Sum(nil)))
	p.Digest, err = reset.DigestPlan(pl.Org, pl.id, p.Revision, o, p.FileSHA)
	return err
}

// costs says what the options imply, for the approver.
func costs(o reset.Options, p reset.Plan, rules policy.Rules) []string {
	var list []string
	if slices.ContainsFunc(o.Factors, func(f string) bool {
		return f == "push" || f == "signed_nonce" || strings.HasPrefix(f, "push@") || strings.HasPrefix(f, "signed_nonce@")
	}) {
		list = append(list, "Okta Verify's push, FastPass and code are removed together.")
	}
	if len(o.Factors) > 0 {
		list = append(list, "Removing only some factors takes at least three times as long as removing all.")
	}
	if o.RevokeSessions {
		list = append(list, "Ending their Okta sessions doubles the time.")
	}
	if p.Targets > policy.Few && rules.Inspect == "each" {
		list = append(list, fmt.Sprintf("Factors and roles of all %s were looked up.", reset.Plural(p.Resets, "user")))
	}
	if rules.Protect.Admins == policy.AdminsOff {
		list = append(list, "Administrators aren't protected here: they're reset like anyone else.")
	}
	if p.Resets > policy.Few && rules.Verify == "each" {
		list = append(list, "Checking every user's factors afterwards doubles the time.")
	}
	return list
}

func each(targets []reset.Target) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for _, t := range targets {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// summarise counts a plan for its head.
func summarise(targets []reset.Target) reset.Plan {
	p := reset.Plan{Targets: len(targets), Skips: map[reset.Reason]int{}, Statuses: map[string]int{}, Each: true}
	for _, t := range targets {
		if t.Action == reset.ActionSkip {
			p.Skips[t.Reason]++
			continue
		}
		p.Resets++
		if t.Reason != "" {
			p.BreakGlassUsers++
		}
		p.Statuses[t.Status]++
		p.Each = p.Each && t.Read
		if p.Resets <= reset.NamesMost {
			p.Names = append(p.Names, cmp.Or(t.Name, t.Login))
		}
	}
	if p.Resets > reset.NamesMost {
		p.Names = nil
	}
	return p
}
