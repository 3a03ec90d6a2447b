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
		confirm, proof := (*reset.ConfirmError)(nil), (*reset.StepUpError)(nil)
		if errors.As(err, &confirm) || errors.As(err, &proof) {
			err = errors.Join(err, d.grow(ctx, b))
		}
		return r, d.expired(ctx, in.Request, err)
	}
}

// grow records what the policy asks now, so that the message shows it before the number is typed.
func (d *Desk) grow(ctx context.Context, b *ballot) error {
	_, err := d.Record.Update(ctx, b.in.Request, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if r.State != reset.Pending || !b.fits(r) { // the terms are of another revision
			return nil, nil
		}
		if f, grew := r.TightenTerms(b.terms, b.now); grew {
			return []reset.Fact{f}, nil
		}
		return nil, nil
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
	look    policy.ApprovalContext // of who approves
	earlier []earlier              // each whose approval counts already
	terms   reset.Terms            // what the policy asks at this moment
}

// earlier is somebody whose approval counts already, as known now.
type earlier struct {
	by   reset.Person
	fell string // why the approval no longer holds; "": it holds
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
	b.look.Requester = others[0]
	voters := others[1:]
	rows, err := d.rowsOf(ctx, r, append(slices.Clone(voters), p))
	if err != nil {
		return nil, err
	}
	for i, voter := range voters {
		look := policy.ApprovalContext{Requester: b.look.Requester, Earlier: b.look.Earlier, Row: rows[i]}
		e := earlier{by: voter.ID, fell: b.rules.RevokedReason(r.Approved[i], voter, r, look)}
		if e.fell == "" {
			b.look.Earlier = append(b.look.Earlier, voter)
		}
		b.earlier = append(b.earlier, e)
	}
	b.look.Row = rows[len(voters)]
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

// rowsOf returns for each person the first row of the plan that resets them, 0 if there is none.
func (d *Desk) rowsOf(ctx context.Context, r *reset.Request, all []policy.Person) ([]int, error) {
	rows := make([]int, len(all))
	for t, err := range d.Plans.Targets(ctx, r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		for i, p := range all {
			if rows[i] == 0 && p.Is(t) {
				rows[i] = t.Row
			}
		}
	}
	return rows, nil
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
	if err := b.rules.MayApprove(b.who, r, b.look); err != nil {
		return nil, err
	}
	var facts []reset.Fact
	if r.State == reset.Pending {
		if f, grew := r.TightenTerms(b.terms, b.now); grew {
			facts = append(facts, f)
		}
		for _, e := range b.earlier {
			if e.fell == "" {
				continue
			}
			f, err := r.Revoke(e.by, e.fell, b.now)
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

// fits reports whether the head is still as it was when people were asked about.
func (b *ballot) fits(r *reset.Request) bool {
	if b.seen.State != r.State || b.seen.Plan.Revision != r.Plan.Revision || len(b.seen.Approved) != len(r.Approved) {
		return false
	}
	for i, v := range r.Approved {
		if b.seen.Approved[i].By != v.By {
			return false
		}
	}
	return true
}
