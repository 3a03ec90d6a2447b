package roster_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"factorbot/bot/roster"
)

func mustZone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return zone
}

func TestParseWhen(t *testing.T) {
	berlin := mustZone(t, "Europe/Berlin")
	now := time.Date(2026, 11, 24, 9, 30, 0, 0, berlin) // a Tuesday
	tests := map[string]string{
		"tomorrow 07:00":      "2026-11-25T07:00:00+01:00",
		"Tomorrow 7am":        "2026-11-25T07:00:00+01:00",
		"tomorrow at 7:30 pm": "2026-11-25T19:30:00+01:00",
		"16:30":               "2026-11-24T16:30:00+01:00",
		"at 16:30":            "2026-11-24T16:30:00+01:00",
		"16.30":               "2026-11-24T16:30:00+01:00",
		"today 12pm":          "2026-11-24T12:00:00+01:00",
		"tomorrow 12am":       "2026-11-25T00:00:00+01:00",
		"tomorrow noon":       "2026-11-25T12:00:00+01:00",
		"2026-11-25 07:00":    "2026-11-25T07:00:00+01:00",
		"2026-11-25T07:00":    "2026-11-25T07:00:00+01:00",
		"2026-11-25T07:00:00": "2026-11-25T07:00:00+01:00",
		"wednesday 07:00":     "2026-11-25T07:00:00+01:00",
		"tue 07:00":           "2026-12-01T07:00:00+01:00",
		"monday, 7am":         "2026-11-30T07:00:00+01:00",
		"sat 07:00":           "2026-11-28T07:00:00+01:00",
		"sunday 07:00":        "2026-11-29T07:00:00+01:00",
		"tomorrow 1pm":        "2026-11-25T13:00:00+01:00",
		"tomorrow 23:59":      "2026-11-25T23:59:00+01:00",
		"in 2 hours":          "2026-11-24T11:30:00+01:00",
		"in an hour":          "2026-11-24T10:30:00+01:00",
		"in 90 minutes":       "2026-11-24T11:00:00+01:00",
		"in 45min":            "2026-11-24T10:15:00+01:00",
		"in 3 days":           "2026-11-27T09:30:00+01:00",
		"in 30 days":          "2026-12-24T09:30:00+01:00",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			got, err := roster.ParseWhen(text, now)
			if err != nil || got.Format(time.RFC3339) != want {
				t.Errorf("got %v, %v, want %s", got, err, want)
			}
		})
	}
	for words, texts := range map[string][]string{
		"I don't understand": {
			"", "soon", "tomorrow", "7", "25:00", "24:00", "07:60", "13pm", "0am", "2026-13-01 07:00", "2026-02-30 07:00", "in two hours", "in 2 parsecs", "in", "in 2",
			"yesterday 07:00", "in 99999999 hours", "tomorrow 07:00 or so", "tomorrow 07:00; rm -rf /", "mont7:30", "at", "today", "2026-11-25",
		},
		"has already passed": {"09:30", "today 08:00", "2026-11-23 07:00", "in 0 hours"},
		"too far ahead":      {"2027-11-25 07:00", "in 31 days"},
	} {
		for _, text := range texts {
			t.Run("not "+text, func(t *testing.T) {
				got, err := roster.ParseWhen(text, now)
				var refused *roster.Error
				if !errors.As(err, &refused) || refused.Code != roster.CodeWhen || !strings.Contains(refused.Words, words) || !got.IsZero() {
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
	}
}

// The clock is put forward at 02:00 in Berlin on this day, and back in autumn.
func TestParseWhen_when_clocks_change(t *testing.T) {
	berlin := mustZone(t, "Europe/Berlin")
	spring := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin)
	if got, err := roster.ParseWhen("tomorrow 02:30", spring); err == nil {
		t.Errorf("a time that does not exist is %v", got)
	}
	if got, err := roster.ParseWhen("tomorrow 03:30", spring); err != nil || got.UTC().Hour() != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := roster.ParseWhen("in 24 hours", spring); err != nil || got.Sub(spring) != 24*time.Hour {
		t.Errorf("got %v, %v", got, err)
	}
}

// FuzzParseWhen: whatever is written is refused in words, or is a moment of the next 30 days.
func FuzzParseWhen(f *testing.F) {
	for _, seed := range []string{"tomorrow 07:00", "in 2 hours", "2026-11-25 07:00", "mon 7pm", "16:30", "in 99999d", "2026-11-25t07:00"} {
		f.Add(seed, int64(1795479924))
	}
	zone := mustZone(f, "America/Sao_Paulo")
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		now := time.Unix(unix%(1<<33), 0).In(zone)
		at, err := roster.ParseWhen(text, now)
		var refused *roster.Error
		switch {
		case err == nil && (!at.After(now) || at.After(now.Add(roster.Farthest))):
			t.Errorf("%q at %v is %v", text, now, at)
		case err != nil && (!errors.As(err, &refused) || refused.Words == ""):
			t.Errorf("%q: %v", text, err)
		}
	})
}
