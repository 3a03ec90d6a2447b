package claims

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

const (
	ana = reset.UserID("00uANA00000000000001")
	ben = reset.UserID("00uBEN00000000000001")
)

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func started(row int) reset.Entry {
	return reset.Entry{Kind: reset.EntryStarted, At: t0, Step: &reset.Step{User: ana, Row: row}}
}

func ended(row int, touched bool) reset.Entry {
	return reset.Entry{Kind: reset.EntryOutcome, At: t0, Step: &reset.Step{User: ana, Row: row}, Outcome: reset.OutcomeReset, Touched: touched}
}

// A user belongs to the request that started a step, until the outcome of that very row.
func TestUser_Start(t *testing.T) {
	u := &User{UserRecord: reset.UserRecord{User: ana}}
	if err := u.Start("FR-1", reset.Plan{}, started(1)); err != nil || !u.Claimed {
		t.Fatal(err, u.Claimed)
	}
	if d := cmp.Diff(&reset.Claim{Request: "FR-1", Row: 1, At: t0}, u.Claim); d != "" {
		t.Error(d)
	}
	var held *reset.ClaimedError
	if err := u.Start("FR-2", reset.Plan{}, started(1)); !errors.As(err, &held) || held.By != "FR-1" || held.User != ana {
		t.Errorf("another request: %v", err)
	}
	u.Claimed = false
	if err := u.Start("FR-1", reset.Plan{}, started(1)); err != nil || u.Claimed {
		t.Error("the same row again", err, u.Claimed)
	}
	if err := u.Start("FR-1", reset.Plan{}, started(2)); err != nil || !u.Claimed || u.Claim.Row != 2 {
		t.Error("another row of the request", err, u.Claimed, u.Claim)
	}
	for _, wrong := range []struct {
		id  reset.ID
		row int
	}{{"FR-1", 1}, {"FR-2", 2}} {
		if u.Claimed = false; u.Claim == nil {
			t.Fatal("released")
		}
		if u.Settle(wrong.id, 1, 2, ended(wrong.row, false)); u.Claim == nil || u.Claimed {
			t.Errorf("released by %+v", wrong)
		}
	}
	if u.Settle("FR-1", 1, 2, ended(2, false)); u.Claim != nil || !u.Claimed || u.Noted {
		t.Errorf("after the outcome: %+v", u)
	}
}

// A note stops every plan that is older, but for the request's own.
func TestUser_Start_newer_note(t *testing.T) {
	var u User
	u.Settle("FR-1", 1, 7, ended(1, true))
	var since *reset.ResetSinceError
	if err := u.Start("FR-2", reset.Plan{LastNote: 6}, started(1)); !errors.As(err, &since) || since.By != "FR-1" || !since.At.Equal(t0) {
		t.Errorf("an older plan: %v", err)
	}
	if u.Claim != nil {
		t.Error("claimed in spite of the note")
	}
	for id, plan := range map[reset.ID]reset.Plan{"FR-1": {LastNote: 6}, "FR-2": {LastNote: 7}} {
		u := u
		if err := u.Start(id, plan, started(1)); err != nil || u.Claim == nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// A request has one note on a user. A later outcome of a step that was started since gets its
// own number; one that only corrects the outcome keeps the number.
func TestUser_Settle_notes(t *testing.T) {
	for _, c := range []struct {
		name           string
		started, known bool
		want           int64
	}{
		{"started again", true, true, 9},
		{"corrected", false, true, 4},
		{"corrected, and the claims are not known", false, false, 9},
	} {
		u := User{Known: c.known}
		u.Settle("FR-2", 1, 3, ended(1, true))
		u.Settle("FR-1", 1, 4, ended(1, true))
		if c.started {
			if err := u.Start("FR-1", reset.Plan{LastNote: 4}, started(1)); err != nil {
				t.Fatal(err)
			}
		}
		later := ended(1, true)
		later.At, later.Outcome = t0.Add(time.Hour), reset.OutcomeFailed
		u.Settle("FR-1", 2, 9, later)
		want := []reset.Note{
			{Request: "FR-2", Revision: 1, Outcome: reset.OutcomeReset, At: t0, Seq: 3},
			{Request: "FR-1", Revision: 2, Outcome: reset.OutcomeFailed, At: later.At, Seq: c.want},
		}
		if d := cmp.Diff(want, u.Notes); d != "" || !u.Noted {
			t.Error(c.name, u.Noted, d)
		}
	}
}

// Of very many notes the oldest go.
func TestUser_Settle_most_notes(t *testing.T) {
	var u User
	for i := range mostNotes + 5 {
		u.Settle(reset.NewID(i+1), 1, int64(i+2), ended(1, true))
	}
	if n := len(u.Notes); n != mostNotes || u.Notes[0].Request != "FR-6" || u.Notes[n-1].Request != reset.NewID(mostNotes+5) {
		t.Errorf("%d notes from %s to %s", n, u.Notes[0].Request, u.Notes[n-1].Request)
	}
}

// What a log says, read again, is what the table was told commit by commit.
func TestTable_agrees_with_the_log(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var table Table
		table.Replace(ByUser{})
		read := ByUser{}
		read.Apply("FR-1", reset.Entry{Kind: reset.EntryFact, At: t0}) // no step: nothing to apply
		for range rapid.IntRange(0, 12).Draw(rt, "entries") {
			e := started(rapid.IntRange(1, 2).Draw(rt, "row"))
			user := rapid.SampledFrom([]reset.UserID{"", ana, ben}).Draw(rt, "user")
			e.Step.User = user
			e.Kind = rapid.SampledFrom([]reset.EntryKind{reset.EntryStarted, reset.EntryOutcome, reset.EntryStepped}).Draw(rt, "kind")
			read.Apply("FR-1", e)
			if user == "" {
				continue
			}
			u := User{UserRecord: reset.UserRecord{User: user}}
			u.Claim, u.Known = table.Of(user)
			switch e.Kind {
			case reset.EntryStarted:
				if err := u.Start("FR-1", reset.Plan{}, e); err != nil {
					rt.Fatal(err)
				}
			case reset.EntryOutcome:
				u.Settle("FR-1", 1, 1, e)
			}
			if u.Claimed {
				table.Set(user, u.Claim)
			}
		}
		if d := cmp.Diff(read, table.by); d != "" {
			rt.Error(d)
		}
	})
}

// Claims that are not read yet are not guessed: nothing that is told before counts.
func TestTable(t *testing.T) {
	var table Table
	table.Set(ana, &reset.Claim{Request: "FR-1"})
	if held, known := table.Of(ana); held != nil || known || table.Known() {
		t.Errorf("before the claims are read: %v, %t", held, known)
	}
	table.Replace(ByUser{ana: {Request: "FR-1"}, ben: {Request: "FR-2"}})
	if held, known := table.Of(ana); !known || !table.Known() || held == nil || held.Request != "FR-1" {
		t.Errorf("%v, %t", held, known)
	}
	if held, known := table.Of("00uNOBODY"); !known || held != nil {
		t.Errorf("nobody's: %v, %t", held, known)
	}
	table.ReleaseAll("FR-1")
	if left := maps.Clone(table.by); len(left) != 1 || left[ben].Request != "FR-2" {
		t.Errorf("after FR-1 is settled: %v", left)
	}
	if table.Set(ben, nil); len(table.by) != 0 {
		t.Errorf("after FR-2's release: %v", table.by)
	}
	if table.Replace(nil); table.Known() {
		t.Error("known after they were forgotten")
	}
}
