package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// SaveMessages records the references of a request's messages; the last one of a slot
// counts. That one was posted, or its file shared, is a fact. Of a request that retention
// has removed nothing is recorded: nobody will look for its messages.
func (t *Term) SaveMessages(ctx context.Context, id reset.ID, messages ...reset.Message) error {
	last := map[reset.Slot]int{}
	for i, m := range messages {
		last[m.Slot] = i
	}
	var kept []reset.Message
	for i, m := range messages {
		if last[m.Slot] == i {
			kept = append(kept, m)
		}
	}
	for some := range slices.Chunk(kept, kv.MaxOps/2) {
		if err := t.saveMessages(ctx, id.Number(), some); err != nil {
			return fmt.Errorf("save messages of %s: %w", id, err)
		}
	}
	return nil
}

func (t *Term) saveMessages(ctx context.Context, n int, messages []reset.Message) error {
	return t.inTurn(ctx, func() error {
		var ops []kv.Op
		var facts []reset.Fact
		for _, m := range messages {
			before, err := t.message(ctx, n, m.Slot)
			if err != nil {
				return err
			}
			if f, news := postedFact(before, m); news {
				facts = append(facts, f)
			}
			b, err := json.Marshal(m)
			if err != nil {
				return err
			}
			ops = append(ops, kv.Put(messagesPrefix(n)+string(m.Slot), b))
		}
		_, err := t.write(ctx, changeSet{n: n, facts: facts, ops: always(ops...)})
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
}

// message returns the reference in a slot, an empty one if there is none.
func (r *Reader) message(ctx context.Context, n int, slot reset.Slot) (m reset.Message, err error) {
	_, err = r.readJSON(ctx, messagesPrefix(n)+string(slot), &m)
	return m, err
}

// postedFact tells that a message was posted, if that was not known before.
func postedFact(before, m reset.Message) (f reset.Fact, news bool) {
	if m.TS == "" || m.TS == before.TS {
		return f, false
	}
	f = reset.Fact{Name: "posted", At: m.At, Detail: map[string]string{"slot": string(m.Slot), "channel": string(m.Channel), "ts": m.TS}}
	if m.File != "" {
		f.Detail["file"] = m.File
	}
	return f, true
}

// Messages returns the references of a request's messages, in the order of their slots' names.
func (r *Reader) Messages(ctx context.Context, id reset.ID) ([]reset.Message, error) {
	var messages []reset.Message
	for p, err := range kv.Scan(ctx, r.engine, messagesPrefix(id.Number()), 100) {
		var m reset.Message
		if err == nil {
			err = json.Unmarshal(p.Value, &m)
		}
		if err != nil {
			return nil, fmt.Errorf("read messages of %s: %w", id, err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// Seen remembers the timestamp of the last event of a channel; an older one changes nothing.
func (t *Term) Seen(ctx context.Context, channel reset.Channel, ts string) error {
	key := seenPrefix + string(channel)
	err := retryOnConflict(ctx, func() error {
		p, err := kv.Get(ctx, t.engine, key)
		if err != nil || !laterTS(ts, string(p.Value)) {
			return err
		}
		_, err = t.commit(ctx, []kv.Cond{{Key: key, Rev: p.Rev}}, kv.Put(key, []byte(ts)))
		return err
	})
	if err != nil {
		return fmt.Errorf("remember the last event of %s: %w", channel, err)
	}
	return nil
}

// LastSeen returns the timestamp of the last event seen in a channel, "" if there was none.
func (r *Reader) LastSeen(ctx context.Context, channel reset.Channel) (string, error) {
	p, err := kv.Get(ctx, r.engine, seenPrefix+string(channel))
	if err != nil {
		return "", fmt.Errorf("read the last event of %s: %w", channel, err)
	}
	return string(p.Value), nil
}

// laterTS compares Slack's timestamps, "1700000000.000100": the fraction has a
// fixed width, so the longer one is later, then the greater one.
func laterTS(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return strings.Compare(a, b) > 0
}
