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
	okta := t0.Add(-4 * time.Minute)
	s := MustOpen(t, filepath.Join(dir, "factorbot.db"), clock)
	term := mustTerm(t, s)
	if done := must[*Restoration](t)(term.Restored(t.Context(), now.Add(3*time.Minute))); done != nil {
		t.Errorf("no backup: %+v", done)
	}
	over, open := mustCreate(t, term, 1), mustRun(t, term, 3, t0)
	mustUpdate(t, term, over.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	must[bool](t)(s.Receive(t.Context(), "click", []byte("{}")))
	if err := term.Seen(t.Context(), "C_FACTORS", "1772355600.000100"); err != nil {
		t.Fatal(err)
	}
	shown := []reset.Message{
		{Slot: reset.SlotApproval, Channel: "C_FACTORS", TS: "1.1", Shown: "hash"}, {Slot: "pause-7", Channel: "C_FACTORS", TS: "1.2", Thread: "1.1", Shown: "hash"},
		{Slot: reset.SlotPlan, Channel: "C_FACTORS", TS: "1.3", File: "F1", Shown: "shared"}, {Slot: reset.SlotDecision, Channel: "C_FACTORS", TS: "1.4", Shown: "hash"},
	}
	if err := term.SaveMessages(t.Context(), open.ID, shown...); err != nil {
		t.Fatal(err)
	}
	s.OktaTime(func() time.Time { return okta })
	path := filepath.Join(dir, "copy.db")
	must[int64](t)(s.BackupFile(t.Context(), path))
	lost := mustCreate(t, term, 1)

	now = t0.Add(time.Hour)
	copied := MustOpen(t, path, clock)
	term = mustTerm(t, copied)
	done := must[*Restoration](t)(term.Restored(t.Context(), now.Add(3*time.Minute)))
	if done == nil || !done.Taken.Equal(t0) || done.Requests != 1 || done.Dropped != 1 {
		t.Fatalf("restored %+v", done)
	}
	if again := must[*Restoration](t)(term.Restored(t.Context(), now.Add(3*time.Minute))); again != nil {
		t.Errorf("twice: %+v", again)
	}
	if r := must[*reset.Request](t)(term.Get(t.Context(), open.ID)); !r.RestoredFrom.Equal(t0) || !r.RestoredOkta.Equal(okta) {
		t.Errorf("the open request: %v, by Okta's clock %v", r.RestoredFrom, r.RestoredOkta)
	}
	for _, m := range must[[]reset.Message](t)(term.Messages(t.Context(), open.ID)) {
		if again := m.Shown == ""; again != (m.Slot == reset.SlotApproval || m.Slot == "pause-7") || m.TS == "" {
			t.Errorf("of the message %s the record knows %+v", m.Slot, m)
		}
	}
	if r := must[*reset.Request](t)(term.Get(t.Context(), over.ID)); !r.RestoredFrom.IsZero() {
		t.Errorf("the settled request: %v", r.RestoredFrom)
	}
	if fresh := mustCreate(t, term, 1); fresh.ID.Number() <= lost.ID.Number() {
		t.Errorf("%s was given twice", fresh.ID)
	}
	if seen := must[string](t)(term.LastSeen(t.Context(), "C_FACTORS")); seen != "1772359980.000000" {
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

// A record that was put back is restored without what came to it since: envelopes that
// were recorded after that are served.
func TestTerm_Suspect(t *testing.T) {
	now := t0
	s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"), Clock(func() time.Time { return now }))
	term := mustTerm(t, s)
	open := mustRun(t, term, 3, t0)
	must[bool](t)(s.Receive(t.Context(), "served since", []byte("{}")))
	now = t0.Add(time.Hour)
	must[bool](t)(s.Receive(t.Context(), "new", []byte("{}")))
	if err := term.Suspect(t.Context(), t0, t0, t0.Add(30*time.Minute)); err != nil {
		t.Fatal(err)
	}
	done := must[*Restoration](t)(term.Restored(t.Context(), now))
	if done == nil || !done.Taken.Equal(t0) || done.Requests != 1 || done.Dropped != 1 {
		t.Fatalf("restored %+v", done)
	}
	if r := must[*reset.Request](t)(term.Get(t.Context(), open.ID)); !r.RestoredFrom.Equal(t0) {
		t.Errorf("the open request: %v", r.RestoredFrom)
	}
	if left := collect(t, term.Pending(t.Context())); len(left) != 1 || left[0].Key != "new" {
		t.Errorf("the inbox holds %v", left)
	}
}
