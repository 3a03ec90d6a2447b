package reset_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

// edges is the design's table of states, written down a second time, from the
// other side: which state may follow which.
var edges = map[reset.State][]reset.State{
	reset.Planning:  {reset.Pending, reset.Rejected, reset.Cancelled},
	reset.Pending:   {reset.Planning, reset.Denied, reset.Expired, reset.Approved, reset.Cancelled},
	reset.Approved:  {reset.Pending, reset.Lapsed, reset.Running, reset.Cancelled},
	reset.Running:   {reset.Paused, reset.Stopping, reset.Verifying},
	reset.Paused:    {reset.Paused, reset.Running, reset.Stopping},
	reset.Stopping:  {reset.Cancelled},
	reset.Verifying: {reset.Running, reset.Done},
}

// TestRequest_machine makes random moves and holds each against the table: a
// move that is refused changes nothing, one that is made follows an edge, and
// nothing follows the end.
func TestRequest_machine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		needed := rapid.IntRange(1, 3).Draw(t, "approvals")
		r, _ := reset.Open("https://example.okta.com", reset.Ask{By: requester, At: now}, 5)
		r.ID = "FR-1"
		people := rapid.SampledFrom([]reset.Person{requester, first, second, "U_THIRD"})
		for range rapid.IntRange(1, 40).Draw(t, "moves") {
			now = now.Add(time.Duration(rapid.IntRange(0, 180).Draw(t, "minutes")) * time.Minute)
			by := people.Draw(t, "by")
			before := *r
			before.Approved = slices.Clone(r.Approved)
			f, err := randomMove(t, r, by, needed, now)
			check(t, before, r, f, err, needed)
		}
	})
}

func randomMove(t *rapid.T, r *reset.Request, by reset.Person, needed int, now time.Time) (reset.Fact, error) {
	plan := reset.Plan{Revision: r.Plan.Revision + 1, Digest: digest(byte('a' + r.Plan.Revision%6)), Targets: 5, Resets: 4}
	moves := []func() (reset.Fact, error){
		func() (reset.Fact, error) {
			return r.FreezePlan(plan, reset.Terms{Approvals: needed, ExecuteWithin: 3 * time.Hour}, now.Add(24*time.Hour), now)
		},
		func() (reset.Fact, error) { return r.Reject("code", "why", now) },
		func() (reset.Fact, error) { return r.Cancel(by, now) },
		func() (reset.Fact, error) { return r.Approve(reset.Decision{By: by, Digest: r.Plan.Digest}, 0, now) },
		func() (reset.Fact, error) { return r.Approve(reset.Decision{By: by, Digest: digest('f')}, 0, now) },
		func() (reset.Fact, error) { return r.Deny(by, r.Plan.Digest, "no", now) },
		func() (reset.Fact, error) { return r.Expire(now) },
		func() (reset.Fact, error) { return r.TakeOut(by, r.Plan.Digest, []int{1 + r.Plan.Revision%5}, now) },
		func() (reset.Fact, error) { return r.Revoke(by, "left", now) },
		func() (reset.Fact, error) { return r.Lapse(now) },
		func() (reset.Fact, error) { return r.Start(now) },
		func() (reset.Fact, error) { return r.PauseFor(reset.CauseErrors, "", "", now) },
		func() (reset.Fact, error) { return r.PauseFor(reset.CauseApprover, by, "", now) },
		func() (reset.Fact, error) { return r.PauseFor(reset.CauseFreeze, by, "", now) },
		func() (reset.Fact, error) { return r.Resume(by, by != requester, now) },
		func() (reset.Fact, error) { return r.Thawed(by, now) },
		func() (reset.Fact, error) { return r.Stopped(reset.Totals{}, now) },
		func() (reset.Fact, error) { return r.Verify(now) },
		func() (reset.Fact, error) { return r.Recheck(now) },
		func() (reset.Fact, error) { return r.Finish(reset.Totals{}, now) },
	}
	return moves[rapid.IntRange(0, len(moves)-1).Draw(t, "move")]()
}

func check(t *rapid.T, before reset.Request, r *reset.Request, f reset.Fact, err error, needed int) {
	if err != nil {
		if r.State != before.State || len(r.Approved) != len(before.Approved) || f.Name != "" {
			t.Fatalf("a refused move (%v) changed %s to %s", err, before.State, r.State)
		}
		var moved *reset.TransitionError
		if errors.As(err, &moved) && moved.Found != before.State {
			t.Fatalf("found %s, said %s", before.State, moved.Found)
		}
		return
	}
	if f.Name == "" || f.At.IsZero() {
		t.Fatalf("a move from %s to %s without a fact", before.State, r.State)
	}
	stays := r.State == before.State && r.State == reset.Pending && (f.Name == "approved" || f.Name == "approval_fell")
	if !stays && !slices.Contains(edges[before.State], r.State) {
		t.Fatalf("%s followed %s by %s", r.State, before.State, f.Name)
	}
	if r.HasApproved(requester) {
		t.Fatal("the requester's approval counts")
	}
	if r.State == reset.Approved && len(r.Approved) < needed {
		t.Fatalf("approved by %d of %d", len(r.Approved), needed)
	}
	if (r.State == reset.Paused) != (r.Pause != nil) {
		t.Fatalf("%s with pause %v", r.State, r.Pause)
	}
	if r.State.Settled() != !r.SettledAt.IsZero() || r.State.Settled() != (len(edges[r.State]) == 0) {
		t.Fatalf("%s, settled at %v", r.State, r.SettledAt)
	}
}
