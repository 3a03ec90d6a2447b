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
	m, err := r.restoredMark(ctx)
	if m == nil || err != nil {
		return time.Time{}, false, err
	}
	return m.Taken, true, nil
}

// restoredMark is what the backup says of itself; nil if the record is none.
func (r *Reader) restoredMark(ctx context.Context) (*copyMark, error) {
	m := &copyMark{}
	if rev, err := r.readJSON(ctx, copyKey, m); err != nil || rev == 0 {
		return nil, err
	}
	return m, nil
}

// Suspect says that the record is an older one that was put back: it is as it was at a
// moment, which is given by Okta's clock too, and was used until a later one at least. It
// counts as restored: see [Term.Restored].
func (t *Term) Suspect(ctx context.Context, taken, okta, until time.Time) error {
	mark, err := json.Marshal(copyMark{Taken: taken.UTC(), Okta: okta.UTC(), Until: until.UTC()})
	if err != nil {
		return err
	}
	if _, err := t.commit(ctx, nil, kv.Put(copyKey, mark)); err != nil {
		return fmt.Errorf("mark the record as put back: %w", err)
	}
	return nil
}

// Restoration is what was done with a restored record.
type Restoration struct {
	Taken    time.Time // when the backup was made
	Requests int       // that were open then, and are so here
	Dropped  int       // envelopes that waited then, and were served since

	slackTime time.Time
	oktaTime  time.Time // when the backup was made, by Okta's clock; zero: not known
	until     time.Time // the record was used at least until then; zero: until it was opened
}

// Restored makes a restored backup into the record, and does nothing to a record that is
// none. Each open request gets the time of the backup, from which on its runner
// has to find out what was sent, and its messages are drawn again. Envelopes that waited are dropped, channels count as
// read until now, which is given by Slack's clock, and the numbers of requests made since are left out. Interrupted,
// it is done again.
func (t *Term) Restored(ctx context.Context, slackTime time.Time) (*Restoration, error) {
	mark, err := t.restoredMark(ctx)
	if mark == nil || err != nil {
		return nil, err
	}
	done := &Restoration{Taken: mark.Taken, slackTime: slackTime, oktaTime: mark.Okta, until: mark.Until}
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
		if _, err := t.Update(ctx, head.ID, cause, false, func(r *reset.Request) ([]reset.Fact, error) {
			return []reset.Fact{r.Restore(done.Taken, done.oktaTime, t.now())}, nil
		}); err != nil {
			return err
		}
		if err := t.redraw(ctx, head.ID); err != nil {
			return err
		}
		done.Requests++
	}
	return nil
}

// redraw forgets what the request's messages show: they were edited since the backup,
// and the buttons that somebody needs now may have gone from them.
func (t *Term) redraw(ctx context.Context, id reset.ID) error {
	all, err := t.Messages(ctx, id)
	if err != nil {
		return err
	}
	var edited []reset.Message
	for _, m := range all {
		if m.TS != "" && m.File == "" && m.Slot.Edited() {
			m.Shown = ""
			edited = append(edited, m)
		}
	}
	if len(edited) == 0 {
		return nil
	}
	return t.SaveMessages(ctx, id, edited...)
}

func (t *Term) dropInbox(ctx context.Context, done *Restoration) error {
	for e, err := range t.Pending(ctx) {
		if err != nil {
			return err
		}
		if !done.until.IsZero() && e.At.After(done.until) { // recorded after it was put back
			continue
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
func (t *Term) skipHistory(ctx context.Context, done *Restoration) error {
	now := done.slackTime.Add(readAgain)
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
