package runner

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

// odd says what stands out about a plan, in sentences for the approver. Names out
// of profiles are stripped of all but letters, digits and spaces.
func (d *driver) odd(ctx context.Context, r *reset.Request, targets []reset.Target, e elsewhere) ([]string, error) {
	list := e.sentences()
	list = append(list, glance(targets, time.Now())...)
	for _, name := range d.wholeDepartments(ctx, targets) {
		list = append(list, "Everybody of the department "+name+" is in this plan.")
	}
	first := true
	for other, err := range d.Heads.Requests(ctx, reset.Query{By: r.Asked.By, Limit: 2}) {
		if err != nil {
			return nil, fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
		}
		first = first && other.ID == r.ID
	}
	if first {
		list = append(list, "The requester has never asked for anything here before.")
	}
	return list, nil
}

func (e elsewhere) sentences() (list []string) {
	if e.again > 0 {
		s := count(e.again, "user was", "users were") + " reset before within 30 days"
		if e.most > 1 {
			s += fmt.Sprintf(", the one in row %d %d times", e.mostRow, e.most)
		}
		list = append(list, s+".")
	}
	if e.busy > 0 {
		shown := e.requests[:min(len(e.requests), shownDetails)]
		var ids []string
		for _, id := range shown {
			ids = append(ids, string(id))
		}
		if more := len(e.requests) - len(shown); more > 0 {
			ids = append(ids, fmt.Sprintf("%d more", more))
		}
		list = append(list, count(e.busy, "user is", "users are")+" in other open requests, too: "+strings.Join(ids, ", ")+". The plan file says who.")
	}
	return list
}

// glance tells what the targets alone show.
func glance(targets []reset.Target, now time.Time) (list []string) {
	fresh, suspended, strong := 0, 0, 0
	for i := range targets {
		t := &targets[i]
		if t.Action != reset.ActionReset {
			continue
		}
		if t.Created != nil && now.Sub(*t.Created) < newcomer {
			fresh++
		}
		if t.Status == "SUSPENDED" || t.Status == "PROVISIONED" {
			suspended++
		}
		if t.Read && resistant(t.Factors) {
			strong++
		}
	}
	if fresh > 0 {
		list = append(list, count(fresh, "user was", "users were")+" created within the last 7 days.")
	}
	if suspended > 0 {
		list = append(list, count(suspended, "user is", "users are")+" suspended or not yet activated, and will be reset all the same.")
	}
	if strong > 0 {
		list = append(list, count(strong, "user has", "users have")+" only phishing-resistant factors, such as a security key: just what an attacker would want gone.")
	}
	return list
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

// wholeDepartments names those departments of which nobody is missing in the
// plan. What Okta does not tell stands out to nobody.
func (d *driver) wholeDepartments(ctx context.Context, targets []reset.Target) (names []string) {
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
		whole, err := d.wholeDepartment(ctx, name, targets)
		if err != nil {
			d.Log.Warn("a department cannot be listed", "request", d.id, "err", err)
			continue
		}
		if whole {
			names = append(names, fmt.Sprintf("%s (%d users)", plainWords(name), sizes[name]))
		}
	}
	return names
}

// wholeDepartment lists a department until somebody is missing in the plan.
func (d *driver) wholeDepartment(ctx context.Context, name string, targets []reset.Target) (bool, error) {
	in := map[string]bool{}
	for i := range targets {
		if t := &targets[i]; t.Department == name {
			in[string(t.User)] = true
		}
	}
	for u, err := range d.Groups.Search(ctx, `profile.department eq "`+name+`"`) {
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
