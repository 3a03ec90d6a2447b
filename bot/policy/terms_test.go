package policy_test

import (
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

func TestRules_TermsFor(t *testing.T) {
	r := policy.Rules{
		Approvals: 1, LargeBatch: policy.LargeBatch{Over: 10, Approvals: 3, Confirm: true}, Ramp: []int{1, 5, 100},
		ApprovalsFrom: [][]string{{"S1", "S2"}}, Protect: policy.Protect{Approvers: []reset.Person{lead}}, ExecuteWithin: time.Hour,
	}
	from := []reset.Quorum{{Name: "@security or S2", Members: []string{"S1", "S2"}}}
	glass := append(from[:1:1], reset.Quorum{Name: "those who approve break-glass", Members: []string{string(lead)}})
	handles := map[string]string{"S1": "security"}
	for name, c := range map[string]struct {
		of   policy.Case
		want reset.Terms
	}{
		"small":              {policy.Case{Resets: 5}, reset.Terms{Approvals: 1, Waves: []int{1}}},
		"large":              {policy.Case{Resets: 11}, reset.Terms{Approvals: 3, Large: true, Confirm: 11, Waves: []int{1, 5}}},
		"large with others":  {policy.Case{Resets: 1, Recent: 10}, reset.Terms{Approvals: 3, Large: true, Recent: 10, Confirm: 1}},
		"break-glass":        {policy.Case{Resets: 1, Options: reset.Options{BreakGlass: true}}, reset.Terms{Approvals: 3, From: glass}},
		"a dry run":          {policy.Case{Resets: 5, Options: reset.Options{DryRun: true}}, reset.Terms{Approvals: 1}},
		"an export of many":  {policy.Case{Kind: reset.KindExport, Resets: 1000, Recent: 10}, reset.Terms{Approvals: 1}},
		"and who is able to": {policy.Case{Resets: 1, Able: 4}, reset.Terms{Approvals: 1, Able: 4}},
	} {
		c.of.Handles, c.want.ExecuteWithin = handles, time.Hour
		if c.want.From == nil {
			c.want.From = from
		}
		if diff := cmp.Diff(c.want, r.TermsFor(c.of)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for step, want := range map[policy.StepUp][4]bool{
		"": {}, policy.StepUpOff: {}, policy.StepUpBreakGlass: {false, false, true, true},
		policy.StepUpLarge: {false, true, true, true}, policy.StepUpAlways: {true, true, true, true},
	} {
		r.StepUp = step
		for i, of := range []policy.Case{
			{Resets: 1}, {Resets: 11}, {Resets: 1, Options: reset.Options{BreakGlass: true}}, {Resets: 11, Options: reset.Options{BreakGlass: true}},
		} {
			if got := r.TermsFor(of).StepUp; got != want[i] {
				t.Errorf("step_up %q, %+v: asked for %t", step, of, got)
			}
		}
		if got := r.TermsFor(policy.Case{Kind: reset.KindExport, Resets: 11}).StepUp; got != (step == policy.StepUpAlways) {
			t.Errorf("step_up %q, an export: asked for %t", step, got)
		}
	}
	if got := (policy.Rules{}).TermsFor(policy.Case{}).Approvals; got != 1 {
		t.Errorf("without settings %d approvals", got)
	}
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func all(list ...reset.Request) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		for i := range list {
			if !yield(&list[i], nil) {
				return
			}
		}
	}
}

// of is a request of five users, asked so long ago.
func of(id reset.ID, s reset.State, ago time.Duration) reset.Request {
	return reset.Request{ID: id, State: s, Rows: 6, Plan: reset.Plan{Resets: 5}, Asked: reset.Ask{By: asker, Okta: "00uASKER", At: noon.Add(-ago)}}
}

func TestRecent(t *testing.T) {
	with := func(r reset.Request, change func(*reset.Request)) reset.Request { change(&r); return r }
	for name, c := range map[string]struct {
		request reset.Request
		want    int
	}{
		"pending": {of("FR-2", reset.Pending, time.Hour), 5}, "done": {of("FR-2", reset.Done, time.Hour), 5}, "cancelled": {of("FR-2", reset.Cancelled, time.Hour), 5},
		"rejected": {of("FR-2", reset.Rejected, time.Hour), 0}, "denied": {of("FR-2", reset.Denied, time.Hour), 0}, "expired": {of("FR-2", reset.Expired, time.Hour), 0}, "lapsed": {of("FR-2", reset.Lapsed, time.Hour), 0},
		"planning counts its rows": {with(of("FR-2", reset.Planning, 0), func(r *reset.Request) { r.Plan.Resets = 0 }), 6},
		"a day ago":                {of("FR-2", reset.Done, policy.Day), 0},
		"just within the day":      {of("FR-2", reset.Done, policy.Day-1), 5},
		"this one":                 {of("FR-1", reset.Pending, 0), 0},
		"of somebody else":         {with(of("FR-2", reset.Pending, 0), func(r *reset.Request) { r.Asked.By, r.Asked.Okta = lead, "00uLEAD" }), 0},
		"by another account":       {with(of("FR-2", reset.Pending, 0), func(r *reset.Request) { r.Asked.By = "U_TWO" }), 5},
		"two without Okta user":    {with(of("FR-2", reset.Pending, 0), func(r *reset.Request) { r.Asked.By, r.Asked.Okta = lead, "" }), 0},
		"an export":                {with(of("FR-2", reset.Done, 0), func(r *reset.Request) { r.Asked.Kind = reset.KindExport }), 0},
		"a dry run":                {with(of("FR-2", reset.Done, 0), func(r *reset.Request) { r.Asked.Options.DryRun = true }), 0},
	} {
		spent, err := policy.AskedToday(all(c.request), reset.Ask{By: asker, Okta: "00uASKER"}, noon, "FR-1")
		if err != nil || spent.Targets != c.want {
			t.Errorf("%s: %d, %v, want %d", name, spent.Targets, err, c.want)
		}
	}
}

func TestRules_CheckVelocity(t *testing.T) {
	r := policy.Rules{Velocity: policy.Velocity{PerRequesterPerDay: 12, OrgPerHour: 20}}
	ended := of("FR-3", reset.Done, 2*time.Hour)
	ended.SettledAt, ended.StartedAt = noon.Add(-30*time.Minute), noon.Add(-time.Hour)
	day, err := policy.AskedToday(all(of("FR-2", reset.Pending, time.Hour), ended), reset.Ask{By: asker}, noon, "FR-1")
	if err != nil || day.Targets != 10 {
		t.Fatalf("%+v, %v", day, err)
	}
	for resets, want := range map[int]string{
		2: "", 3: "from 2026-03-03T10:00:00Z;", 8: "from 2026-03-03T11:00:00Z;", 12: "from 2026-03-03T11:00:00Z;", 13: "that many never go at once",
	} {
		err := r.CheckVelocity(resets, day, policy.Usage{}, noon)
		if want == "" && err != nil || want != "" && (code(t, err) != policy.CodeVelocity || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d more: %v, want %q", resets, err, want)
		}
	}
	if err := (policy.Rules{}).CheckVelocity(1e6, day, day, noon); err != nil {
		t.Errorf("without bounds: %v", err)
	}
}

// What was reset within the span counts, and what is running counts until it has ended.
func TestRan(t *testing.T) {
	ran := func(id reset.ID, ended time.Duration, totals *reset.Totals) reset.Request {
		r := of(id, reset.Done, 3*time.Hour)
		r.StartedAt, r.SettledAt, r.Totals = noon.Add(-2*time.Hour), noon.Add(-ended), totals
		return r
	}
	running := of("FR-2", reset.Running, time.Hour)
	running.StartedAt = noon.Add(-time.Minute)
	someones := ran("FR-2", time.Minute, nil)
	someones.Asked.By, someones.Asked.Okta = lead, "00uLEAD"
	export := ran("FR-2", time.Minute, nil)
	export.Asked.Kind = reset.KindExport
	some := &reset.Totals{ByOutcome: map[reset.Outcome]int{reset.OutcomeReset: 3, reset.OutcomeFailed: 1, reset.OutcomeSkipped: 7}}
	for name, c := range map[string]struct {
		request   reset.Request
		own, orgs int
	}{
		"ended":                {ran("FR-2", time.Minute, nil), 5, 5},
		"ended, with totals":   {ran("FR-2", time.Minute, some), 4, 4},
		"just within the span": {ran("FR-2", policy.Hour-1, nil), 5, 5},
		"a span ago":           {ran("FR-2", policy.Hour, nil), 0, 0},
		"running":              {running, 5, 5},
		"not started":          {of("FR-2", reset.Approved, time.Minute), 0, 0},
		"this one":             {ran("FR-1", time.Minute, nil), 0, 0},
		"of somebody else":     {someones, 0, 5},
		"an export":            {export, 0, 0},
	} {
		own, err := policy.RanSince(all(c.request), &reset.Ask{By: asker, Okta: "00uASKER"}, policy.Hour, noon, "FR-1")
		orgs, orgErr := policy.OrgHour(all(c.request), noon, "FR-1")
		if err != nil || orgErr != nil || own.Targets != c.own || orgs.Targets != c.orgs {
			t.Errorf("%s: %d and %d, want %d and %d, %v, %v", name, own.Targets, orgs.Targets, c.own, c.orgs, err, orgErr)
		}
		if at, ok := orgs.RoomAt(5, 5, noon); c.orgs > 0 && ok != !c.request.SettledAt.IsZero() || ok && c.orgs > 0 && !at.Equal(c.request.SettledAt.Add(policy.Hour)) {
			t.Errorf("%s: room at %s, %t", name, at, ok)
		}
	}
	away := errors.New("no answer")
	broken := func(yield func(*reset.Request, error) bool) { yield(nil, away) }
	if _, err := policy.RanSince(broken, nil, policy.Hour, noon, ""); !errors.Is(err, away) {
		t.Errorf("where the record does not answer: %v", err)
	}
	if _, err := policy.AskedToday(broken, reset.Ask{}, noon, ""); !errors.Is(err, away) {
		t.Errorf("where the record does not answer: %v", err)
	}
}

// A start waits for the later of the two bounds, and is not known while one of them is not.
func TestRules_MayStart(t *testing.T) {
	r := policy.Rules{Velocity: policy.Velocity{PerRequesterPerDay: 5, OrgPerHour: 5}}
	spent := func(list ...reset.Request) policy.Usage {
		s, err := policy.OrgHour(all(list...), noon, "")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ended := of("FR-2", reset.Done, 3*time.Hour)
	ended.StartedAt, ended.SettledAt = noon.Add(-time.Hour), noon.Add(-20*time.Minute)
	running := ended
	running.SettledAt = time.Time{}
	later := noon.Add(40 * time.Minute)
	for name, c := range map[string]struct {
		day, hour policy.Usage
		at        time.Time
		ok        bool
	}{
		"nothing is spent":  {policy.Usage{}, policy.Usage{}, noon, true},
		"the day's is":      {spent(ended), policy.Usage{}, later, true},
		"the hour's is":     {policy.Usage{}, spent(ended), later, true},
		"the day's runs on": {spent(running), policy.Usage{}, noon, false},
		"the hour's runs":   {policy.Usage{}, spent(running), noon, false},
	} {
		if at, ok := r.MayStart(5, c.day, c.hour, noon); ok != c.ok || ok && !at.Equal(c.at) {
			t.Errorf("%s: %s, %t", name, at, ok)
		}
	}
}
