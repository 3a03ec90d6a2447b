package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// keysKept is how long the keys of envelopes and the causes of changes are
// remembered: Slack's last redelivery comes within 26 hours.
const keysKept = 26 * time.Hour

// Sweep forgets what is over: keys of finished envelopes and causes after 26
// hours, notes and settled requests after the time that the record was opened
// with. Done in small commits; what is left when it fails goes with the next one. The
// file gives its free room back when that is much.
func (t *Term) Sweep(ctx context.Context, now time.Time) error {
	for _, part := range []struct {
		what string
		do   func(context.Context, time.Time) error
	}{
		{"envelopes", t.sweepEnvelopes},
		{"causes", t.sweepEffects},
		{"notes", t.sweepNotes},
		{"requests", t.sweepRequests},
		{"exports", t.sweepExports},
	} {
		if err := part.do(ctx, now); err != nil {
			return fmt.Errorf("sweep %s: %w", part.what, err)
		}
	}
	if t.store.file == nil { // an engine without a file
		return nil
	}
	return t.store.file.compact()
}

// sweepEnvelopes forgets old keys, but not those of envelopes that still wait.
func (t *Term) sweepEnvelopes(ctx context.Context, now time.Time) error {
	out := batch{t: t}
	for p, err := range scan(ctx, t.engine, envKeys, 100) {
		if err != nil {
			return err
		}
		var kept receipt
		if err := json.Unmarshal(p.value, &kept); err != nil {
			return fmt.Errorf("%s: %w", p.key, err)
		}
		if now.Sub(kept.At) < keysKept {
			continue
		}
		if waiting, err := get(ctx, t.engine, kept.Place); err != nil {
			return err
		} else if waiting.rev != 0 {
			continue
		}
		if err := out.add(ctx, remove(p.key)); err != nil {
			return err
		}
	}
	return out.flush(ctx)
}

func (t *Term) sweepEffects(ctx context.Context, now time.Time) error {
	out := batch{t: t}
	for p, err := range scan(ctx, t.engine, opPrefix, 100) {
		if err != nil {
			return err
		}
		var e effect
		if err := json.Unmarshal(p.value, &e); err != nil {
			return fmt.Errorf("%s: %w", p.key, err)
		}
		if now.Sub(e.At) < keysKept {
			continue
		}
		if err := out.add(ctx, remove(p.key)); err != nil {
			return err
		}
	}
	return out.flush(ctx)
}

func (t *Term) sweepNotes(ctx context.Context, now time.Time) error {
	for p, err := range scan(ctx, t.engine, userPrefix, 100) {
		if err != nil {
			return err
		}
		user := reset.UserID(strings.TrimPrefix(p.key, userPrefix))
		if err := again(ctx, func() error { return t.sweepUser(ctx, user, now) }); err != nil {
			return err
		}
	}
	return nil
}

// sweepUser drops a user's old notes, on condition that nobody has changed the record meanwhile.
func (t *Term) sweepUser(ctx context.Context, user reset.UserID, now time.Time) error {
	c, err := t.card(ctx, user)
	if err != nil {
		return err
	}
	kept := c.user.Notes[:0:0]
	for _, n := range c.user.Notes {
		if now.Sub(n.At) < t.store.retain {
			kept = append(kept, n)
		}
	}
	if len(kept) == len(c.user.Notes) {
		return nil
	}
	c.user.Notes = kept
	o, err := c.op()
	if err != nil {
		return err
	}
	_, err = t.commit(ctx, []cond{{o.key, c.rev}}, o)
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
		if err := t.forget(ctx, head.ID.Number(), now); err != nil {
			return err
		}
	}
	return nil
}

// forget replaces a request by the head of its chain in the org's log. The request's own
// head goes last: a failure leaves it to be found again.
func (t *Term) forget(ctx context.Context, n int, now time.Time) error {
	if err := t.journal.begin(ctx); err != nil {
		return err
	}
	defer t.journal.end()
	delete(t.journal.logs, n)
	_, last, at, err := t.tail(ctx, n)
	if err != nil {
		return err
	}
	retired := chainedFact(factRetired, &sheet{log: &logEnd{n: n}, last: last, at: at}, nil)
	retired.At = now
	if _, err := t.write(ctx, deed{facts: []reset.Fact{retired}, ops: always()}); err != nil {
		return err
	}
	for _, prefix := range []string{rowsPrefix(n), plansPrefix(n), logPrefix(n), messagesPrefix(n), opsPrefix(n), exportPrefix(n)} {
		if _, err := t.commit(ctx, nil, removePrefix(prefix)); err != nil {
			return err
		}
	}
	_, err = t.commit(ctx, nil, remove(headKey(n)), remove(tailKey(n)))
	return err
}
