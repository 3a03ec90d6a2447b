package drill

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/event"
	"factorbot/store"
)

// judgeRounds holds the rounds to what was promised.
func (s *several) judgeRounds() {
	f := s.figures
	if 3*f.InFlight < 2*f.Rounds {
		s.wrong("only %d of %d rounds had a reset on its way", f.InFlight, f.Rounds)
	}
	if len(f.Takeovers) > 0 {
		sorted := slices.Sorted(slices.Values(f.Takeovers))
		f.P95 = sorted[(len(sorted)*95+99)/100-1]
	}
	if s.Full { // times are promised for that lease; a short drill runs beside other things
		s.judgeTimes()
	}
	for _, kind := range []string{event.KindUpload, event.KindClick, event.KindCommand} {
		if f.Acked[kind] == 0 {
			s.wrong("no %s was acknowledged", kind)
		}
	}
}

// judgeTimes holds the times that a full drill has measured to what was promised.
func (s *several) judgeTimes() {
	f := s.figures
	if f.P95 > leadLongest.Seconds() {
		s.wrong("takeovers took %.1f s at the 95th percentile with a lease of %d s", f.P95, s.TTL)
	}
	if f.Handover > handoverLongest.Seconds() {
		s.wrong("the lead was handed over %.1f s after SIGTERM", f.Handover)
	}
}

// judgeEnvelopes checks that the record knows every envelope that a bot has acknowledged,
// and that it was served. The bots have stopped.
func (s *several) judgeEnvelopes(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	record, err := store.Inspect(address(s.bots[0].gates))
	if err != nil {
		return fmt.Errorf("look into the record: %w", err)
	}
	defer record.Close()
	seen := map[string]bool{}
	for _, e := range s.work.Books().Acknowledged {
		d, err := event.Decode(e.Type, e.Payload)
		a := d.Event
		if err != nil || a == nil || a.Key == "" || seen[a.Key] {
			continue // talk, and what the bot posts itself
		}
		seen[a.Key] = true
		s.figures.Acked[a.Kind]++
		recorded, finished, err := record.Received(ctx, a.Key)
		if err != nil {
			return fmt.Errorf("look into the inbox: %w", err)
		}
		if !recorded || !finished {
			s.figures.Lost++
			s.wrong("the %s %s of %s was acknowledged: recorded %t, served %t", a.Kind, a.Key, a.By, recorded, finished)
		}
	}
	return nil
}
