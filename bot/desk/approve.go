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
		b, err := d.ballot(ctx, in, p)
		if err != nil {
			return nil, err
		}
		r, err := d.Record.Update(ctx, in.Request, in.Op, true, b.count)
		if errors.Is(err, errMeanwhile) {
			continue
		}
		if is[*reset.ConfirmError](err) || is[*reset.StepUpError](err) {
			err = errors.Join(err, d.tighten(ctx, b))
		}
		return r, d.expired(ctx, in.Request, err)
	}
}

// tighten records what the policy asks now, so that the message shows it before the number is typed.
func (d *Desk) tighten(ctx context.Context, b *ballot) error {
	_, err := d.Record.Update(ctx, b.in.Request, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if r.State != reset.Pending || !b.fits(r) { // the terms are of another revision
			return nil, nil
		}
		return b.tightened(r), nil
	})
	return err
}

// errMeanwhile says that the request moved between the questions about people and the commit.
var errMeanwhile = errors.New("the request has moved while people were asked about")

// ballot is one approval with all that has to be known before it counts. Its
// count is a pure change of the head that it was made for.
type ballot struct {
	in      Intent
	who     policy.Person
	rules   policy.Rules
	now     time.Time
	stale   bool
	seen    *reset.Request         // the head that all was asked for
	context policy.ApprovalContext // of who approves
	revoked []reset.Decision       // earlier approvals that no longer hold, with why
	terms   reset.Terms            // what the policy asks at this moment
}

// ballot asks all that is needed to judge an approval.
func (d *Desk) ballot(ctx context.Context, in Intent, p policy.Person) (*ballot, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return nil, err
	}
	b := &ballot{in: in, who: p, rules: d.Rules(), now: d.Now(), stale: d.stale(in), seen: r}
	if r.State != reset.Pending {
		return b, nil
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
	b.context = policy.ApprovalContext{Requester: others[0], Row: rows[len(voters)]}
	b.revoked, b.context.Earlier = b.rules.Recheck(r, others[0], voters, rows)
	b.terms, err = d.termsNow(ctx, r)
	return b, err
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
func (b *ballot) count(r *reset.Request) ([]reset.Fact, error) {
	if b.stale {
		return nil, ErrStale
	}
	if r.State == reset.Pending && !b.fits(r) {
		return nil, errMeanwhile
	}
	if b.in.Overtaken != nil && b.in.Overtaken() {
		return nil, ErrOvertaken
	}
	if err := b.rules.MayApprove(b.who, r, b.context); err != nil {
		return nil, err
	}
	var facts []reset.Fact
	if r.State == reset.Pending {
		facts = b.tightened(r)
		for _, v := range b.revoked {
			f, err := r.Revoke(v.By, v.Why, b.now)
			if err != nil {
				return nil, err
			}
			facts = append(facts, f)
		}
	}
	v := b.rules.NewDecision(b.who, r.Terms, b.in.Digest)
	v.StepUp = b.in.Proof
	f, err := r.Approve(v, b.in.Confirmed, b.now)
	if err != nil {
		return nil, err
	}
	return append(facts, f), nil
}

// tightened lets the head's terms ask for what the policy asks now.
func (b *ballot) tightened(r *reset.Request) []reset.Fact {
	if f, changed := r.TightenTerms(b.terms, b.now); changed {
		return []reset.Fact{f}
	}
	return nil
}

// fits reports whether the head is still as it was when people were asked about.
func (b *ballot) fits(r *reset.Request) bool {
	return b.seen.State == r.State && b.seen.Plan.Revision == r.Plan.Revision &&
		slices.EqualFunc(b.seen.Approved, r.Approved, func(x, y reset.Decision) bool { return x.By == y.By })
}
