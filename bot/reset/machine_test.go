package reset

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// edges is the design's table of states, written down a second time, from the
// other side: which state may follow which.
var edges = map[State][]State{
	Planning:  {Pending, Rejected, Cancelled},
	Pending:   {Planning, Denied, Expired, Approved, Cancelled},
	Approved:  {Pending, Lapsed, Running, Cancelled},
	Running:   {Paused, Stopping, Verifying},
	Paused:    {Paused, Running, Stopping},
	Stopping:  {Cancelled},
	Verifying: {Running, Done},
}

// TestRequest_machine makes random moves and holds each against the table: a
// move that is refused changes nothing, one that is made follows an edge, and
// nothing follows the end.
func TestRequest_machine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		needed := rapid.IntRange(1, 3).Draw(t, "approvals")
		r, _ := Open("https://example.okta.com", Ask{By: requester, At: now}, 5)
		r.ID = "FR-1"
		people := rapid.SampledFrom([]Person{requester, first, second, "U_THIRD"})
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

func randomMove(t *rapid.T, r *Request, by Person, needed int, now time.Time) (Fact, error) {
	plan := Plan{Revision: r.Plan.Revision + 1, Digest: digest(byte('a' + r.Plan.Revision%6)), Targets: 5, Resets: 4}
	moves := []func() (Fact, error){
		func() (Fact, error) {
			return r.FreezePlan(plan, Terms{Approvals: needed, ExecuteWithin: 3 * time.Hour}, now.Add(24*time.Hour), now)
		},
		func() (Fact, error) { return r.Reject("code", "why", now) },
		func() (Fact, error) { return r.Cancel(by, now) },
		func() (Fact, error) { return r.Approve(Decision{By: by, Digest: r.Plan.Digest}, 0, now) },
		func() (Fact, error) { return r.Approve(Decision{By: by, Digest: digest('f')}, 0, now) },
		func() (Fact, error) { return r.Deny(by, r.Plan.Digest, "no", now) },
		func() (Fact, error) { return r.Expire(now) },
		func() (Fact, error) { return r.TakeOut(by, r.Plan.Digest, []int{1 + r.Plan.Revision%5}, now) },
		func() (Fact, error) { return r.Revoke(by, "left", now) },
		func() (Fact, error) { return r.Lapse(now) },
		func() (Fact, error) { return r.Start(now) },
		func() (Fact, error) { return r.PauseFor(CauseErrors, "", "", now) },
		func() (Fact, error) { return r.PauseFor(CauseApprover, by, "", now) },
		func() (Fact, error) { return r.PauseFor(CauseFreeze, by, "", now) },
		func() (Fact, error) { return r.Resume(by, by != requester, now) },
		func() (Fact, error) { return r.Thawed(by, now) },
		func() (Fact, error) { return r.Stopped(Totals{}, now) },
		func() (Fact, error) { return r.Verify(now) },
		func() (Fact, error) { return r.Recheck(now) },
		func() (Fact, error) { return r.Finish(Totals{}, now) },
	}
	return moves[rapid.IntRange(0, len(moves)-1).Draw(t, "move")]()
}

func check(t *rapid.T, before Request, r *Request, f Fact, err error, needed int) {
	if err != nil {
		if r.State != before.State || len(r.Approved) != len(before.Approved) || f.Name != "" {
			t.Fatalf("a refused move (%v) changed %s to %s", err, before.State, r.State)
		}
		var moved *TransitionError
		if errors.As(err, &moved) && moved.Found != before.State {
			t.Fatalf("found %s, said %s", before.State, moved.Found)
		}
		return
	}
	if f.Name == "" || f.At.IsZero() {
		t.Fatalf("a move from %s to %s without a fact", before.State, r.State)
	}
	stays := r.State == before.State && r.State == Pending && (f.Name == "approved" || f.Name == "approval_fell")
	if !stays && !slices.Contains(edges[before.State], r.State) {
		t.Fatalf("%s followed %s by %s", r.State, before.State, f.Name)
	}
	if r.HasApproved(requester) {
		t.Fatal("the requester's approval counts")
	}
	if r.State == Approved && len(r.Approved) < needed {
		t.Fatalf("approved by %d of %d", len(r.Approved), needed)
	}
	if (r.State == Paused) != (r.Pause != nil) {
		t.Fatalf("%s with pause %v", r.State, r.Pause)
	}
	if r.State.Settled() != !r.SettledAt.IsZero() || r.State.Settled() != (len(edges[r.State]) == 0) {
		t.Fatalf("%s, settled at %v", r.State, r.SettledAt)
	}
}
