package etcdtest

import (
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"factorbot/bot/reset"
)

// perTarget is what a target may take in etcd, in bytes: 100,000 of them under 60 MB.
const perTarget = 600

// A large request, with its roster, plan, journal, outcomes and notes on its users, stays
// small in etcd once that is compacted and defragmented: chunks are deflated.
func TestRecord_size(t *testing.T) {
	const n = 25_000
	at := addr(mustCluster(t, 1)[0])
	term := mustLead(t, mustOpen(t, at))
	now := time.Now()
	r, asked := reset.Open(org, reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: now, Reason: "lost phones"}, n)
	r, err := term.Create(t.Context(), "op", r, func(yield func(reset.Row) bool) {
		for i := range n {
			if !yield(row(i + 1)) {
				return
			}
		}
	}, asked)
	if err != nil {
		t.Fatal(err)
	}
	if err := term.SavePlan(t.Context(), r.ID, 1, func(yield func(reset.Target, error) bool) {
		for i := range n {
			login := fmt.Sprintf("user%d@example.com", i+1)
			if !yield(reset.Target{Row: i + 1, Input: login, User: userID(i + 1), Login: login, Status: "ACTIVE", Action: reset.ActionReset}, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if r, err = running(t, term, r.ID, n, now); err != nil {
		t.Fatal(err)
	}
	const group = 45 // as many as a commit takes with their users
	for first := 1; first <= n; first += group {
		var started, done []reset.Entry
		for i := first; i < min(first+group, n+1); i++ {
			started, done = append(started, entry(reset.EntryStarted, i)), append(done, entry(reset.EntryOutcome, i))
		}
		refused, err := term.Start(t.Context(), r, started...)
		if err == nil && refused[0] != nil {
			err = refused[0]
		}
		if err == nil {
			err = term.Append(t.Context(), r.ID, done...)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	direct, err := clientv3.New(clientv3.Config{Endpoints: []string{at}})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	got, err := direct.Get(t.Context(), "x")
	if err == nil {
		_, err = direct.Compact(t.Context(), got.Header.Revision, clientv3.WithCompactPhysical())
	}
	if err == nil {
		_, err = direct.Defragment(t.Context(), at)
	}
	if err != nil {
		t.Fatal(err)
	}
	status, err := direct.Status(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figures: etcd: %d targets with their journal take %.1f MB after compaction", n, float64(status.DbSizeInUse)/1e6)
	if status.DbSizeInUse > n*perTarget {
		t.Errorf("%d bytes", status.DbSizeInUse)
	}
}
