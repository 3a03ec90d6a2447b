package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/audit"
	"factorbot/store/internal/kv"
)

// keysKept is how long the keys of envelopes and the causes of changes are
// remembered: Slack's last redelivery comes within 26 hours.
const keysKept = 26 * time.Hour

// sweepStep is how far time goes on for the record from one sweep to the next at most. So
// a clock that jumps ahead makes things go somewhat early, never all at once; after a time
// without sweeps they go somewhat late.
const sweepStep = 2 * time.Hour

// Sweep removes what is over: keys of finished envelopes and causes after 26
// hours, notes and settled requests after the time that the record was opened
// with, and what is left of requests that are not there. It is done in small commits; what
// is left when it fails goes with the next one. It is meant for every hour.
func (t *Term) Sweep(ctx context.Context, now time.Time) error {
	now, err := t.sweepTime(ctx, now)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, part := range []struct {
		what string
		do   func(context.Context, time.Time) error
	}{
		{"envelopes", t.sweepEnvelopes},
		{"causes", t.sweepOps},
		{"notes", t.sweepNotes},
		{"requests", t.sweepRequests},
		{"exports", t.sweepExports},
		{"abandoned requests", t.sweepAbandoned},
	} {
		if err := part.do(ctx, now); err != nil {
			return fmt.Errorf("sweep %s: %w", part.what, err)
		}
	}
	return nil
}

// sweepTime returns the time that a sweep goes by, and remembers it.
func (t *Term) sweepTime(ctx context.Context, now time.Time) (time.Time, error) {
	last, err := t.swept(ctx)
	if err != nil {
		return now, err
	}
	if furthest := last.Add(sweepStep); !last.IsZero() && now.After(furthest) {
		now = furthest
	}
	b, err := now.UTC().MarshalText()
	if err == nil {
		_, err = t.commit(ctx, nil, kv.Put(sweptKey, b))
	}
	t.store.notBefore(now)
	return now, err
}

// swept returns the time that the last sweep went by; zero if there was none.
func (r *Reader) swept(ctx context.Context) (last time.Time, err error) {
	p, err := kv.Get(ctx, r.engine, sweptKey)
	if err != nil || p.Rev == 0 {
		return last, err
	}
	if err := last.UnmarshalText(p.Value); err != nil {
		return last, fmt.Errorf("read %s: %w", sweptKey, err)
	}
	return last, nil
}

// sweepAbandoned removes what belongs to no request: the roster of a Create that broke off,
// and messages that an earlier version saved after retention. That is looked for once in a
// term, and again after a Create has failed.
func (t *Term) sweepAbandoned(ctx context.Context, _ time.Time) error {
	if !t.abandoned.Swap(false) {
		return nil
	}
	for _, family := range []string{rowsFamily, messagesFamily} {
		if err := t.sweepFamily(ctx, family); err != nil {
			t.abandoned.Store(true)
			return err
		}
	}
	return nil
}

// sweepFamily goes from request to request through the keys of a kind.
func (t *Term) sweepFamily(ctx context.Context, family string) error {
	for from := family; ; {
		found, _, err := t.engine.Read(ctx, from, kv.PrefixEnd(family), 1)
		if err != nil || len(found) == 0 {
			return err
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(found[0].Key, family), "/")
		n, err := strconv.ParseUint(number, 16, 32)
		if err != nil {
			return fmt.Errorf("%s: %w", found[0].Key, err)
		}
		prefix := family + number + "/"
		if err := t.removeAbandoned(ctx, int(n), prefix); err != nil {
			return err
		}
		from = kv.PrefixEnd(prefix)
	}
}

// removeAbandoned removes what is under a prefix of a request that is not there, and that
// nobody is making.
func (t *Term) removeAbandoned(ctx context.Context, n int, prefix string) error {
	if n == 0 { // the org's own
		return nil
	}
	if _, err := t.Get(ctx, reset.NewID(n)); !errors.Is(err, ErrNotFound) {
		return err
	}
	if err := t.creating.take(ctx); err != nil {
		return err
	}
	defer t.creating.giveBack()
	_, err := t.commit(ctx, []kv.Cond{kv.Absent(headKey(n))}, kv.RemovePrefix(prefix))
	if errors.Is(err, kv.ErrConflict) { // it is there by now
		return nil
	}
	return err
}

