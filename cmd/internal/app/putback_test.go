package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/reset"
	"factorbot/store"
)

// suspect is a runner that knows of a reset that the record does not, at last; its log can
// be away.
type suspect struct {
	mu    sync.Mutex
	last  time.Time
	away  error
	since []time.Time // that it was asked for
	runs  int
}

func (s *suspect) Unknown(_ context.Context, since time.Time) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = append(s.since, since)
	if s.away != nil || !s.last.After(since) {
		return time.Time{}, s.away
	}
	return s.last, nil
}

func (s *suspect) Run(ctx context.Context) error {
	s.mu.Lock()
	s.runs++
	s.mu.Unlock()
	<-ctx.Done()
	return nil
}

func (s *suspect) change(to func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to()
}

// begun returns how often it ran.
func (s *suspect) begun() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs
}

// oktaAhead is by how much Okta's clock is ahead of ours in these tests.
const oktaAhead = 40 * time.Second

// withPutBack calls do with a look for an older record that was put back, on a record with
// one open request.
func withPutBack(t *testing.T, s *suspect, do func(t *testing.T, b *putBack, r *reset.Request, log *lines)) {
	path := filepath.Join(t.TempDir(), "record.db")
	synctest.Test(t, func(t *testing.T) {
		file, err := store.Open(path, "https://example.okta.com")
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		}()
		term, err := file.Lead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		asked, fact := reset.Open("https://example.okta.com", reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "lost phone"}, 1)
		row := reset.Row{Row: 1, Input: "ana@example.com", Kind: reset.RefLogin, Value: "ana@example.com"}
		r, err := term.Create(t.Context(), "op", asked, slices.Values([]reset.Row{row}), fact)
		if err != nil {
			t.Fatal(err)
		}
		log := &lines{}
		do(t, &putBack{
			term: term, acting: s, clock: func() (time.Duration, bool) { return oktaAhead, true },
			slackTime: func(context.Context) time.Time { return time.Now() }, log: slog.New(slog.NewTextHandler(log, nil)),
		}, r, log)
	})
}

func (b *putBack) mustAlive(t *testing.T, at time.Time) {
	t.Helper()
	value, err := json.Marshal(at.UTC())
	if err == nil {
		err = b.term.PutValue(t.Context(), aliveKey, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// restored is by our clock and by Okta's of when the open request counts as restored.
func restored(t *testing.T, b *putBack, id reset.ID) (ours, okta time.Time) {
	t.Helper()
	r, err := b.term.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r.RestoredFrom, r.RestoredOkta
}

// A record that no process has led before, and one whose resets are all known, is no older one.
func TestPutBack_whole_record(t *testing.T) {
	s := &suspect{}
	withPutBack(t, s, func(t *testing.T, b *putBack, r *reset.Request, log *lines) {
		b.first(t.Context())
		if !b.known.Load() || len(s.since) > 0 {
			t.Errorf("a new record: known %t, asked %v", b.known.Load(), s.since)
		}
		b.known.Store(false)
		alive := time.Now().Add(-time.Minute)
		b.mustAlive(t, alive)
		b.first(t.Context())
		if !b.known.Load() || len(s.since) != 1 || !s.since[0].Equal(alive.Add(-aliveMargin)) {
			t.Errorf("a whole record: known %t, asked since %v", b.known.Load(), s.since)
		}
		if ours, _ := restored(t, b, r.ID); !ours.IsZero() || log.String() != "" {
			t.Errorf("it counts as restored from %v: %s", ours, log)
		}
	})
}

// A reset of ours that the record does not know shows an older record: its open requests
// are restored as of when it was last used, once, however often somebody leads after that.
func TestPutBack_older_record(t *testing.T) {
	s := &suspect{}
	withPutBack(t, s, func(t *testing.T, b *putBack, r *reset.Request, log *lines) {
		alive := time.Now().Add(oktaAhead - time.Hour) // by Okta's clock
		b.mustAlive(t, alive)
		s.change(func() { s.last = alive.Add(10 * time.Minute) })
		b.first(t.Context())
		ours, okta := restored(t, b, r.ID)
		if !b.known.Load() || !okta.Equal(alive) || !ours.Equal(alive.Add(-oktaAhead)) {
			t.Errorf("known %t, restored from %v, by Okta's clock %v, last used %v", b.known.Load(), ours, okta, alive)
		}
		if !strings.Contains(log.String(), "an older record was put back") {
			t.Errorf("nobody is told: %s", log)
		}
		if _, marked, err := b.term.RestoredFrom(t.Context()); marked || err != nil {
			t.Errorf("it still waits to be restored: %t, %v", marked, err)
		}
		head, err := b.term.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again := &putBack{term: b.term, acting: s, clock: b.clock, slackTime: b.slackTime, log: b.log} // of the next term
		again.first(t.Context())
		after, err := b.term.Head(t.Context())
		if err != nil || !again.known.Load() || after != head {
			t.Errorf("the next term restores it again: known %t, audit head %s, then %s, %v", again.known.Load(), head, after, err)
		}
	})
}

// Nobody is reset before it is known whether the record is an older one.
func TestPutBack_okta_away(t *testing.T) {
	s := &suspect{away: errors.New("Okta is away")}
	withPutBack(t, s, func(t *testing.T, b *putBack, _ *reset.Request, log *lines) {
		b.mustAlive(t, time.Now())
		b.first(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- b.thenRun(ctx) }()
		go func() { ended <- b.stayAlive(ctx) }()
		wait, stop := context.WithTimeout(ctx, 3*aliveEvery)
		<-wait.Done()
		stop()
		synctest.Wait()
		raw, err := b.term.Value(t.Context(), aliveKey)
		var alive time.Time
		if err = errors.Join(err, json.Unmarshal(raw, &alive)); err != nil {
			t.Fatal(err)
		}
		if s.begun() != 0 || b.known.Load() || alive.After(time.Now().Add(-3*aliveEvery)) || !strings.Contains(log.String(), "nobody is reset before") {
			t.Errorf("%d runs, known %t, noted %v: %s", s.begun(), b.known.Load(), alive, log)
		}
		s.change(func() { s.away = nil })
		wait, stop = context.WithTimeout(ctx, putBackAgain+aliveEvery)
		<-wait.Done()
		stop()
		synctest.Wait()
		raw, err = b.term.Value(t.Context(), aliveKey)
		if err = errors.Join(err, json.Unmarshal(raw, &alive)); err != nil {
			t.Fatal(err)
		}
		if s.begun() != 1 || !b.known.Load() || alive.Before(time.Now().Add(oktaAhead-aliveEvery-time.Second)) {
			t.Errorf("once Okta is back: %d runs, known %t, noted %v", s.begun(), b.known.Load(), alive)
		}
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// What was noted and cannot be read keeps the runner from running.
func TestPutBack_damaged_note(t *testing.T) {
	s := &suspect{}
	withPutBack(t, s, func(t *testing.T, b *putBack, _ *reset.Request, log *lines) {
		if err := b.term.PutValue(t.Context(), aliveKey, []byte("yesterday")); err != nil {
			t.Fatal(err)
		}
		b.first(t.Context())
		if b.known.Load() || len(s.since) > 0 {
			t.Errorf("known %t, asked %v", b.known.Load(), s.since)
		}
	})
}
