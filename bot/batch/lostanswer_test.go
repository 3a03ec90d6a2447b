package batch

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// The design's table, row by row: what follows from a reading while the request
// runs, once it is stopping, and while it is paused.
func TestSettle_table(t *testing.T) {
	const soon, late = false, true // whether the log had its time
	cases := []struct {
		old, new, ours, over      bool
		running, stopping, paused verdict
	}{
		{true, true, true, soon, verdictEnrolled, verdictEnrolled, verdictEnrolled},
		{true, true, false, soon, verdictEnrolled, verdictEnrolled, verdictEnrolled},
		{true, true, true, late, verdictEnrolled, verdictEnrolled, verdictEnrolled},
		{true, true, false, late, verdictEnrolled, verdictEnrolled, verdictEnrolled},

		{true, false, true, soon, verdictSend, verdictWait, verdictHold},
		{true, false, true, late, verdictSend, verdictHalf, verdictHold},
		{true, false, false, soon, verdictSend, verdictWait, verdictHold},
		{true, false, false, late, verdictSend, verdictNotRun, verdictHold},

		{false, true, true, soon, verdictTook, verdictTook, verdictTook},
		{false, true, true, late, verdictTook, verdictTook, verdictTook},

		{false, true, false, soon, verdictWait, verdictWait, verdictWait},
		{false, true, false, late, verdictEnrolled, verdictEnrolled, verdictEnrolled},

		{false, false, true, soon, verdictTook, verdictTook, verdictTook},
		{false, false, true, late, verdictTook, verdictTook, verdictTook},

		{false, false, false, soon, verdictSend, verdictWait, verdictHold},
		{false, false, false, late, verdictSend, verdictUnknown, verdictHold},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("old %t, new %t, ours %t, log over %t", c.old, c.new, c.ours, c.over), func(t *testing.T) {
			e := evidence{Old: c.old, New: c.new, Ours: c.ours, LogOver: c.over}
			for s, want := range map[reset.State]verdict{reset.Running: c.running, reset.Stopping: c.stopping, reset.Paused: c.paused} {
				if got := settle(e, s); got != want {
					t.Errorf("%s: %s, want %s", s, got, want)
				}
			}
		})
	}
}

func TestSettle_unreadable(t *testing.T) {
	cases := []struct {
		name string
		e    evidence
		want verdict
	}{
		{"gone", evidence{Gone: true}, verdictGone},
		{"gone, whatever the log tells", evidence{Gone: true, Ours: true, LogOver: true}, verdictGone},
		{"out of reach, the log may tell", evidence{Hidden: true}, verdictWait},
		{"out of reach is never called reset", evidence{Hidden: true, Ours: true, LogOver: true}, verdictHidden},
		{"an e-mail alone waits for the log", evidence{Old: true, LogOver: true, Unclear: []string{"emf1"}}, verdictWait},
		{"an e-mail of which nobody knows is the user's", evidence{Unclear: []string{"emf1"}, LogOver: true, ReadOver: true}, verdictEnrolled},
	}
	for _, c := range cases {
		for _, s := range []reset.State{reset.Running, reset.Stopping, reset.Paused} {
			if got := settle(c.e, s); got != c.want {
				t.Errorf("%s, %s: %s, want %s", c.name, s, got, c.want)
			}
		}
	}
}

func TestCompareFactors(t *testing.T) {
	first := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) // less the margin
	before, shortly, after := first.Add(-clockSteps), first.Add(-time.Minute), first.Add(time.Second)
	cases := []struct {
		name     string
		factors  []okta.Factor
		new, old bool
		unclear  []string
	}{
		{"none", nil, false, false, nil},
		{"an old push", []okta.Factor{{Type: "push", Created: before}}, false, true, nil},
		{"an old e-mail or question outlives a reset", []okta.Factor{{Type: "email", Created: before}, {Type: "question", Created: before}}, false, false, nil},
		{"a new push", []okta.Factor{{Type: "push", Created: after}}, true, false, nil},
		{"a new question", []okta.Factor{{Type: "question", Created: after}}, true, false, nil},
		{"both", []okta.Factor{{Type: "sms", Created: before}, {Type: "push", Created: after}}, true, true, nil},
		{"within the margin counts as new", []okta.Factor{{Type: "push", Created: first}}, true, false, nil},
		{"what seems a minute old may be new", []okta.Factor{{ID: "opf1", Type: "push", Created: shortly}}, false, true, []string{"opf1"}},
		{"but not if it was listed before", []okta.Factor{{ID: "opf0", Type: "push", Created: shortly}}, false, true, nil},
		{"an ID that was listed bears a later time", []okta.Factor{{ID: "opf0", Type: "push", Created: after}}, true, false, nil},
		{"a new e-mail may be Okta's own", []okta.Factor{{ID: "emf1", Type: "email", Created: after}}, false, false, []string{"emf1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var e evidence
			compareFactors(&e, c.factors, first, "opf0")
			if e.New != c.new || e.Old != c.old || !slices.Equal(e.Unclear, c.unclear) {
				t.Fatalf("got %+v", e)
			}
		})
	}
}
