package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"factorbot/store/internal/kv"
)

// envPage is how many envelopes are read at once; each has up to half a megabyte.
const envPage = 16

// Envelope is what Slack sent, as it was received.
type Envelope struct {
	Key  string    // the dedupe key
	Body []byte    // at most half a megabyte
	At   time.Time // when it was recorded
}

// label is the first line of a recorded envelope; the body follows it.
type label struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// receipt is what is kept of an envelope's key.
type receipt struct {
	At    time.Time `json:"at"`
	Place string    `json:"place"` // key of the envelope while it is not finished
}

// Receive records an envelope, durably, before it is acknowledged. A key that was
// recorded within the last 26 hours is not fresh, and nothing is written. It
// needs no term: every process listens.
func (s *Store) Receive(ctx context.Context, key string, body []byte) (fresh bool, err error) {
	at := s.now()
	place := fmt.Sprintf("%s%020d-%s", envPrefix, s.nextPlace(at), hash(key))
	head, err := json.Marshal(label{Key: key, At: at})
	kept, keptErr := json.Marshal(receipt{At: s.stamp(), Place: place})
	if err = errors.Join(err, keptErr); err != nil {
		return false, fmt.Errorf("record an envelope: %w", err)
	}
	p, err := s.putOnce(ctx, kv.Put(envKeys+hash(key), kept), kv.Put(place, append(append(head, '\n'), body...)))
	if err != nil {
		return false, fmt.Errorf("record an envelope: %w", err)
	}
	return bytes.Equal(p.Value, kept), nil // no other one has this place
}

// nextPlace gives each envelope of this process a place of its own in the order of arrival,
// after those that wait, whatever the clock does.
func (s *Store) nextPlace(at time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived = max(s.arrived+1, at.UnixNano())
	return s.arrived
}

// stamp returns the time by which a sweep will judge the age of what is written now: a
// clock that was set back does not make it old.
func (s *Store) stamp() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.After(s.floor) {
		return now
	}
	return s.floor
}

func (s *Store) notBefore(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.floor = t
}

// readClock reads the time of the last sweep and the place of the last envelope.
func (s *Store) readClock(ctx context.Context) error {
	floor, err := s.swept(ctx)
	if err != nil {
		return err
	}
	s.notBefore(floor)
	for p, err := range kv.Scan(ctx, s.engine, envPrefix, envPage) {
		if err != nil {
			return err
		}
		digits, _, _ := strings.Cut(strings.TrimPrefix(p.Key, envPrefix), "-")
		if s.arrived, err = strconv.ParseInt(digits, 10, 64); err != nil {
			return fmt.Errorf("read the inbox: %s: %w", p.Key, err)
		}
	}
	return nil
}

// Receive is [Store.Receive].
func (t *Term) Receive(ctx context.Context, key string, body []byte) (fresh bool, err error) {
	return t.store.Receive(ctx, key, body)
}

// Pending yields the envelopes that are not finished, in order of arrival.
func (r *Reader) Pending(ctx context.Context) iter.Seq2[Envelope, error] {
	return envelopes(kv.Scan(ctx, r.engine, envPrefix, envPage))
}

// Arrivals yields the envelopes that are not finished, in order of arrival, and
// then each that arrives, once each. It ends with an error. An envelope stays in
// the inbox until it is finished, so after a restart it comes again.
func (r *Reader) Arrivals(ctx context.Context) iter.Seq2[Envelope, error] {
	return envelopes(r.engine.Watch(ctx, envPrefix, 0))
}

func envelopes(pairs iter.Seq2[kv.Pair, error]) iter.Seq2[Envelope, error] {
	return func(yield func(Envelope, error) bool) {
		for p, err := range pairs {
			e, err := envelope(p, err)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func envelope(p kv.Pair, err error) (Envelope, error) {
	if err != nil {
		return Envelope{}, fmt.Errorf("read the inbox: %w", err)
	}
	head, body, _ := bytes.Cut(p.Value, []byte("\n"))
	var l label
	if err := json.Unmarshal(head, &l); err != nil {
		return Envelope{}, fmt.Errorf("read the inbox: %s: %w", p.Key, err)
	}
	return Envelope{Key: l.Key, Body: body, At: l.At}, nil
}

// Received reports whether the envelope with this key was recorded within the last 26
// hours, and whether it is finished.
func (r *Reader) Received(ctx context.Context, key string) (recorded, finished bool, err error) {
	var kept receipt
	rev, err := r.readJSON(ctx, envKeys+hash(key), &kept)
	if err != nil || rev == 0 {
		return false, false, err
	}
	waits, err := kv.Get(ctx, r.engine, kept.Place)
	return true, waits.Rev == 0, err
}

// Finish takes an envelope out of the inbox. Its key is remembered.
func (t *Term) Finish(ctx context.Context, key string) error {
	var kept receipt
	rev, err := t.readJSON(ctx, envKeys+hash(key), &kept)
	if err == nil && rev != 0 {
		_, err = t.commit(ctx, nil, kv.Remove(kept.Place))
	}
	if err != nil {
		return fmt.Errorf("finish an envelope: %w", err)
	}
	return nil
}
