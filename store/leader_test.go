package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// Who follows reads and records, and changes nothing.
func TestStore_Follow(t *testing.T) {
	s := mustStoreOn(t, newMemEngine(), As("one"))
	term := s.Follow()
	if err := term.PutValue(t.Context(), "name", nil); !errors.Is(err, ErrLost) {
		t.Errorf("a follower wrote: %v", err)
	}
	r, _ := reset.Open(testOrg, reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: t0}, 1)
	if _, err := term.Create(t.Context(), "op", r, nil); !errors.Is(err, ErrLost) {
		t.Errorf("a follower opened a request: %v", err)
	}
	if fresh, err := term.Receive(t.Context(), "click", []byte("{}")); err != nil || !fresh {
		t.Errorf("a follower cannot record: %v", err)
	}
	if name, err := term.Installation(t.Context()); err != nil || name == "" {
		t.Errorf("a follower does not know the installation: %v", err)
	}
	if l := must[Leader](t)(s.Leader(t.Context())); l.Now {
		t.Errorf("%+v leads", l)
	}
	if err := term.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := term.PutValue(t.Context(), "name", nil); err != nil {
		t.Error(err)
	}
	if l := must[Leader](t)(s.Leader(t.Context())); !l.Now || l.By != "one" || l.Number != 1 {
		t.Errorf("%+v leads", l)
	}
}

// A term that its holder did not end leaves open what it may still send, until a holder
// that came later says that it is over; one that was ended leaves nothing open.
func TestTerm_Unsure(t *testing.T) {
	e := newMemEngine()
	term := mustTerm(t, mustStoreOn(t, e, As("one")))
	if term.Unsure() || term.Number() != 1 {
		t.Errorf("the first term: number %d, unsure %t", term.Number(), term.Unsure())
	}
	for i, step := range []struct{ end, unsure, want bool }{
		{true, false, false}, // it was ended
		{false, false, true}, // it died
		{true, true, true},   // its successor ended before that was over
		{true, false, false}, // and the next one after
	} {
		if step.end {
			if err := term.End(t.Context(), step.unsure); err != nil {
				t.Fatal(err)
			}
		}
		term = mustTerm(t, mustStoreOn(t, e, As("other")))
		if term.Unsure() != step.want || term.Number() != int64(i+2) {
			t.Errorf("step %d: number %d, unsure %t", i, term.Number(), term.Unsure())
		}
	}
}

// A shared record's format does not change under the processes that use it: a later program
// does not lead on an older format, nor an earlier one on a newer, and each says so.
func TestOpen_shared_formats(t *testing.T) {
	for _, found := range []int{len(migrations()), len(migrations()) + 2} {
		e := newMemEngine()
		sign := must[[]byte](t)(json.Marshal(meta{Schema: found, Org: testOrg}))
		must[int64](t)(e.Commit(t.Context(), nil, kv.Put(metaKey, sign)))
		s := newStore(e, testOrg, options{now: time.Now, ttl: leaseTTL})
		err := s.identify(t.Context(), "the record", "", migrations())
		var newer *SchemaError
		var older *MigrationError
		if !errors.As(err, &newer) && !errors.As(err, &older) {
			t.Errorf("format %d: %v", found, err)
		}
		if p := must[kv.Pair](t)(kv.Get(t.Context(), e, metaKey)); !bytes.Equal(p.Value, sign) {
			t.Errorf("format %d became %s", found, p.Value)
		}
	}
}
