package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// A restored backup knows which requests were open, gives no number twice, serves nothing
// again, and is a record like any other after that.
func TestTerm_Restored(t *testing.T) {
	dir := t.TempDir()
	now := t0
	clock := Clock(func() time.Time { return now })
	s := MustOpen(t, filepath.Join(dir, "factorbot.db"), clock)
	term := mustTerm(t, s)
	if done := must[*Restoration](t)(term.Restored(t.Context())); done != nil {
		t.Errorf("no backup: %+v", done)
	}
	over, open := mustCreate(t, term, 1), mustRun(t, term, 3, t0)
	mustUpdate(t, term, over.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	must[bool](t)(s.Receive(t.Context(), "click", []byte("{}")))
	if err := term.Seen(t.Context(), "C_FACTORS", "1772355600.000100"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "copy.db")
	must[int64](t)(s.BackupFile(t.Context(), path))
	lost := mustCreate(t, term, 1)

	now = t0.Add(time.Hour)
	copied := MustOpen(t, path, clock)
	term = mustTerm(t, copied)
	done := must[*Restoration](t)(term.Restored(t.Context()))
	if done == nil || !done.Taken.Equal(t0) || done.Requests != 1 || done.Dropped != 1 {
		t.Fatalf("restored %+v", done)
	}
	if again := must[*Restoration](t)(term.Restored(t.Context())); again != nil {
		t.Errorf("twice: %+v", again)
	}
	if r := must[*reset.Request](t)(term.Get(t.Context(), open.ID)); !r.RestoredFrom.Equal(t0) {
		t.Errorf("the open request: %v", r.RestoredFrom)
	}
	if r := must[*reset.Request](t)(term.Get(t.Context(), over.ID)); !r.RestoredFrom.IsZero() {
		t.Errorf("the settled request: %v", r.RestoredFrom)
	}
	if fresh := mustCreate(t, term, 1); fresh.ID.Number() <= lost.ID.Number() {
		t.Errorf("%s was given twice", fresh.ID)
	}
	if seen := must[string](t)(term.LastSeen(t.Context(), "C_FACTORS")); seen != "1772359800.000000" {
		t.Errorf("seen until %s", seen)
	}
	if left := collect(t, term.Pending(t.Context())); len(left) != 0 {
		t.Errorf("the inbox holds %v", left)
	}
	if audit := must[*Audit](t)(copied.Verify(t.Context())); len(audit.Findings) != 0 {
		t.Errorf("the chains: %+v", audit)
	}
}

// A copy of a file that no bot has open is marked, too.
func TestInspection_BackupFile(t *testing.T) {
	path, _ := mustTrail(t)
	before := must[[]byte](t)(os.ReadFile(path))
	i, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	to := filepath.Join(t.TempDir(), "copy.db")
	must[int64](t)(i.BackupFile(t.Context(), to))
	copied := MustOpen(t, to)
	if _, restored, err := copied.RestoredFrom(t.Context()); !restored || err != nil {
		t.Errorf("restored %t, %v", restored, err)
	}
	if after := must[[]byte](t)(os.ReadFile(path)); string(after) != string(before) {
		t.Error("the file was changed")
	}
}
