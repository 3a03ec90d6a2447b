package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// resolve finds the user of every row: the first of its references that leads to
// one decides, and what Okta does not know gives way to the next. A row whose
// references lead to two users matches both. It notes in the row which reference
// decided.
func (pl *planning) resolve(ctx context.Context, rows []reset.Row) ([]okta.Match, error) {
	matches := make([]okta.Match, len(rows))
	for next := 0; ; next++ {
		var refs []reset.Ref
		var at []int
		for i := range rows {
			if all := rows[i].Refs(); len(matches[i].Users) == 0 && next < len(all) {
				refs, at = append(refs, all[next]), append(at, i)
			}
		}
		if len(refs) == 0 {
			break
		}
		found, err := pl.lookup(ctx, refs)
		if err != nil {
			return nil, err
		}
		for n, m := range found {
			i := at[n]
			if len(m.Users) > 0 || next == 0 {
				matches[i] = m
			}
			if len(m.Users) > 0 {
				decide(&rows[i], next)
			}
		}
	}
	return matches, pl.findDisagreements(ctx, rows, matches)
}

// decide makes one reference of a row the one that names its user.
func decide(row *reset.Row, which int) {
	if which == 0 {
		return
	}
	all := row.Refs()
	first := all[which]
	row.Kind, row.Value, row.Column, row.Loose = first.Kind, first.Value, first.Column, first.Loose
	row.Also = slices.Delete(all, which, which+1)
}

// findDisagreements looks for rows that disagree with themselves: another reference leads to
// another user, or the address that found the user is the e-mail of one and the
// login of another.
func (pl *planning) findDisagreements(ctx context.Context, rows []reset.Row, matches []okta.Match) error {
	var refs []reset.Ref
	var at []int
	for i := range rows {
		if len(matches[i].Users) != 1 {
			continue
		}
		for _, ref := range refsToCheck(rows[i], matches[i].Users[0], len(rows) <= policy.Few) {
			refs, at = append(refs, ref), append(at, i)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	found, err := pl.lookupAs(ctx, refs)
	if err != nil {
		return err
	}
	for n, m := range found {
		have := &matches[at[n]]
		for _, u := range m.Users {
			if !slices.ContainsFunc(have.Users, func(other okta.User) bool { return other.ID == u.ID }) {
				have.Users = append(slices.Clone(have.Users), u)
			}
		}
		if row := rows[at[n]]; row.Kind != reset.RefID && strings.EqualFold(refs[n].Value, row.Value) {
			have.Users = withoutTwins(have.Users) // they share an address: the row names nobody by another
		}
	}
	return nil
}

// withoutTwins leaves out of the users of one address those who are DEPROVISIONED, where
// anybody else has it: an address that was given to a new user is theirs. Two who
// are not DEPROVISIONED stay two, whose login it may be: a reset is not to guess.
func withoutTwins(users []okta.User) []okta.User {
	live := slices.DeleteFunc(slices.Clone(users), func(u okta.User) bool { return u.Status == "DEPROVISIONED" })
	if len(live) == 0 {
		return users
	}
	return live
}

// refsToCheck lists what is still to be looked up of a row whose user is known: the
// references that are not the user's own, and the address that found the user
// as the e-mail or login of another. Where there are many rows, an address that
// is both of one user's is not doubted: it would double the calls.
func refsToCheck(row reset.Row, u okta.User, closely bool) []reset.Ref {
	var refs []reset.Ref
	for n, ref := range row.Refs() {
		isLogin, isEmail := strings.EqualFold(u.Login, ref.Value), strings.EqualFold(u.Email, ref.Value)
		switch {
		case ref.Kind == reset.RefID:
			if u.ID != ref.Value {
				refs = append(refs, ref)
			}
		case !isLogin && !isEmail:
			if n > 0 && !ref.Loose {
				refs = append(refs, reset.Ref{Kind: reset.RefLogin, Value: ref.Value})
				if strings.Contains(ref.Value, "@") {
					refs = append(refs, reset.Ref{Kind: reset.RefEmail, Value: ref.Value})
				}
			}
		case n > 0 || !strings.Contains(ref.Value, "@"):
		case !isLogin:
			refs = append(refs, reset.Ref{Kind: reset.RefLogin, Value: ref.Value})
		case !isEmail || closely:
			refs = append(refs, reset.Ref{Kind: reset.RefEmail, Value: ref.Value})
		}
	}
	return refs
}

// lookup resolves references; an address that is nobody's login is tried as an
// e-mail and the other way round, because people mix the two up.
func (pl *planning) lookup(ctx context.Context, refs []reset.Ref) ([]okta.Match, error) {
	matches, err := pl.lookupAs(ctx, refs)
	if err != nil {
		return nil, err
	}
	swap := map[reset.RefKind]reset.RefKind{reset.RefLogin: reset.RefEmail, reset.RefEmail: reset.RefLogin}
	var again []reset.Ref
	var at []int
	for i, ref := range refs {
		if other, ok := swap[ref.Kind]; ok && strings.Contains(ref.Value, "@") && len(matches[i].Users) == 0 && matches[i].Err == nil {
			ref.Kind = other
			again, at = append(again, ref), append(at, i)
		}
	}
	found, err := pl.lookupAs(ctx, again)
	if err != nil {
		return nil, err
	}
	for i, m := range found {
		matches[at[i]] = m
	}
	return matches, nil
}

// lookupAs resolves references as what they say they are.
func (pl *planning) lookupAs(ctx context.Context, refs []reset.Ref) ([]okta.Match, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	kinds := map[reset.RefKind]okta.RefKind{reset.RefID: okta.ByID, reset.RefLogin: okta.ByLogin, reset.RefEmail: okta.ByEmail}
	asked := make([]okta.Ref, len(refs))
	for i, ref := range refs {
		asked[i] = okta.Ref{Kind: kinds[ref.Kind], Value: ref.Value}
	}
	matches, err := pl.Okta.Resolve(ctx, asked, nil)
	if err != nil {
		return nil, fmt.Errorf("look up %d users: %w", len(refs), err)
	}
	for i := range matches {
		matches[i].Users = withoutTwins(matches[i].Users)
	}
	return matches, nil
}
