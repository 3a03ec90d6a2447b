package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// Every write, with an engine that at some commit cannot say whether it took
// effect: before it did, after it did, and several times over. The record must
// come out as if it had been known.
func TestTerm_unknown(t *testing.T) {
	want := script(t, newMemEngine())
	for _, how := range []fate{lostBefore, lostAfter} {
		for _, times := range []int{1, 3} {
			for at := 0; ; at++ {
				n, hit := 0, false
				e := &doubtfulEngine{Engine: newMemEngine(), next: func() fate {
					n++
					if n <= at || n > at+times {
						return answered
					}
					hit = true
					return how
				}}
				var got account
				synctest.Test(t, func(t *testing.T) { got = script(t, e) }) // for the pauses between tries
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("kind %d, %d times from commit %d on (-want +got):\n%s", how, times, at, d)
				}
				if !hit {
					if at < 15 {
						t.Fatalf("the script has only %d commits", at)
					}
					break
				}
			}
		}
	}
}

// account is everything that the script can see in the end.
type account struct {
	Requests []string
	Rows     int
	Targets  int
	Log      []string
	Org      []string
	Users    []reset.UserRecord
	Messages []reset.Message
	Seen     string
	Inbox    []string
	Fresh    []bool
}

// script makes each kind of write and tells what is there afterwards.
func script(t *testing.T, e kv.Engine) account {
	ctx := t.Context()
	term := mustTermOn(t, e)
	r := mustRun(t, term, 3, t0)
	for range 2 {
		must[*reset.Request](t)(term.Update(ctx, r.ID, "op", false, func(r *reset.Request) ([]reset.Fact, error) {
			r.Code += "x" // shows if it takes effect twice
			return []reset.Fact{{Name: "noted", At: t0}}, nil
		}))
	}
	r = must[*reset.Request](t)(term.Update(ctx, r.ID, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		r.Refusal += "y"
		return nil, nil
	}))
	mustStart(t, term, r, 1, 2)
	if err := term.Append(ctx, r.ID, outcome(1, userID(1), t0)); err != nil {
		t.Fatal(err)
	}
	mustFreeze(t, term)
	must[*reset.Freeze](t)(term.Freeze(ctx, "", func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		if f == nil {
			t.Error("thawed twice")
		}
		return nil, []reset.Fact{{Name: "thawed", At: t0}}, nil
	}))
	if err := term.SaveMessages(ctx, r.ID, reset.Message{Slot: reset.SlotPlan, TS: "1.000000", At: t0}); err != nil {
		t.Fatal(err)
	}
	if err := term.Seen(ctx, "C_FACTORS", "2.000000"); err != nil {
		t.Fatal(err)
	}
	var fresh []bool
	for _, key := range []string{"a", "b", "a"} {
		fresh = append(fresh, must[bool](t)(term.Receive(ctx, key, []byte("body of "+key))))
	}
	if err := term.Finish(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if err := term.Sweep(ctx, t0.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return accountOf(t, term, r.ID, fresh)
}

func accountOf(t *testing.T, term *Term, id reset.ID, fresh []bool) account {
	ctx := t.Context()
	a := account{
		Rows: len(collect(t, term.Roster(ctx, id))), Targets: len(collect(t, term.Targets(ctx, id, 1, 1))),
		Users:    collect(t, term.Users(ctx, userID(1), userID(2))),
		Messages: must[[]reset.Message](t)(term.Messages(ctx, id)),
		Seen:     must[string](t)(term.LastSeen(ctx, "C_FACTORS")), Fresh: fresh,
	}
	for _, r := range collect(t, term.Requests(ctx, reset.Query{})) {
		a.Requests = append(a.Requests, fmt.Sprint(r.ID, r.State, r.Code, r.Refusal))
	}
	for _, e := range collect(t, term.Log(ctx, id, 1)) {
		a.Log = append(a.Log, fmt.Sprint(e.Seq, e.Kind))
	}
	for _, e := range collect(t, term.OrgLog(ctx, 1)) {
		a.Org = append(a.Org, fmt.Sprint(e.Seq, e.Fact.Name))
	}
	for _, e := range collect(t, term.Pending(ctx)) {
		a.Inbox = append(a.Inbox, e.Key+": "+string(e.Body))
	}
	return a
}

// An engine that never knows is given up after a while, with an error that says so.
func TestTerm_unknownForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemEngine()
		term := mustTermOn(t, m)
		r := mustRun(t, term, 1, t0)
		term.engine = &doubtfulEngine{Engine: m, next: func() fate { return lostBefore }}
		began := time.Now()
		if _, err := term.Start(t.Context(), r, started(1, userID(1))); err == nil {
			t.Error("started")
		}
		if took := time.Since(began); took < 5*time.Second || took > 30*time.Second {
			t.Errorf("given up after %s", took)
		}
		term.engine = m // and it goes on when it knows again
		mustStart(t, term, r, 1)
	})
}

// A change whose answer was lost, and that was given up, is asked for again: by then it has
// taken effect, and does so no second time; nor does what an earlier try has begun.
func TestTerm_unknown_and_again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemEngine()
		away := false
		term := mustTermOn(t, m)
		term.engine = &unreadable{Engine: &doubtfulEngine{Engine: m, next: func() fate {
			if away {
				return lostAfter
			}
			return answered
		}}, away: &away}
		r, fact := asked("U_REQUESTER", 2)
		note := func(r *reset.Request) ([]reset.Fact, error) {
			r.Code += "x"
			return []reset.Fact{{Name: "noted", At: t0}}, nil
		}
		for range 3 { // the first try does the first commit, the next one the second, ...
			away = true
			if _, err := term.Create(t.Context(), "op", r, rows(2), fact); err == nil {
				t.Error("the answer was lost, and it was made")
			}
			away = false
		}
		made := must[*reset.Request](t)(term.Create(t.Context(), "op", r, rows(2), fact))
		away = true
		if _, err := term.Update(t.Context(), made.ID, "click", false, note); err == nil {
			t.Error("the answer was lost, and it was updated")
		}
		away = false
		for range 2 {
			got := must[*reset.Request](t)(term.Update(t.Context(), made.ID, "click", false, note))
			if got.Code != "x" || got.ID != "FR-1" {
				t.Errorf("%s has %q", got.ID, got.Code)
			}
		}
		if names := factNames(t, term, made.ID); !slices.Equal(names, []string{"asked", "noted"}) {
			t.Errorf("facts %v", names)
		}
		if audit := must[*Audit](t)(term.Verify(t.Context())); len(audit.Findings) != 0 {
			t.Errorf("audit %+v", audit)
		}
	})
}

// unreadable loses the way to look whether a commit took effect, too, once one was sent.
type unreadable struct {
	kv.Engine
	away *bool
	sent bool
}

func (u *unreadable) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	u.sent = *u.away
	return u.Engine.Commit(ctx, conds, ops...)
}

func (u *unreadable) Read(ctx context.Context, from, to string, limit int) ([]kv.Pair, int64, error) {
	if *u.away && u.sent {
		return nil, 0, kv.ErrUnknown
	}
	return u.Engine.Read(ctx, from, to, limit)
}
