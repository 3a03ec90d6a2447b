package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"factorbot/bot/slackapi"
	"factorbot/store"
)

// aliveKey is where the record keeps until when, by Okta's clock, it surely knows of every call.
const aliveKey = "alive"

const (
	aliveEvery   = time.Minute      // between two notes of that
	aliveSoon    = time.Second      // before the first one, while Okta's clock is not known
	putBackTime  = 5 * time.Second  // before anything is served, to find out whether the record is an older one
	putBackAgain = 10 * time.Second // until that is tried again
	aliveMargin  = 5 * time.Second  // of Okta's clock, and of an answer that is on its way
)

// acting is what acts on the requests, and knows which calls the record has.
type acting interface {
	Unknown(ctx context.Context, since time.Time) (last time.Time, err error)
	Run(ctx context.Context) error
}

// putBack finds out whether a shared record is an older one that was put back: a snapshot
// of etcd carries no mark. Resets of ours that it does not know show it.
type putBack struct {
	term      *store.Term
	acting    acting
	clock     func() (ahead time.Duration, known bool) // Okta's
	slackTime func(context.Context) time.Time
	log       *slog.Logger
	known     atomic.Bool
}

// look looks once.
func (b *putBack) look(ctx context.Context) error {
	raw, err := b.term.Value(ctx, aliveKey)
	if err != nil || raw == nil {
		b.known.Store(err == nil)
		return err
	}
	var since time.Time
	if err := json.Unmarshal(raw, &since); err != nil {
		return fmt.Errorf("read until when the record was used: %w", err)
	}
	last, err := b.acting.Unknown(ctx, since.Add(-aliveMargin))
	if err != nil {
		return fmt.Errorf("look for resets that the record does not know: %w", err)
	}
	if last.IsZero() {
		b.known.Store(true)
		return nil
	}
	ahead, _ := b.clock()
	b.log.Error("the System Log tells of resets of this bot that the record does not know: an older record was put back",
		"record_until", since, "reset_at", last)
	if err := b.term.Suspect(ctx, since.Add(-ahead), since, last.Add(-ahead)); err != nil {
		return err
	}
	if err := restore(ctx, b.term, b.slackTime, b.log); err != nil {
		return err
	}
	b.known.Store(true)
	b.note(ctx) // or the next term finds the same resets, and takes it over again
	return nil
}

// first looks before anything is served, and gives up soon where Okta is away.
func (b *putBack) first(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, putBackTime)
	defer cancel()
	if err := b.look(ctx); err != nil {
		b.log.Warn("whether an older record was put back is not known yet; nobody is reset before", "err", err)
	}
}

// thenRun looks until it knows, and only then runs the runner.
func (b *putBack) thenRun(ctx context.Context) error {
	for !b.known.Load() {
		if slackapi.Pause(ctx, putBackAgain) != nil {
			return nil
		}
		if err := b.look(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("whether an older record was put back is not known yet; nobody is reset before", "err", err)
		}
	}
	return b.acting.Run(ctx)
}

// stayAlive notes now and again until when the record knows of every call.
func (b *putBack) stayAlive(ctx context.Context) error {
	for {
		next := aliveSoon
		if b.known.Load() && b.note(ctx) {
			next = aliveEvery
		}
		if slackapi.Pause(ctx, next) != nil {
			return nil
		}
	}
}

// note notes that the record knows of every call until now, and reports whether Okta's
// clock is known.
func (b *putBack) note(ctx context.Context) bool {
	ahead, known := b.clock()
	if !known {
		return false
	}
	value, err := json.Marshal(time.Now().Add(ahead).UTC())
	if err == nil {
		err = b.term.PutValue(ctx, aliveKey, value)
	}
	if err != nil && ctx.Err() == nil {
		b.log.Warn("until when the record is used cannot be noted", "err", err)
	}
	return true
}
