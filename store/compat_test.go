package store

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// mustUnpack writes a record of testdata to a file of its own and returns its path.
func mustUnpack(tb testing.TB, name string) string {
	tb.Helper()
	f := must[*os.File](tb)(os.Open(filepath.Join("testdata", name)))
	defer f.Close()
	b := must[[]byte](tb)(io.ReadAll(must[*gzip.Reader](tb)(gzip.NewReader(f))))
	path := filepath.Join(tb.TempDir(), "factorbot.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// A record that an earlier version of the program wrote opens, verifies to the same head,
// and goes on: the file has a settled request of 300 users, one that runs (row 1 failed,
// row 2 is in doubt, row 3 was refused), and one whose plan is an hour older than both.
func TestOpen_of_an_earlier_version(t *testing.T) {
	const head = "17:9e21eeda0c3aa72720e2b60aafbde57ea51ca9efea9aac350832b79cfbbf72d3"
	ctx := t.Context()
	s := MustOpen(t, mustUnpack(t, "schema-3.db.gz"))
	audit := must[*Audit](t)(s.Verify(ctx))
	if audit.Head.String() != head || audit.Entries != 637 || audit.Requests != 3 || len(audit.Findings) != 0 {
		t.Fatalf("audit %+v", audit)
	}
	term := mustTerm(t, s)
	running := must[*reset.Request](t)(term.Get(ctx, "FR-2"))
	users := collect(t, term.Users(ctx, userID(1), userID(2), userID(3)))
	want := []*reset.Claim{nil, {Request: "FR-2", Row: 2, At: t0}, {Request: "FR-2", Row: 3, At: t0}}
	for i, u := range users {
		if d := cmp.Diff(want[i], u.Claim); d != "" {
			t.Errorf("the claim on user %d (-want +got):\n%s", i+1, d)
		}
	}
	if n := users[0].Notes; len(n) != 2 || n[1].Request != "FR-2" || n[1].Seq != 0 {
		t.Errorf("notes %+v", n)
	}
	if err := term.Append(ctx, "FR-2", outcome(2, userID(2), t0)); err != nil {
		t.Fatal(err)
	}
	mustStart(t, term, running, 3)

	// The plan of FR-3 has no number: what has one is newer, whatever the clocks say.
	pending := mustUpdate(t, term, "FR-3", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, t0)
	})
	pending = mustUpdate(t, term, pending.ID, func(r *reset.Request) (reset.Fact, error) { return r.Start(t0) })
	refused := must[[]error](t)(term.Start(ctx, pending, started(1, userID(1)), started(2, userID(2)), started(3, userID(3)), started(4, userID(301))))
	for i, want := range []error{
		&reset.ResetSinceError{User: userID(1), By: "FR-2", At: t0.Add(2 * time.Minute)},
		&reset.ResetSinceError{User: userID(2), By: "FR-2", At: t0},
		&reset.ClaimedError{User: userID(3), By: "FR-2"},
		nil,
	} {
		if d := cmp.Diff(want, refused[i]); d != "" {
			t.Errorf("user %d (-want +got):\n%s", i+1, d)
		}
	}

	// A new plan is newer than every note of the earlier version.
	fresh := mustRun(t, term, 1, t0.Add(-24*time.Hour))
	if refused := must[[]error](t)(term.Start(ctx, fresh, started(1, userID(1)))); refused[0] != nil {
		t.Error(refused[0])
	}
	if again := must[*reset.Request](t)(term.Update(ctx, "FR-3", "a click", false, func(r *reset.Request) ([]reset.Fact, error) {
		t.Error("a cause took effect twice")
		return nil, nil
	})); again.Version != pending.Version {
		t.Errorf("version %d after %d", again.Version, pending.Version)
	}
	if got := keys(collect(t, term.Pending(ctx))); len(got) != 1 || got[0] != "waiting" || mustReceive(t, term, "finished") {
		t.Errorf("inbox %v, or a finished envelope is fresh", got)
	}
	if audit := must[*Audit](t)(s.Verify(ctx)); len(audit.Findings) != 0 || audit.Requests != 4 {
		t.Errorf("afterwards %+v", audit)
	}
}

// Earlier versions replaced the values of each 500 entries by one, and left later ones
// plain: such a log is read from any entry on, and goes on behind them.
func TestReader_Log_of_an_earlier_version(t *testing.T) {
	const head = "4:e355ce2058979f24ed4b3986a2c6c787202f6add94df670722dc9597a8a8a4ab"
	s := MustOpen(t, mustUnpack(t, "sealed.db.gz"))
	var kinds string
	for _, p := range collect(t, kv.Scan(t.Context(), s.engine, logPrefix(1), 10)) {
		kinds += string(p.Value[:1])
	}
	if kinds != "zz=" {
		t.Fatalf("the log has the values %s", kinds)
	}
	if audit := must[*Audit](t)(s.Verify(t.Context())); audit.Head.String() != head || len(audit.Findings) != 0 {
		t.Fatalf("audit %+v", audit)
	}
	term := mustTerm(t, s)
	if err := term.Append(t.Context(), "FR-1", outcome(1, userID(1), t0)); err != nil {
		t.Fatal(err)
	}
	mustStart(t, term, must[*reset.Request](t)(term.Get(t.Context(), "FR-1")), 3)
	const last = 1009
	for _, from := range []int64{1, 2, 499, 500, 501, 502, 1000, 1001, 1002, 1007, 1008, 1009, 1010} {
		entries := collect(t, term.Log(t.Context(), "FR-1", from))
		if len(entries) != int(last-from+1) || len(entries) > 0 && entries[0].Seq != from {
			t.Errorf("from %d: %d entries", from, len(entries))
		}
	}
	if audit := must[*Audit](t)(s.Verify(t.Context())); audit.Entries < last || len(audit.Findings) != 0 {
		t.Errorf("afterwards %+v", audit)
	}
}
