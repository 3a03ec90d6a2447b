package resetlog

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

type silentLog struct{ Okta }

func (silentLog) Ours(okta.User, okta.Event) bool { return true }

// While requests overlap without end somebody always wants the System Log: what
// nobody asks about any more is forgotten.
func TestReader_forgets_what_nobody_asks_about(t *testing.T) {
	r := New(silentLog{}, slog.Default())
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	release := r.Follow(start)
	most := 0
	for i := range 200 {
		at := start.Add(time.Duration(i) * time.Minute)
		next := r.Follow(at)
		release()
		release = next
		var page []okta.Event
		for n := range 50 {
			page = append(page, okta.Event{At: at.Add(time.Second), Type: eventResetAll, Outcome: "SUCCESS", Targets: []string{fmt.Sprintf("00uuser%013d", 50*i+n)}})
		}
		r.note(okta.User{}, page, at)
		most = max(most, len(r.told.all), len(r.told.last))
		if last := reset.UserID(page[49].Targets[0]); !r.Tells(last, at) {
			t.Fatalf("round %d: what was told is not known", i)
		}
	}
	if most > 200 {
		t.Errorf("%d events are remembered, 50 at a time are asked about", most)
	}
	release()
	if len(r.told.all)+len(r.told.last) != 0 {
		t.Errorf("%d events are remembered, nobody asks", len(r.told.all))
	}
}
