package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/store"
)

const org = "https://example.okta.com"

func mustOpen(tb testing.TB, at string) *store.Store {
	tb.Helper()
	s, err := store.Open("etcd://"+at+"/"+tb.Name(), org)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func mustLead(tb testing.TB, s *store.Store) *store.Term {
	tb.Helper()
	term, err := s.Lead(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return term
}

func row(n int) reset.Row {
	login := fmt.Sprintf("user%d@example.com", n)
	return reset.Row{Row: n, Input: login, Kind: reset.RefLogin, Value: login}
}

func userID(n int) reset.UserID { return reset.UserID(fmt.Sprintf("00u%017d", n)) }

// mustRun brings a request of three users into running.
func mustRun(tb testing.TB, term *store.Term, op string) *reset.Request {
	tb.Helper()
	now := time.Now()
	r, asked := reset.Open(org, reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: now, Reason: "lost phones"}, 3)
	r, err := term.Create(tb.Context(), op, r, slices.Values([]reset.Row{row(1), row(2), row(3)}), asked)
	if err != nil {
		tb.Fatal(err)
	}
	r, err = running(tb, term, r.ID, 3, now)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// running brings a request of so many targets into running.
func running(tb testing.TB, term *store.Term, id reset.ID, n int, now time.Time) (*reset.Request, error) {
	tb.Helper()
	return term.Update(tb.Context(), id, "run "+string(id), true, func(r *reset.Request) ([]reset.Fact, error) {
		planned, err := r.FreezePlan(reset.Plan{Revision: 1, Digest: "0123456789abcdef", Targets: n, Resets: n}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, now.Add(time.Hour), now)
		if err != nil {
			return nil, err
		}
		approved, err := r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, now)
		if err != nil {
			return nil, err
		}
		running, err := r.Start(now)
		return []reset.Fact{planned, approved, running}, err
	})
}

func entry(kind reset.EntryKind, n int) reset.Entry {
	e := reset.Entry{Kind: kind, At: time.Now(), Step: &reset.Step{Row: n, User: userID(n), Kind: reset.StepReset}}
	if kind == reset.EntryOutcome {
		e.Outcome, e.Touched = reset.OutcomeReset, true
	}
	return e
}

// Connections break all the time: each cause takes effect once, and the chains hold.
func TestRecord_unknown(t *testing.T) {
	p := mustProxy(t, addr(mustCluster(t, 1)[0]))
	s := mustOpen(t, p.addr())
	term := mustLead(t, s)
	const requests = 30
	end := p.fray()
	for i := range requests {
		op := fmt.Sprint("op ", i)
		r := mustRun(t, term, op)
		if again := mustRun(t, term, op); again.ID != r.ID || again.Version != r.Version {
			t.Errorf("%s made %s at %d and %s at %d", op, r.ID, r.Version, again.ID, again.Version)
		}
		if i == 0 {
			refused, err := term.Start(t.Context(), r, entry(reset.EntryStarted, 1))
			if err != nil || refused[0] != nil {
				t.Fatal(err, refused)
			}
			if err := term.Append(t.Context(), r.ID, entry(reset.EntryOutcome, 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if broken := end(); broken < requests/4 {
		t.Errorf("only %d connections broke", broken)
	} else {
		t.Logf("%d connections broke", broken)
	}
	audit, err := s.Verify(t.Context())
	if err != nil || len(audit.Findings) != 0 || audit.Requests != requests {
		t.Errorf("audit %+v, %v", audit, err)
	}
}

// A leader that is cut off loses the record to another process, which knows the claims;
// when it comes back it can write nothing.
func TestRecord_takeover(t *testing.T) {
	at := addr(mustCluster(t, 1)[0])
	p := mustProxy(t, at)
	first := mustLead(t, mustOpen(t, p.addr()))
	r := mustRun(t, first, "op")
	if refused, err := first.Start(t.Context(), r, entry(reset.EntryStarted, 1)); err != nil || refused[0] != nil {
		t.Fatal(err, refused)
	}
	other := mustOpen(t, at)
	if fresh, err := other.Receive(t.Context(), "click", []byte("{}")); err != nil || !fresh {
		t.Errorf("who does not lead cannot record: %v", err)
	}
	p.cut(true)
	began := time.Now()
	second := mustLead(t, other)
	t.Logf("figures: etcd: a leader that is cut off is replaced after %.1f s with a TTL of 10 s", time.Since(began).Seconds())
	<-first.Lost()
	p.cut(false)
	for {
		err := first.Append(t.Context(), r.ID, entry(reset.EntryOutcome, 1))
		if errors.Is(err, store.ErrLost) {
			break
		}
		if err == nil {
			t.Fatal("the first leader wrote")
		}
	}
	for u, err := range second.Users(t.Context(), userID(1)) {
		if err != nil || u.Claim == nil || u.Claim.Request != r.ID {
			t.Errorf("the claim is %+v, %v", u.Claim, err)
		}
	}
	if err := second.Append(t.Context(), r.ID, entry(reset.EntryOutcome, 1)); err != nil {
		t.Error(err)
	}
	audit, err := other.Verify(t.Context())
	if err != nil || len(audit.Findings) != 0 {
		t.Errorf("audit %+v, %v", audit, err)
	}
}

// A record moves from a file into etcd and back, with all its entries, and its chains hold.
// A place that has a record is refused.
func TestRecord_moves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "factorbot.db")
	file, err := store.Open(path, org)
	if err != nil {
		t.Fatal(err)
	}
	term := mustLead(t, file)
	r := mustRun(t, term, "op")
	if refused, err := term.Start(t.Context(), r, entry(reset.EntryStarted, 1)); err != nil || refused[0] != nil {
		t.Fatal(err, refused)
	}
	if err := term.Append(t.Context(), r.ID, entry(reset.EntryOutcome, 1)); err != nil {
		t.Fatal(err)
	}
	head, err := term.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	there := "etcd://" + addr(mustCluster(t, 1)[0]) + "/moved"
	back := filepath.Join(dir, "back.db")
	for _, way := range [][2]string{{path, there}, {there, back}} {
		if n, err := store.Copy(t.Context(), way[0], way[1]); err != nil || n < 10 {
			t.Fatalf("%s to %s: %d pairs, %v", way[0], way[1], n, err)
		}
		if _, err := store.Copy(t.Context(), way[0], way[1]); !errors.Is(err, store.ErrOccupied) {
			t.Errorf("%s to %s again: %v", way[0], way[1], err)
		}
		moved, err := store.Inspect(way[1])
		if err != nil {
			t.Fatal(err)
		}
		audit, err := moved.Verify(t.Context(), store.Expected{Org: head})
		if err != nil || len(audit.Findings) != 0 || audit.Requests != 1 {
			t.Errorf("%s: audit %+v, %v", way[1], audit, err)
		}
		if _, restored, err := moved.RestoredFrom(t.Context()); err != nil || !restored {
			t.Errorf("%s does not know that it is a copy: %v", way[1], err)
		}
		got, err := moved.Get(t.Context(), r.ID)
		if err != nil || got.State != reset.Running {
			t.Errorf("%s: %+v, %v", way[1], got, err)
		}
		if err := moved.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A record that a bot is writing is verified as it is at one moment: its chains hold.
func TestRecord_verified_while_written(t *testing.T) {
	t.Parallel()
	member := addr(mustCluster(t, 1)[0])
	term := mustLead(t, mustOpen(t, member))
	mustRun(t, term, "op")
	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for ctx.Err() == nil {
			if err := term.AppendOrgFacts(ctx, reset.Fact{Name: "started", At: time.Now()}); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	for range 100 {
		i, err := store.Inspect("etcd://" + member + "/" + t.Name())
		if err != nil {
			t.Fatal(err)
		}
		audit, err := i.Verify(t.Context())
		if err != nil || len(audit.Findings) != 0 || audit.Requests != 1 {
			t.Errorf("audit %+v, %v", audit, err)
		}
		if err := i.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			break
		}
	}
	cancel()
	writing.Wait()
}
