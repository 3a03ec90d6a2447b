package bot_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"factorbot/bot/listener"
	"factorbot/bot/reset"
)

// memory is a record in memory: the parts that this package calls, and what tests do in the place of desk and runner.
type memory struct {
	mu       sync.Mutex
	heads    map[reset.ID]reset.Request
	byOp     map[string]reset.ID
	logs     map[reset.ID][]reset.Entry
	targets  map[reset.ID][]reset.Target
	messages map[reset.ID]map[reset.Slot]reset.Message
	seen     map[reset.Channel]string
	kept     map[string][]byte
	inbox    []listener.Envelope
	keys     map[string]bool
	broken   error                  // what Receive answers
	moved    map[chan reset.ID]bool // watchers
	arrived  map[chan struct{}]bool // workers
	saves    map[reset.ID]map[reset.Slot][]reset.Message
}

func newMemory() *memory {
	return &memory{
		heads: map[reset.ID]reset.Request{}, byOp: map[string]reset.ID{}, logs: map[reset.ID][]reset.Entry{},
		targets: map[reset.ID][]reset.Target{}, messages: map[reset.ID]map[reset.Slot]reset.Message{},
		seen: map[reset.Channel]string{}, keys: map[string]bool{}, moved: map[chan reset.ID]bool{}, arrived: map[chan struct{}]bool{},
		saves: map[reset.ID]map[reset.Slot][]reset.Message{},
	}
}

func (m *memory) PutValue(_ context.Context, name string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	m.kept[name] = slices.Clone(value)
	return nil
}

func (m *memory) Value(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept[name]), nil
}

func (m *memory) Receive(_ context.Context, key string, body []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return false, m.broken
	}
	if m.keys[key] {
		return false, nil
	}
	m.keys[key] = true
	m.inbox = append(m.inbox, listener.Envelope{Key: key, Body: body, At: time.Now()})
	for c := range m.arrived {
		nudge(c)
	}
	return true, nil
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (m *memory) Arrivals(ctx context.Context) iter.Seq2[listener.Envelope, error] {
	return func(yield func(listener.Envelope, error) bool) {
		c := make(chan struct{}, 1)
		nudge(c)
		m.mu.Lock()
		m.arrived[c] = true
		m.mu.Unlock()
		defer func() { m.mu.Lock(); delete(m.arrived, c); m.mu.Unlock() }()
		given := map[string]bool{}
		for {
			select {
			case <-ctx.Done():
				yield(listener.Envelope{}, ctx.Err())
				return
			case <-c:
			}
			m.mu.Lock()
			pending := slices.Clone(m.inbox)
			m.mu.Unlock()
			for _, e := range pending {
				if !given[e.Key] && !yield(e, nil) {
					return
				}
				given[e.Key] = true
			}
		}
	}
}

func (m *memory) Finish(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inbox = slices.DeleteFunc(m.inbox, func(e listener.Envelope) bool { return e.Key == key })
	return nil
}

func (m *memory) Seen(_ context.Context, c reset.Channel, ts string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[c] = max(m.seen[c], ts)
	return nil
}

func (m *memory) LastSeen(_ context.Context, c reset.Channel) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[c], nil
}

func (m *memory) Watch(ctx context.Context) iter.Seq2[reset.ID, error] {
	return func(yield func(reset.ID, error) bool) {
		c := make(chan reset.ID, 100)
		m.mu.Lock()
		m.moved[c] = true
		var open []reset.ID
		for id, r := range m.heads {
			if !r.State.Settled() {
				open = append(open, id)
			}
		}
		m.mu.Unlock()
		defer func() { m.mu.Lock(); delete(m.moved, c); m.mu.Unlock() }()
		for _, id := range open {
			if !yield(id, nil) {
				return
			}
		}
		for {
			select {
			case <-ctx.Done():
				yield("", ctx.Err())
				return
			case id := <-c:
				if !yield(id, nil) {
					return
				}
			}
		}
	}
}

func (m *memory) tell(id reset.ID) {
	for c := range m.moved {
		select {
		case c <- id:
		default:
		}
	}
}

func (m *memory) Get(_ context.Context, id reset.ID) (*reset.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.heads[id]
	if !ok {
		return nil, reset.ErrNotFound
	}
	return &r, nil
}

func (m *memory) Log(_ context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error] {
	return func(yield func(reset.Entry, error) bool) {
		m.mu.Lock()
		all := slices.Clone(m.logs[id])
		m.mu.Unlock()
		for _, e := range all {
			if e.Seq >= from && !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) Targets(_ context.Context, id reset.ID, _, fromRow int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		m.mu.Lock()
		all := m.targets[id]
		m.mu.Unlock()
		for _, t := range all {
			if t.Row >= fromRow && !yield(t, nil) {
				return
			}
		}
	}
}

func (m *memory) Messages(_ context.Context, id reset.ID) ([]reset.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.messages[id])), nil
}

func (m *memory) SaveMessages(_ context.Context, id reset.ID, all ...reset.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.messages[id] == nil {
		m.messages[id], m.saves[id] = map[reset.Slot]reset.Message{}, map[reset.Slot][]reset.Message{}
	}
	for _, x := range all {
		m.messages[id][x.Slot] = x
		m.saves[id][x.Slot] = append(m.saves[id][x.Slot], x)
	}
	return nil
}

func (m *memory) Settled(_ context.Context, _ time.Time) iter.Seq2[reset.ID, error] {
	return func(yield func(reset.ID, error) bool) {
		m.mu.Lock()
		var all []reset.ID
		for id, r := range m.heads {
			if r.State.Settled() {
				all = append(all, id)
			}
		}
		m.mu.Unlock()
		for _, id := range all {
			if !yield(id, nil) {
				return
			}
		}
	}
}

// create records a request once for each op.
func (m *memory) create(op string, r *reset.Request) *reset.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id, ok := m.byOp[op]; ok {
		old := m.heads[id]
		return &old
	}
	r.ID = reset.NewID(len(m.heads) + 1)
	m.byOp[op], m.heads[r.ID] = r.ID, *r
	m.tell(r.ID)
	return r
}

// change makes a move of a request.
func (m *memory) change(id reset.ID, move func(*reset.Request) (reset.Fact, error)) (*reset.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.heads[id]
	if !ok {
		return nil, reset.ErrNotFound
	}
	r.Approved = slices.Clone(r.Approved)
	f, err := move(&r)
	if err != nil {
		return nil, fmt.Errorf("update %s: %w", id, err)
	}
	m.heads[id] = r
	m.logs[id] = append(m.logs[id], reset.Entry{Seq: int64(len(m.logs[id]) + 1), Kind: reset.EntryFact, At: f.At, Fact: &f})
	m.tell(id)
	return &r, nil
}

// append adds outcomes to a request's log.
func (m *memory) append(id reset.ID, entries ...reset.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range entries {
		e.Seq = int64(len(m.logs[id]) + 1)
		m.logs[id] = append(m.logs[id], e)
	}
	m.tell(id)
}

func (m *memory) pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.inbox)
}

func (m *memory) message(id reset.ID, s reset.Slot) reset.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.messages[id][s]
}

func (m *memory) requests() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.heads)
}
