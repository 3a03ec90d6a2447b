package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// skipped is how many request numbers are left out after a restoration: those given
// since the backup name other requests, in Slack and in the System Log.
const skipped = 1000

// readAgain is how far before the last event seen the history of a channel is read at a start.
const readAgain = 10 * time.Minute

// RestoredFrom returns when the backup was taken that this record is, and false if it is
// none. Calls may have been sent since which the record does not know of.
func (r *Reader) RestoredFrom(ctx context.Context) (taken time.Time, restored bool, err error) {
	p, err := kv.Get(ctx, r.engine, copyKey)
	if err != nil || p.Rev == 0 {
		return time.Time{}, false, err
	}
	var m copyMark
	if err := json.Unmarshal(p.Value, &m); err != nil {
		return time.Time{}, false, fmt.Errorf("read %s: %w", copyKey, err)
	}
	return m.Taken, true, nil
}

// Restoration is what was done with a restored record.
type Restoration struct {
	Taken    time.Time // when the backup was made
	Requests int       // that were open then, and are so here
	Dropped  int       // envelopes that waited then, and were served since
}

// Restored makes a restored backup into the record, and does nothing to a record that is
// none. Each open request gets the time of the backup, from which on its runner
// has to find out what was sent. Envelopes that waited are dropped, channels count as
// read until now, and the numbers of requests made since are left out. Interrupted,
// it is done again.
func (t *Term) Restored(ctx context.Context) (*Restoration, error) {
	taken, restored, err := t.RestoredFrom(ctx)
	if err != nil || !restored {
		return nil, err
	}
	done := &Restoration{Taken: taken}
	for _, part := range []func(context.Context, *Restoration) error{t.restoreRequests, t.dropInbox, t.skipHistory, t.unmark} {
		if err := part(ctx, done); err != nil {
			return nil, fmt.Errorf("take over a backup: %w", err)
		}
	}
	return done, nil
}

func (t *Term) restoreRequests(ctx context.Context, done *Restoration) error {
	for head, err := range t.heads(ctx) {
		if err != nil {
			return err
		}
		if head.State.Settled() {
			continue
		}
		cause := "restore " + done.Taken.Format(time.RFC3339Nano)
		if _, err := t.Update(ctx, head.ID, cause, func(r *reset.Request) ([]reset.Fact, error) {
			return []reset.Fact{r.Restore(done.Taken, t.now())}, nil
		}); err != nil {
			return err
		}
		done.Requests++
	}
	return nil
}

func (t *Term) dropInbox(ctx context.Context, done *Restoration) error {
	for e, err := range t.Pending(ctx) {
		if err != nil {
			return err
		}
		if err := t.Finish(ctx, e.Key); err != nil {
			return err
		}
		done.Dropped++
	}
	return nil
}

// skipHistory counts the channels as read: what was uploaded since the backup was asked
// for and perhaps done, and would be asked for again.
func (t *Term) skipHistory(ctx context.Context, _ *Restoration) error {
	now := t.now().Add(readAgain)
	ts := fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
	for p, err := range kv.Scan(ctx, t.engine, seenPrefix, 100) {
		if err != nil {
			return err
		}
		if err := t.Seen(ctx, reset.Channel(strings.TrimPrefix(p.Key, seenPrefix)), ts); err != nil {
			return err
		}
	}
	return nil
}

// unmark takes the mark away and moves the count on, with the fact that tells of it.
func (t *Term) unmark(ctx context.Context, done *Restoration) error {
	told := reset.Fact{Name: "restored", At: t.now(), Detail: map[string]string{"taken": done.Taken.UTC().Format(time.RFC3339)}}
	return t.inTurn(ctx, func() error {
		p, last, err := t.number(ctx, countKey)
		if err != nil {
			return err
		}
		_, err = t.write(ctx, changeSet{
			conds: []kv.Cond{{Key: countKey, Rev: p.Rev}}, facts: []reset.Fact{told},
			ops: always(numberPut(countKey, last+skipped), kv.Remove(copyKey)),
		})
		return err
	})
}
