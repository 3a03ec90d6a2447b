package metrics

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"factorbot/bot/reset"
	"factorbot/store"
)

// Record are what of the record is counted.
type Record interface {
	Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error] // newest first
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
	Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error]
	Pending(ctx context.Context) iter.Seq2[store.Envelope, error]
}

const (
	// countingTime bounds one look at the record.
	countingTime = 10 * time.Second
	// recountEvery is when requests that were swept out of the record stop counting.
	recountEvery = 24 * time.Hour
)

// recordMeter counts the requests and their targets when it is asked. It
// remembers what it saw: settled requests are not read again, and of the
// others only the new part of the log is.
type recordMeter struct {
	books   Record
	size    func() (store.Stats, error)
	waiting func() int // requests with something that Slack does not show
	log     *slog.Logger

	requests, targets, doubt, behind, inbox, bytes, free, failures *prometheus.Desc

	mu       sync.Mutex
	primed   bool      // what was there at the start has been taken down
	counted  time.Time // of the last full count, zero: one is due
	newest   int       // number of the newest request seen
	settled  map[reset.State]int
	open     map[reset.ID]*openRequest
	outcomes map[reset.Outcome]int // since the program started
	failed   int
}

// openRequest is what is known of a request that is not settled.
type openRequest struct {
	state   reset.State
	count   reset.Counter
	told    map[reset.Outcome]int // how many of its targets are counted
	doubted map[int]bool          // rows that are in doubt
}

func NewRecordMeter(b Record, size func() (store.Stats, error), waiting func() int, log *slog.Logger) *recordMeter {
	return &recordMeter{
		books: b, size: size, waiting: waiting, log: log,
		requests: describe("requests", "Requests in the record, by state.", "state"),
		targets:  describe("targets_total", "Targets that got their outcome since the program started. One whose reset did not take, and then failed, counts in both.", "outcome"),
		doubt:    describe("targets_in_doubt", "Targets of open requests whose last call may or may not have taken effect."),
		behind:   describe("messages_waiting", "Requests with something that Slack does not show yet."),
		inbox:    describe("inbox_waiting", "Envelopes of Slack's that are recorded and not finished."),
		bytes:    describe("store_bytes", "Size of the database file."),
		free:     describe("store_free_bytes", "Bytes of the database file that are free for reuse."),
		failures: describe("store_count_failures_total", "Times that the record could not be counted."),
		settled:  map[reset.State]int{}, open: map[reset.ID]*openRequest{}, outcomes: map[reset.Outcome]int{},
	}
}

// Run takes down how the record stands at the start, so that only what comes
// after is counted, and waits for the end.
func (m *recordMeter) Run(ctx context.Context) error {
	m.look(ctx, time.Now())
	<-ctx.Done()
	return nil
}

// Describe implements prometheus.Collector.
func (m *recordMeter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.requests, m.targets, m.doubt, m.behind, m.inbox, m.bytes, m.free, m.failures} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *recordMeter) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countingTime)
	defer cancel()
	m.look(ctx, time.Now())
	m.mu.Lock()
	defer m.mu.Unlock()
	states := map[reset.State]int{}
	for _, s := range reset.States() {
		states[s] = m.settled[s]
	}
	doubts := 0
	for _, r := range m.open {
		states[r.state]++
		doubts += len(r.doubted)
	}
	for s, n := range states {
		ch <- gauge(m.requests, float64(n), string(s))
	}
	for _, o := range reset.Outcomes() {
		ch <- counter(m.targets, float64(m.outcomes[o]), string(o))
	}
	ch <- gauge(m.doubt, float64(doubts))
	ch <- gauge(m.behind, float64(m.waiting()))
	ch <- counter(m.failures, float64(m.failed))
	m.collectPlace(ctx, ch)
}

func (m *recordMeter) collectPlace(ctx context.Context, ch chan<- prometheus.Metric) {
	if s, err := m.size(); err == nil {
		ch <- gauge(m.bytes, float64(s.Bytes))
		ch <- gauge(m.free, float64(s.Free))
	}
	n := 0
	for _, err := range m.books.Pending(ctx) {
		if err != nil {
			return
		}
		n++
	}
	ch <- gauge(m.inbox, float64(n))
}

// look brings the counts up to date.
func (m *recordMeter) look(ctx context.Context, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.update(ctx, now); err != nil && ctx.Err() == nil {
		m.failed++
		m.log.Error("the requests cannot be counted", "err", err)
	}
}

func (m *recordMeter) update(ctx context.Context, now time.Time) error {
	for id, r := range m.open {
		if err := m.follow(ctx, id, r); err != nil {
			return err
		}
	}
	floor, newest := m.newest, m.newest
	if m.counted.IsZero() || now.Sub(m.counted) >= recountEvery {
		floor, m.settled, m.counted = 0, map[reset.State]int{}, time.Time{}
	}
	for q, err := range m.books.Requests(ctx, reset.Query{}) {
		if err != nil {
			return err
		}
		n := q.ID.Number()
		if n <= floor {
			break
		}
		newest = max(newest, n)
		if err := m.meet(ctx, q, !m.primed || n <= m.newest); err != nil {
			return err
		}
	}
	m.newest, m.primed = newest, true
	if floor == 0 {
		m.counted = now
	}
	return nil
}

// meet takes in a request that comes up in a listing. Of one that was there
// before, what has happened so far is not counted.
func (m *recordMeter) meet(ctx context.Context, q *reset.Request, old bool) error {
	if m.open[q.ID] != nil {
		return nil
	}
	r := &openRequest{state: q.State, told: map[reset.Outcome]int{}, doubted: map[int]bool{}}
	switch {
	case old && q.State.Settled():
		m.settled[q.State]++
		return nil
	case old:
		if err := r.fold(ctx, m.books, q.ID); err != nil {
			return err
		}
		for _, o := range reset.Outcomes() {
			r.told[o] = r.count.Count(o)
		}
	}
	m.open[q.ID] = r
	return m.follow(ctx, q.ID, r)
}

// follow takes in what is new of an open request.
func (m *recordMeter) follow(ctx context.Context, id reset.ID, r *openRequest) error {
	q, err := m.books.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := r.fold(ctx, m.books, id); err != nil {
		return err
	}
	r.state = q.State
	for _, o := range reset.Outcomes() {
		n := r.count.Count(o)
		if q.Totals != nil {
			n = q.Totals.ByOutcome[o]
		}
		m.outcomes[o] += max(n-r.told[o], 0)
		r.told[o] = max(n, r.told[o])
	}
	if q.State.Settled() {
		m.settled[q.State]++
		delete(m.open, id)
	}
	return nil
}

// fold reads what the log has since the last time.
func (r *openRequest) fold(ctx context.Context, b Record, id reset.ID) error {
	for e, err := range b.Log(ctx, id, r.count.LastSeq()+1) {
		if err != nil {
			return fmt.Errorf("read the log of %s: %w", id, err)
		}
		r.count.Apply(e)
		switch {
		case e.Step == nil:
		case e.Kind == reset.EntryDoubt:
			r.doubted[e.Step.Row] = true
		case e.Kind == reset.EntryOutcome || e.Kind == reset.EntryStepped:
			delete(r.doubted, e.Step.Row)
		}
	}
	return nil
}
