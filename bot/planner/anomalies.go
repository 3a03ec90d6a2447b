package planner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"factorbot/bot/reset"
)

const (
	newcomer = 7 * 24 * time.Hour // users created within this stand out

	// Departments that are looked at: the largest few, each of a size at which a
	// whole one says something and listing it costs at most ten calls.
	departmentsMost = 3
	departmentFrom  = 5
	departmentTo    = 2000
	departmentRunes = 60 // of its name that are shown
)

// risks lists what an approver should know about a plan, the heaviest first.
// Names out of profiles are stripped of all but letters, digits and spaces.
func (pl *planning) risks(ctx context.Context, r *reset.Request, p reset.Plan, targets []reset.Target, c *classifier, e overlaps) (list []reset.Risk, err error) {
	fresh, strong := countTargets(targets, time.Now())
	list = append(list,
		reset.Risk{Kind: reset.RiskAgain, Users: c.twice, Requests: []reset.ID{r.Asked.Source.Result}},
		reset.Risk{Kind: reset.RiskResetBefore, Users: e.again, Most: e.most, Last: e.last, Requests: e.by},
		reset.Risk{Kind: reset.RiskProtected, Users: p.BreakGlassUsers},
		reset.Risk{Kind: reset.RiskResistant, Users: strong})
	whole := reset.Risk{Kind: reset.RiskDepartments, Departments: pl.wholeDepartments(ctx, targets)}
	for _, department := range whole.Departments {
		whole.Users += department.Users
	}
	list = append(list, whole,
		reset.Risk{Kind: reset.RiskColumn, Users: c.later},
		reset.Risk{Kind: reset.RiskNew, Users: fresh},
		reset.Risk{Kind: reset.RiskInactive, Users: p.Statuses["SUSPENDED"] + p.Statuses["PROVISIONED"]},
		reset.Risk{Kind: reset.RiskElsewhere, Users: e.busy, Requests: e.requests[:min(len(e.requests), shownDetails)]})
	list = slices.DeleteFunc(list, func(k reset.Risk) bool { return k.Users == 0 })
	first := true
	for other, err := range pl.Record.Requests(ctx, reset.Query{By: r.Asked.By, Limit: 2}) {
		if err != nil {
			return nil, fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
		}
		first = first && other.ID == r.ID
	}
	if first {
		list = append(list, reset.Risk{Kind: reset.RiskFirst})
	}
	return list, nil
}

// countTargets counts users to reset who were created lately, and those whose factors are
// phishing-resistant.
func countTargets(targets []reset.Target, now time.Time) (fresh, strong int) {
	for i := range targets {
		t := &targets[i]
		if t.Action != reset.ActionReset {
			continue
		}
		if t.Created != nil && now.Sub(*t.Created) < newcomer {
			fresh++
		}
		if t.Read && resistant(t.Factors) {
			strong++
		}
	}
	return fresh, strong
}

// resistant reports whether a user's only factors are phishing-resistant: FIDO
// keys and passkeys, FastPass (Okta, "phishing-resistant authentication"). What
// is only for recovery does not count.
func resistant(types []string) bool {
	some := false
	for _, t := range types {
		switch t {
		case "webauthn", "u2f", "signed_nonce":
			some = true
		case "email", "question":
		default:
			return false
		}
	}
	return some
}

// wholeDepartments lists those departments of which nobody is missing in the
// plan. What Okta does not tell stands out to nobody.
func (pl *planning) wholeDepartments(ctx context.Context, targets []reset.Target) (found []reset.Department) {
	sizes := map[string]int{}
	for i := range targets {
		if t := &targets[i]; t.Action == reset.ActionReset && t.Department != "" {
			sizes[t.Department]++
		}
	}
	maps.DeleteFunc(sizes, func(name string, n int) bool {
		return n < departmentFrom || n > departmentTo || strings.ContainsAny(name, `"\`)
	})
	largest := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int { return cmp.Or(sizes[b]-sizes[a], strings.Compare(a, b)) })
	for _, name := range largest[:min(len(largest), departmentsMost)] {
		whole, err := pl.wholeDepartment(ctx, name, targets)
		if err != nil {
			pl.Log.Warn("a department cannot be listed", "request", pl.id, "err", err)
			continue
		}
		if whole {
			found = append(found, reset.Department{Name: plainWords(name), Users: sizes[name]})
		}
	}
	return found
}

// wholeDepartment lists a department until somebody is missing in the plan.
func (pl *planning) wholeDepartment(ctx context.Context, name string, targets []reset.Target) (bool, error) {
	in := map[string]bool{}
	for i := range targets {
		if t := &targets[i]; t.Department == name {
			in[string(t.User)] = true
		}
	}
	for u, err := range pl.Okta.Search(ctx, `profile.department eq "`+name+`"`) {
		if err != nil {
			return false, err
		}
		if u.Status != "DEPROVISIONED" && !in[u.ID] {
			return false, nil
		}
	}
	return true, nil
}

// plainWords keeps of untrusted text what can do no harm anywhere.
func plainWords(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > departmentRunes || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' {
			return -1
		}
		return r
	}, s)
}
