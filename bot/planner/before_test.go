package planner

import (
	"context"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// someRequests is a record that has only these requests, whose targets are one user each.
type someRequests struct {
	Record
	all  []*reset.Request
	logs map[reset.ID][]reset.Entry
}

func (s someRequests) Get(_ context.Context, id reset.ID) (*reset.Request, error) {
	for _, r := range s.all {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, reset.ErrNotFound
}

func (s someRequests) Requests(context.Context, reset.Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		for _, r := range s.all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s someRequests) Log(_ context.Context, id reset.ID, _ int64) iter.Seq2[reset.Entry, error] {
	return func(yield func(reset.Entry, error) bool) {
		for _, e := range s.logs[id] {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (s someRequests) Targets(_ context.Context, id reset.ID, _, _ int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		yield(reset.Target{Row: 1, User: reset.UserID("user of " + string(id)), Action: reset.ActionReset}, nil)
	}
}

// Who was reset by the request of a result file, or by one that did again what it
// left over, is known from the record. One who enrolled meanwhile counts: another
// reset would remove the new factor.
func TestResetBefore(t *testing.T) {
	ran := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	request := func(id reset.ID, of reset.Ask) *reset.Request {
		return &reset.Request{ID: id, Asked: of, StartedAt: ran}
	}
	waiting := request("FR-6", reset.Ask{Again: "FR-1"})
	waiting.StartedAt = time.Time{}
	outcome := func(o reset.Outcome, why reset.Reason) []reset.Entry {
		return []reset.Entry{{Kind: reset.EntryOutcome, Seq: 1, Outcome: o, Reason: why, Step: &reset.Step{Row: 1, Kind: reset.StepReset}}}
	}
	record := someRequests{
		all: []*reset.Request{
			request("FR-1", reset.Ask{}), request("FR-2", reset.Ask{Again: "FR-1"}), request("FR-3", reset.Ask{Source: reset.Source{Result: "FR-1"}}),
			request("FR-4", reset.Ask{Again: "FR-1"}), request("FR-5", reset.Ask{}), waiting, request("FR-7", reset.Ask{Again: "FR-1"}),
		},
		logs: map[reset.ID][]reset.Entry{
			"FR-1": outcome(reset.OutcomeFailed, reset.EnrolledMeanwhile), "FR-2": outcome(reset.OutcomeReset, ""), "FR-3": outcome(reset.OutcomeReset, ""),
			"FR-4": outcome(reset.OutcomeFailed, reset.OktaError), "FR-5": outcome(reset.OutcomeReset, ""), "FR-6": outcome(reset.OutcomeReset, ""), "FR-7": outcome(reset.OutcomeReset, ""),
		},
	}
	pl := &planning{Planner: &Planner{Record: record}, id: "FR-7"}
	got, err := pl.resetBefore(t.Context(), "FR-1")
	if err != nil {
		t.Fatal(err)
	}
	want := map[reset.UserID]reset.ID{"user of FR-1": "FR-1", "user of FR-2": "FR-2", "user of FR-3": "FR-3"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := pl.resetBefore(t.Context(), ""); len(got) != 0 || err != nil {
		t.Errorf("of no result file: %v, %v", got, err)
	}
}

// Who was reset before is passed over, or counted where the uploader said again.
func TestJudge_again(t *testing.T) {
	row := reset.Row{Row: 1, Line: 2, Kind: reset.RefID, Value: ana}
	m := okta.Match{Users: []okta.User{{ID: ana, Login: "ana@example.com", Status: "ACTIVE"}}}
	for anyway, want := range map[bool]reset.Reason{false: reset.ResetBefore, true: ""} {
		c := &classifier{seen: map[string]int{}, before: map[reset.UserID]reset.ID{ana: "FR-1"}, anyway: anyway}
		if got := c.target(row, m); got.Reason != want || anyway != (c.twice == 1) || (got.Action == reset.ActionReset) != anyway {
			t.Errorf("anyway %v: %+v, %d again", anyway, got, c.twice)
		}
	}
}

// A row that was found by a later column says so, and is counted where it is reset.
func TestJudge_later(t *testing.T) {
	row := reset.Row{Row: 1, Line: 2, Kind: reset.RefEmail, Value: "ana@example.com", Column: "E-Mail"}
	for status, counted := range map[string]int{"ACTIVE": 1, "STAGED": 0} {
		c := &classifier{seen: map[string]int{}}
		got := c.target(row, okta.Match{Users: []okta.User{{ID: ana, Login: "ana@example.com", Status: status}}})
		if c.later != counted || !slices.Contains([]string{"line 2: found only by the column \"E-Mail\"", "line 2: the user was never activated; line 2: found only by the column \"E-Mail\""}, got.Detail) {
			t.Errorf("%s: %d, %q", status, c.later, got.Detail)
		}
	}
}

// What Okta does not know gives way to the next reference, which is then the row's own.
func TestResolve_references(t *testing.T) {
	const address = "ana@example.com"
	one := okta.User{ID: ana, Login: "ana.lima@example.com", Email: address, Status: "ACTIVE"}
	other := okta.User{ID: boss, Login: address, Email: "boss@example.com", Status: "ACTIVE"}
	for name, c := range map[string]struct {
		row    reset.Row
		users  []okta.User
		want   []string
		column string
		loose  bool
	}{
		"the second leads to the user":      {reset.Row{Kind: reset.RefLogin, Value: "x@example.com", Also: []reset.Ref{{Kind: reset.RefEmail, Value: address, Column: "E-Mail"}}}, []okta.User{one}, []string{ana}, "E-Mail", false},
		"the third, which is loose":         {reset.Row{Kind: reset.RefLogin, Value: "x@example.com", Also: []reset.Ref{{Kind: reset.RefEmail, Value: "y@example.com"}, {Kind: reset.RefLogin, Value: "ana.lima@example.com", Column: "User ID", Loose: true}}}, []okta.User{one}, []string{ana}, "User ID", true},
		"a login that is only an e-mail":    {reset.Row{Kind: reset.RefLogin, Value: address}, []okta.User{one}, []string{ana}, "", false},
		"an e-mail that is only a login":    {reset.Row{Kind: reset.RefEmail, Value: address}, []okta.User{other}, []string{boss}, "", false},
		"an e-mail that is another's login": {reset.Row{Kind: reset.RefEmail, Value: address}, []okta.User{one, other}, []string{ana, boss}, "", false},
		"a login beside another's ID":       {reset.Row{Kind: reset.RefLogin, Value: "ana.lima@example.com", Also: []reset.Ref{{Kind: reset.RefID, Value: boss}}}, []okta.User{one, other}, []string{ana, boss}, "", false},
		"a loose one that leads to another": {reset.Row{Kind: reset.RefLogin, Value: "ana.lima@example.com", Also: []reset.Ref{{Kind: reset.RefLogin, Value: address, Loose: true}}}, []okta.User{one, other}, []string{ana}, "", false},
		"the login and e-mail of one, and another's e-mail": {reset.Row{Kind: reset.RefLogin, Value: address},
			[]okta.User{{ID: ana, Login: address, Email: address, Status: "ACTIVE"}, {ID: boss, Login: "b@example.com", Email: address, Status: "ACTIVE"}}, []string{ana, boss}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			rows := []reset.Row{c.row}
			matches, err := (&planning{Planner: &Planner{Okta: someUsers{users: c.users}}}).resolve(t.Context(), rows)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range matches[0].Users {
				got = append(got, u.ID)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) || rows[0].Column != c.column || rows[0].Loose != c.loose {
				t.Errorf("leads to %q by %q, want %q by %q", got, rows[0].Column, c.want, c.column)
			}
		})
	}
}