// sweepEnvelopes removes old keys, but not those of envelopes that still wait.
func (t *Term) sweepEnvelopes(ctx context.Context, now time.Time) error {
	return t.sweepKeys(ctx, envKeys, func(p kv.Pair) (bool, error) {
		var kept receipt
		if err := json.Unmarshal(p.Value, &kept); err != nil || now.Sub(kept.At) < keysKept {
			return false, err
		}
		waiting, err := kv.Get(ctx, t.engine, kept.Place)
		return waiting.Rev == 0, err
	})
}

func (t *Term) sweepOps(ctx context.Context, now time.Time) error {
	return t.sweepKeys(ctx, opPrefix, func(p kv.Pair) (bool, error) {
		var o appliedOp
		err := json.Unmarshal(p.Value, &o)
		return now.Sub(o.At) >= keysKept, err
	})
}

// sweepKeys removes the keys with a prefix that are over.
func (t *Term) sweepKeys(ctx context.Context, prefix string, over func(kv.Pair) (bool, error)) error {
	out := kv.Batch{Commit: t.commit}
	for p, err := range kv.Scan(ctx, t.engine, prefix, 100) {
		if err != nil {
			return err
		}
		gone, err := over(p)
		if err == nil && gone {
			err = out.Add(ctx, kv.Remove(p.Key))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Key, err)
		}
	}
	return out.Flush(ctx)
}

func (t *Term) sweepNotes(ctx context.Context, now time.Time) error {
	for p, err := range kv.Scan(ctx, t.engine, userPrefix, 100) {
		if err != nil {
			return err
		}
		user := reset.UserID(strings.TrimPrefix(p.Key, userPrefix))
		if err := retryOnConflict(ctx, func() error { return t.sweepUser(ctx, user, now) }); err != nil {
			return err
		}
	}
	return nil
}

// sweepUser drops a user's old notes, on condition that nobody has changed the record meanwhile.
func (t *Term) sweepUser(ctx context.Context, user reset.UserID, now time.Time) error {
	c, err := t.userState(ctx, user)
	if err != nil {
		return err
	}
	kept := c.Notes[:0:0]
	for _, n := range c.Notes {
		if now.Sub(n.At) < t.store.retain {
			kept = append(kept, n)
		}
	}
	if len(kept) == len(c.Notes) {
		return nil
	}
	c.Notes = kept
	o, err := notesOp(c.UserRecord)
	if err != nil {
		return err
	}
	_, err = t.commit(ctx, []kv.Cond{{Key: o.Key, Rev: c.rev}}, o)
	return err
}

func (t *Term) sweepRequests(ctx context.Context, now time.Time) error {
	for head, err := range t.heads(ctx) {
		if err != nil {
			return err
		}
		if !head.State.Settled() || now.Sub(head.SettledAt) < t.store.retain {
			continue
		}
		if err := t.forget(ctx, head.ID.Number()); err != nil {
			return err
		}
	}
	return nil
}

// forget replaces a request by the head of its chain in the org's log. The request's own
// head goes last: a failure leaves it to be found again.
func (t *Term) forget(ctx context.Context, n int) error {
	if err := t.journal.turn.take(ctx); err != nil {
		return err
	}
	defer t.journal.end()
	delete(t.journal.logs, n)
	_, last, at, err := t.tail(ctx, n)
	if err != nil {
		return err
	}
	retired := chainedFact(audit.FactRetired, &logAppend{log: &logEnd{n: n}, last: last, at: at}, nil)
	retired.At = t.now()
	if _, err := t.write(ctx, changeSet{facts: []reset.Fact{retired}, ops: always()}); err != nil {
		return err
	}
	for _, prefix := range []string{rowsPrefix(n), plansPrefix(n), logPrefix(n), messagesPrefix(n), opsPrefix(n), exportPrefix(n)} {
		if _, err := t.commit(ctx, nil, kv.RemovePrefix(prefix)); err != nil {
			return err
		}
	}
	_, err = t.commit(ctx, nil, kv.Remove(headKey(n)), kv.Remove(tailKey(n)))
	return err
}
