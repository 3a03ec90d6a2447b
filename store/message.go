package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"factorbot/bot/reset"
)

// SaveMessages records the references of a request's messages; the last one of a slot counts.
func (t *Term) SaveMessages(ctx context.Context, id reset.ID, messages ...reset.Message) error {
	last := map[reset.Slot]int{}
	for i, m := range messages {
		last[m.Slot] = i
	}
	out := batch{t: t}
	for i, m := range messages {
		if last[m.Slot] != i {
			continue
		}
		b, err := json.Marshal(m)
		if err == nil {
			err = out.add(ctx, put(messagesPrefix(id.Number())+string(m.Slot), b))
		}
		if err != nil {
			return fmt.Errorf("save messages of %s: %w", id, err)
		}
	}
	if err := out.flush(ctx); err != nil {
		return fmt.Errorf("save messages of %s: %w", id, err)
	}
	return nil
}

// Messages returns the references of a request's messages, in the order of their slots' names.
func (r *Reader) Messages(ctx context.Context, id reset.ID) ([]reset.Message, error) {
	var messages []reset.Message
	for p, err := range scan(ctx, r.engine, messagesPrefix(id.Number()), 100) {
		var m reset.Message
		if err == nil {
			err = json.Unmarshal(p.value, &m)
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
	err := again(ctx, func() error {
		p, err := get(ctx, t.engine, key)
		if err != nil || !laterTS(ts, string(p.value)) {
			return err
		}
		_, err = t.commit(ctx, []cond{{key, p.rev}}, put(key, []byte(ts)))
		return err
	})
	if err != nil {
		return fmt.Errorf("remember the last event of %s: %w", channel, err)
	}
	return nil
}

// LastSeen returns the timestamp of the last event seen in a channel, "" if there was none.
func (r *Reader) LastSeen(ctx context.Context, channel reset.Channel) (string, error) {
	p, err := get(ctx, r.engine, seenPrefix+string(channel))
	if err != nil {
		return "", fmt.Errorf("read the last event of %s: %w", channel, err)
	}
	return string(p.value), nil
}

// laterTS compares Slack's timestamps, "1700000000.000100": the fraction has a
// fixed width, so the longer one is later, then the greater one.
func laterTS(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return strings.Compare(a, b) > 0
}
