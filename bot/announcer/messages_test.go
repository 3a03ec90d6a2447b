package announcer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

func made(tb testing.TB, f func(*reset.Request) (reset.Fact, error), r *reset.Request) {
	tb.Helper()
	if _, err := f(r); err != nil {
		tb.Fatal(err)
	}
}

func TestWants(t *testing.T) {
	now := time.Unix(1_777_896_000, 0)
	open := func(upload string) *reset.Request {
		r, _ := reset.Open("https://example.okta.com", reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: now, Source: reset.Source{TS: upload}}, 2)
		r.ID = "FR-1"
		return r
	}
	freeze := func(revision int) func(*reset.Request) (reset.Fact, error) {
		return func(r *reset.Request) (reset.Fact, error) {
			return r.FreezePlan(reset.Plan{Revision: revision, Digest: "aaaaaaaaaaaaaaaa", Targets: 2, Resets: 2}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, now.Add(time.Hour), now)
		}
	}
	approve := func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: "aaaaaaaaaaaa"}, 0, now)
	}
	start := func(r *reset.Request) (reset.Fact, error) { return r.Start(now) }
	back := func(away time.Duration) func(*reset.Request) (reset.Fact, error) {
		return func(r *reset.Request) (reset.Fact, error) { return r.RecordRestart(away, 0, now) }
	}
	halt := func(r *reset.Request) (reset.Fact, error) { return r.PauseFor(reset.CauseFreeze, "", "", now) }
	cancel := func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_APPROVER1", now) }
	stopped := func(r *reset.Request) (reset.Fact, error) { return r.Stopped(reset.Totals{}, now) }
	reject := func(r *reset.Request) (reset.Fact, error) {
		return r.Reject("nothing_left", "Nobody is left.", now.Add(time.Second))
	}
	takeOut := func(r *reset.Request) (reset.Fact, error) {
		return r.TakeOut("U_APPROVER1", r.Plan.Digest, []int{1}, now)
	}
	for _, c := range []struct {
		name   string
		upload string
		moves  []func(*reset.Request) (reset.Fact, error)
		have   []reset.Slot
		want   []reset.Slot
	}{
		{"planning", "1.2", nil, nil, nil},
		{"pending, of an upload", "1.2", moves(freeze(1)), nil, slots("approval", "plan", "reply")},
		{"pending, of a command", "", moves(freeze(1)), nil, slots("approval", "plan")},
		{"a second plan", "1.2", moves(freeze(1), takeOut, freeze(2)), nil, slots("approval", "plan-2", "reply")},
		{"approved", "1.2", moves(freeze(1), approve), nil, slots("approval", "plan", "reply", "decision")},
		{"running", "1.2", moves(freeze(1), approve, start), nil, slots("approval", "plan", "reply", "decision", "progress")},
		{"back after a while", "1.2", moves(freeze(1), approve, start, back(time.Minute)), nil,
			slots("approval", "plan", "reply", "decision", "progress")},
		{"back after long", "1.2", moves(freeze(1), approve, start, back(61*time.Second)), slots("restart-5"),
			slots("approval", "plan", "reply", "decision", "progress", "restart-1777896000000")},
		{"paused again", "1.2", moves(freeze(1), approve, start, halt), slots("pause-5"),
			slots("approval", "plan", "reply", "decision", "progress", "pause-5", "pause-1777896000000")},
		{"cancelled in the run", "1.2", moves(freeze(1), approve, start, cancel, stopped), slots("pause-5"),
			slots("approval", "plan", "reply", "decision", "progress", "pause-5", "result")},
		{"cancelled before the plan", "1.2", moves(cancel), nil, slots("reply")},
		{"withdrawn", "", moves(freeze(1), cancel), nil, slots("approval", "plan", "decision")},
		{"rejected, of an upload", "1.2", moves(reject), nil, slots("reply")},
		{"rejected, of a command", "", moves(reject), nil, slots("approval")},
	} {
		r := open(c.upload)
		for _, m := range c.moves {
			made(t, m, r)
		}
		have := map[reset.Slot]reset.Message{}
		for _, s := range c.have {
			have[s] = reset.Message{Slot: s}
		}
		var got []reset.Slot
		for _, w := range desiredMessages(r, have, view.Known{}) {
			got = append(got, w.slot)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	r, _ := reset.OpenRejected("https://example.okta.com", reset.Ask{By: "U_REQUESTER", At: now}, "empty", "No users.")
	if got := desiredMessages(r, nil, view.Known{}); len(got) != 0 {
		t.Errorf("a command refused at once: %v", got)
	}
}

func moves(m ...func(*reset.Request) (reset.Fact, error)) []func(*reset.Request) (reset.Fact, error) {
	return m
}

func slots(s ...reset.Slot) []reset.Slot { return s }
