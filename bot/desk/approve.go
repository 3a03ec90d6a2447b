package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Approve counts the person's approval of the plan they saw. The decision that
// completes what is asked approves the request. All whose approvals count
// already are asked about again: those that no longer hold fall away in the
// same commit. Where the terms want the number of users and in.Confirmed is
// another, the error is a *reset.ConfirmError and nothing is counted.
func (d *Desk) Approve(ctx context.Context, in Intent) (*reset.Request, error) {
	p, err := d.person(ctx, in)
	if err != nil {
		return nil, err
	}
	for {
		a, err := d.prepare(ctx, in, p)
		if err != nil {
			return nil, err
		}
		r, err := d.Record.Update(ctx, in.Request, in.Op, true, a.count)
		if errors.Is(err, errMeanwhile) {
			continue
		}
		if is[*reset.ConfirmError](err) || is[*reset.StepUpError](err) {
			err = errors.Join(err, d.tighten(ctx, a))
		}
		return r, d.expired(ctx, in.Request, err)
	}
}

// tighten records what the policy asks now, so that the message shows it before the number is typed.
func (d *Desk) tighten(ctx context.Context, a *approval) error {
	_, err := d.Record.Update(ctx, a.in.Request, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if !a.fits(r) { // the terms are of another plan, it may be
			return nil, nil
		}
		return a.tightened(r), nil
	})
	return err
}

// errMeanwhile says that the request moved between the questions about people and the commit.
var errMeanwhile = errors.New("the request has moved while people were asked about")

// approval is one with all that has to be known before it counts. Its
// count changes the head that it was made for.
type approval struct {
	in      Intent
	who     policy.Person
	rules   policy.Rules
	now     time.Time
	late    func() error
	seen    *reset.Request         // the head that all was asked for
	context policy.ApprovalContext // of who approves
	revoked []reset.Decision       // earlier approvals that no longer hold, with why
	terms   reset.Terms            // what the policy asks at this moment
}

// prepare asks all that is needed to judge an approval.
func (d *Desk) prepare(ctx context.Context, in Intent, p policy.Person) (*approval, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return nil, err
	}
	a := &approval{in: in, who: p, rules: d.Rules(), now: d.Now(), late: func() error { return d.late(in) }, seen: r}
	if r.State != reset.Pending {
		return a, nil
	}
	ids := []reset.Person{r.Asked.By}
	for _, v := range r.Approved {
		ids = append(ids, v.By)
	}
	others, err := d.known(ctx, ids...)
	if err != nil {
		return nil, err
	}
	voters := others[1:]
	rows, err := policy.RowsOf(append(slices.Clone(voters), p), d.Plans.Targets(ctx, r.ID, r.Plan.Revision, 1))
	if err != nil {
		return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
	}
	a.context = policy.ApprovalContext{Requester: others[0], Row: rows[len(voters)]}
	a.revoked, a.context.Earlier = a.rules.Recheck(r, others[0], voters, rows)
	a.terms, err = d.termsNow(ctx, r)
	return a, err
}

// known asks about people who are not the one who acts.
func (d *Desk) known(ctx context.Context, ids ...reset.Person) ([]policy.Person, error) {
	all, err := d.People.Persons(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("ask who %s are: %w", ids, err)
	}
	for _, p := range all {
		if err := d.recent(p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// termsNow asks the policy again: the requester may have asked for more since the plan was frozen.
func (d *Desk) termsNow(ctx context.Context, r *reset.Request) (reset.Terms, error) {
	now := d.Now()
	spent, err := policy.AskedToday(d.Record.Requests(ctx, reset.Query{Since: now.Add(-policy.Day)}), r.Asked, now, r.ID)
	if err != nil {
		return reset.Terms{}, fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
	}
	return d.Rules().TermsFor(policy.Case{Kind: r.Asked.Kind, Options: r.Asked.Options, Resets: r.Plan.Resets, Recent: spent.Targets}), nil
}

// count judges the approval on the head that it changes.
func (a *approval) count(r *reset.Request) ([]reset.Fact, error) {
	if err := a.late(); err != nil {
		return nil, err
	}
	if !a.fits(r) {
		return nil, errMeanwhile
	}
	if err := a.rules.MayApprove(a.who, r, a.context); err != nil {
		return nil, err
	}
	facts := a.tightened(r)
	for _, v := range a.revoked {
		f, err := r.Revoke(v.By, v.Why, a.now)
		if err != nil {
			return nil, err
		}
		facts = append(facts, f)
	}
	v := a.rules.NewDecision(a.who, r.Terms, a.in.Digest)
	v.StepUp = a.in.Proof
	f, err := r.Approve(v, a.in.Confirmed, a.now)
	if err != nil {
		return nil, err
	}
	return append(facts, f), nil
}

// tightened lets the head's terms ask for what the policy asks now.
func (a *approval) tightened(r *reset.Request) []reset.Fact {
	if f, changed := r.TightenTerms(a.terms, a.now); changed {
		return []reset.Fact{f}
	}
	return nil
}

// fits reports whether the head is still the one that people were asked about.
func (a *approval) fits(r *reset.Request) bool { return a.seen.Version == r.Version }
