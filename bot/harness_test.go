package bot_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/listener"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/slacksim"
	"factorbot/bot/view"
)

// deskInMemory judges by a few rules of its own and writes to memory.
type deskInMemory struct {
	*memory
	mu    sync.Mutex
	ops   []string  // of the intents that were served
	at    time.Time // when the last of them was asked for
	asked []desk.HistoryQuery
}

func (d *deskInMemory) note(in desk.Intent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops, d.at = append(d.ops, in.Op), in.Asked
}

func (d *deskInMemory) MayAsk(_ context.Context, in desk.Intent, reason string) error {
	switch {
	case in.By == "U_GUEST":
		return &desk.Refusal{Code: "guest", Words: "Only full members may do this, Guests can't do this."}
	case in.Channel != "C_FACTORS":
		return &desk.Refusal{Code: "wrong_channel", Words: "Resets can't be requested here."}
	case reason == "":
		return &desk.Refusal{Code: "no_reason", Words: "Add a reason."}
	case reason == "short":
		return &desk.Refusal{Code: "reason_pattern", Words: "The reason must name a ticket."}
	}
	return nil
}

// Doubt asks wherever the reader cannot rule out that another column leads to other users.
func (d *deskInMemory) Doubt(_ context.Context, ros *roster.Roster) (*roster.Question, error) {
	if ros.Ask == nil && len(ros.Doubts) > 0 {
		return &roster.Question{Words: "Another column names users.", Columns: ros.Choices}, nil
	}
	return ros.Ask, nil
}

func (d *deskInMemory) Open(ctx context.Context, in desk.Intent, ask desk.OpenAsk) (*reset.Request, error) {
	d.note(in)
	if err := d.MayAsk(ctx, in, ask.Reason); err != nil {
		return nil, err
	}
	a := reset.Ask{By: in.By, Channel: in.Channel, At: time.Now(), Reason: ask.Reason, Source: ask.Source, Options: ask.Options}
	if ask.Refusal != nil {
		r, _ := reset.OpenRejected("https://example.okta.com", a, ask.Refusal.Code, ask.Refusal.Words)
		return d.create(in.Op, r), nil
	}
	r, _ := reset.Open("https://example.okta.com", a, len(ask.Roster.Rows))
	return d.create(in.Op, r), nil
}

func (d *deskInMemory) OpenCommand(ctx context.Context, in desk.Intent, c roster.Command) (*reset.Request, error) {
	d.note(in)
	if c.Reason == "explode" {
		panic("on purpose")
	}
	if err := d.MayAsk(ctx, in, c.Reason); err != nil {
		return nil, err
	}
	r, _ := reset.Open("https://example.okta.com", reset.Ask{By: in.By, Channel: in.Channel, At: time.Now(), Reason: c.Reason}, len(c.Users))
	return d.create(in.Op, r), nil
}

func (d *deskInMemory) Status(ctx context.Context, in desk.Intent) ([]*reset.Request, error) {
	if in.Request != "" {
		r, err := d.Get(ctx, in.Request)
		if err != nil {
			return nil, err
		}
		return []*reset.Request{r}, nil
	}
	return nil, nil
}

// Became finds the user in the plans in memory.
func (d *deskInMemory) Became(ctx context.Context, _ desk.Intent, u roster.UserRef) (all []reset.UserResult, more bool, err error) {
	for _, id := range []reset.ID{"FR-2", "FR-1"} {
		r, err := d.Get(ctx, id)
		if err != nil {
			continue
		}
		for t, err := range d.Targets(ctx, id, r.Plan.Revision, 1) {
			if err != nil {
				return nil, false, err
			}
			if t.Login == u.Value {
				all = append(all, reset.UserResult{Request: r, Target: t})
			}
		}
	}
	return all, false, nil
}

func (d *deskInMemory) Approve(_ context.Context, in desk.Intent) (*reset.Request, error) {
	d.note(in)
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: in.By, Digest: in.Digest}, in.Confirmed, time.Now())
	})
}

func (d *deskInMemory) MayDecide(ctx context.Context, in desk.Intent) (*reset.Request, error) {
	r, err := d.Get(ctx, in.Request)
	switch {
	case err != nil:
		return nil, err
	case r.State != reset.Pending:
		return r, &reset.TransitionError{ID: r.ID, Move: reset.MoveDeny, Found: r.State, By: r.MovedBy}
	case in.Digest.Short() != r.Plan.Digest.Short():
		return r, reset.ErrOtherPlan
	case in.By == r.Asked.By:
		return r, reset.ErrOwnRequest
	}
	return r, nil
}

func (d *deskInMemory) Deny(_ context.Context, in desk.Intent) (*reset.Request, error) {
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) { return r.Deny(in.By, in.Digest, in.Why, time.Now()) })
}

func (d *deskInMemory) Cancel(_ context.Context, in desk.Intent) (*reset.Request, error) {
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) { return r.Cancel(in.By, time.Now()) })
}

func (d *deskInMemory) Pause(_ context.Context, in desk.Intent) (*reset.Request, error) {
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseApprover, in.By, "", time.Now())
	})
}

func (d *deskInMemory) Resume(_ context.Context, in desk.Intent) (*reset.Request, error) {
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) { return r.Resume(in.By, true, time.Now()) })
}

func (d *deskInMemory) TakeOut(_ context.Context, in desk.Intent) (*reset.Request, error) {
	d.note(in)
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) { return r.TakeOut(in.By, in.Digest, in.Rows, time.Now()) })
}

func (d *deskInMemory) Report(_ context.Context, in desk.Intent) (*reset.Request, bool, error) {
	paused := false
	r, err := d.change(in.Request, func(r *reset.Request) (f reset.Fact, err error) {
		facts, stopped, err := r.Report(reset.Report{Row: in.Row, By: in.By, At: time.Now()})
		if paused = stopped; err != nil {
			return reset.Fact{}, err
		}
		return facts[0], nil
	})
	return r, paused, err
}

func (d *deskInMemory) Retry(_ context.Context, in desk.Intent) (*reset.Request, error) {
	d.note(in)
	r, _ := reset.Open("https://example.okta.com", reset.Ask{By: in.By, Channel: in.Channel, At: time.Now(), Again: in.Request}, 1)
	return d.create(in.Op, r), nil
}

func (d *deskInMemory) History(_ context.Context, in desk.Intent, q desk.HistoryQuery) ([]*reset.Request, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, q)
	return nil, false, nil
}

func (d *deskInMemory) WhoAmI(_ context.Context, in desk.Intent) (reset.Standing, error) {
	return reset.Standing{Requester: true, Channels: []reset.Channel{"C_FACTORS"}}, nil
}

func (d *deskInMemory) Freeze(_ context.Context, in desk.Intent) (reset.Freeze, error) {
	if in.By != "U_APPROVER1" {
		return reset.Freeze{}, &desk.Refusal{Code: "not_an_approver", Words: "Only approvers may freeze."}
	}
	return reset.Freeze{By: in.By, At: time.Now(), Why: in.Why}, nil
}

func (d *deskInMemory) Thaw(_ context.Context, in desk.Intent) (reset.Freeze, bool, error) {
	return reset.Freeze{}, false, desk.ErrNotFrozen
}

// world is a workspace, a bot in it, and the memory between them.
type world struct {
	testing.TB
	*memory
	slack  *slacksim.Workspace
	desk   *deskInMemory
	url    string
	logged *syncBuffer
	schema *schemaInMemory
	stop   func()

	approvers *listedApprovers // nil: nobody is asked
	exports   *keptExport
	now       func() time.Time                           // of the Announcer
	transport http.RoundTripper                          // nil: the default one
	with      func(*listener.Listener, *handler.Handler) // changes them before they run; nil: does not
	announces func(*announcer.Announcer)

	pressed int // clicks that were made up
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newWorld serves a workspace; the bot is not started.
func newWorld(tb testing.TB) *world {
	tb.Helper()
	ws, err := slacksim.New(slacksim.Options{Retries: []time.Duration{100 * time.Millisecond, time.Second}})
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(ws)
	ws.SetURL(server.URL)
	m := newMemory()
	w := &world{TB: tb, memory: m, slack: ws, desk: &deskInMemory{memory: m}, url: server.URL + "/api/", logged: &syncBuffer{}, schema: &schemaInMemory{}, stop: func() {}, now: time.Now}
	tb.Cleanup(func() {
		w.stop()
		ws.Close()
		server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		for _, secret := range []string{"xoxb-sandbox", "xapp-sandbox"} {
			if strings.Contains(w.logged.String(), secret) {
				tb.Errorf("the log has %s", secret)
			}
		}
		if tb.Failed() {
			tb.Log(w.logged.String())
		}
	})
	return w
}

// start runs Listener and Announcer; stop ends them and waits.
func (w *world) start() *world {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	log := slog.New(slog.NewJSONHandler(w.logged, nil))
	client := slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, w.transport)
	channels := func() []reset.Channel { return []reset.Channel{"C_FACTORS"} }
	h := &handler.Handler{
		Slack: client, APIURL: w.url, Inbox: w.memory, Values: w.memory, Desk: w.desk, Requests: w.memory, Schema: w.schema,
		Channels: channels, Limits: func() roster.Limits { return roster.Limits{Users: 1000} }, Log: log, Now: time.Now,
		Deciders: func() view.Helpers { return view.Helpers{} },
	}
	l := &listener.Listener{
		Slack: client, Inbox: w.memory, ReadPositions: w.memory, Handler: h, Channels: channels, Log: log, Now: time.Now,
		Opened: func(reset.Person, string) {}, Socket: func(int, bool) {},
	}
	a := &announcer.Announcer{Slack: client, Record: w.memory, Log: log, Now: w.now, ShareTime: 500 * time.Millisecond}
	l.Deleted = a.Deleted
	if w.with != nil {
		w.with(l, h)
	}
	if w.announces != nil {
		w.announces(a)
	}
	if w.approvers != nil {
		a.Approvers = w.approvers
	}
	if w.exports != nil {
		a.Exports = w.exports
	}
	listen, serve := l.Halves()
	for name, run := range map[string]func(context.Context) error{"listener": listen, "inbox": serve, "announcer": a.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				w.Errorf("%s: %v", name, err)
			}
		})
	}
	w.stop = func() {
		cancel()
		wg.Wait()
		w.stop = func() {}
	}
	w.until("the announcer to watch", func() bool { // or a request may settle before
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.moved) > 0
	})
	return w
}

// until waits for something to become true.
func (w *world) until(what string, ok func() bool) {
	w.Helper()
	deadline := time.After(5 * time.Minute) // it ends a test that hangs
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			w.Fatalf("never: %s\n%s", what, w.transcript())
		case <-tick.C:
		}
	}
}

func (w *world) listens() *world {
	w.Helper()
	w.until("two sockets", func() bool { return w.slack.Sockets() == 2 })
	w.until("a mark in the channel", func() bool { s, _ := w.LastSeen(context.Background(), "C_FACTORS"); return s != "" })
	return w
}

// postedOnce fails for a message with metadata that the app has posted again.
func (w *world) postedOnce() {
	w.Helper()
	times := map[string]int{}
	for _, p := range w.slack.Books().Posts {
		if p.Metadata == nil {
			continue
		}
		key := fmt.Sprint(p.Metadata.EventType, p.Metadata.EventPayload)
		if times[key]++; times[key] > 1 {
			w.Errorf("posted %d times: %s", times[key], key)
		}
	}
}

func (w *world) set(values string) {
	w.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(values), &m); err != nil {
		w.Fatal(err)
	}
	if err := w.slack.Set(m); err != nil {
		w.Fatal(err)
	}
}

func (w *world) see(user string) []*slacksim.Message {
	w.Helper()
	all, err := w.slack.Messages("C_FACTORS", user)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// said is everything that a message shows, as JSON.
func said(m *slacksim.Message) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]any{"text": m.Text, "blocks": m.Blocks, "files": m.Files})
	return b.String()
}

// of returns the message of a request in a slot, as Slack has it.
func (w *world) of(id reset.ID, s reset.Slot) *slacksim.Message {
	ts := w.message(id, s).TS
	for _, m := range w.see("U_APPROVER1") {
		if m.TS == ts && ts != "" {
			return m
		}
	}
	return nil
}

// shows reports whether the slot's message says all of that.
func (w *world) shows(id reset.ID, s reset.Slot, words ...string) func() bool {
	return func() bool {
		m := w.of(id, s)
		return m != nil && !slices.ContainsFunc(words, func(x string) bool { return !strings.Contains(said(m), x) })
	}
}

// told reports whether a person has an ephemeral message that says that.
func (w *world) told(user, words string) func() bool {
	return func() bool {
		return slices.ContainsFunc(w.see(user), func(m *slacksim.Message) bool {
			return m.Ephemeral && strings.Contains(said(m), words)
		})
	}
}

func (w *world) transcript() string {
	var b strings.Builder
	for _, u := range []string{"U_REQUESTER", "U_APPROVER1"} {
		for _, m := range w.see(u) {
			fmt.Fprintf(&b, "%s %s thread=%s eph=%v %.300s\n", u, m.TS, m.ThreadTS, m.Ephemeral, said(m))
		}
	}
	fmt.Fprintf(&b, "inbox: %d\n", w.pending())
	return b.String()
}

// plan freezes a plan in the place of the runner: of n users one is skipped.
func (w *world) plan(id reset.ID, n int) {
	w.Helper()
	var targets []reset.Target
	for i := range n {
		targets = append(targets, reset.Target{
			Row: i + 1, Input: fmt.Sprintf("u%d@example.com", i), User: reset.UserID(fmt.Sprintf("00u%017d", i)),
			Login: fmt.Sprintf("u%d@example.com", i), Status: "ACTIVE", Action: reset.ActionReset,
		})
	}
	targets[n-1].Action, targets[n-1].Reason, targets[n-1].User = reset.ActionSkip, reset.NotFound, ""
	w.mu.Lock()
	w.targets[id] = targets
	w.mu.Unlock()
	sum := sha256.New()
	if err := roster.WritePlan(sum, w.Targets(context.Background(), id, 1, 0)); err != nil {
		w.Fatal(err)
	}
	file := reset.Digest(hex.EncodeToString(sum.Sum(nil)))
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		d, err := reset.DigestPlan(r.Org, r.ID, 1, r.Asked.Options, file)
		if err != nil {
			return reset.Fact{}, err
		}
		now := time.Now()
		return r.FreezePlan(reset.Plan{
			Revision: 1, FileSHA: file, Digest: d, FrozenAt: now, Targets: n, Resets: n - 1, Skips: map[reset.Reason]int{reset.NotFound: 1},
		}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, now.Add(time.Hour), now)
	})
}

func (w *world) must(id reset.ID, move func(*reset.Request) (reset.Fact, error)) {
	w.Helper()
	if _, err := w.change(id, move); err != nil {
		w.Fatal(err)
	}
}

// reset writes outcomes for some rows.
func (w *world) reset(id reset.ID, from, to int) {
	for row := from; row <= to; row++ {
		s := &reset.Step{Row: row, User: reset.UserID(fmt.Sprintf("00u%017d", row-1)), Kind: reset.StepReset}
		w.append(id, reset.Entry{Kind: reset.EntryStarted, At: time.Now(), Step: s},
			reset.Entry{Kind: reset.EntryOutcome, At: time.Now(), Step: s, Outcome: reset.OutcomeReset, Proof: reset.ProofLog})
	}
}

// finish ends a run of n rows in which all but the last were reset.
func (w *world) finish(id reset.ID, n int) {
	w.Helper()
	w.must(id, func(r *reset.Request) (reset.Fact, error) { return r.Verify(time.Now()) })
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		return r.Finish(reset.Totals{
			ByOutcome: map[reset.Outcome]int{reset.OutcomeReset: n - 1, reset.OutcomeSkipped: 1},
			ByReason:  map[reset.Reason]int{reset.NotFound: 1}, Proofs: map[reset.Proof]int{reset.ProofLog: n - 1},
		}, time.Now())
	})
}

func (w *world) upload(user, comment, name, content string) string {
	w.Helper()
	ts, err := w.slack.Upload(slacksim.Upload{
		User: user, Channel: "C_FACTORS", Comment: comment, Files: []slacksim.UploadedFile{{Name: name, Content: []byte(content)}},
	})
	if err != nil {
		w.Fatal(err)
	}
	return ts
}

func (w *world) click(user, ts, action string) slacksim.Result {
	w.Helper()
	res, err := w.slack.Click(context.Background(), slacksim.Click{User: user, Channel: "C_FACTORS", Message: ts, ActionID: action})
	if err != nil {
		w.Fatal(err)
	}
	return res
}

func (w *world) complete(id reset.ID) func() bool {
	return func() bool { return w.message(id, announcer.SlotComplete).Shown != "" }
}

func (w *world) hasLog(words string) bool { return strings.Contains(w.logged.String(), words) }

// touch makes the Announcer look at a request that has not changed.
func (w *world) touch(id reset.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell(id)
}

// exporting brings an export to its end; its file is said to have this text.
func (w *world) exporting(id reset.ID, text string) {
	w.Helper()
	r, _ := reset.Open("https://example.okta.com", reset.Ask{
		Kind: reset.KindExport, By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "review", Source: reset.Source{Search: "x pr"},
	}, 0)
	w.create("export", r)
	now := time.Now()
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		d, err := reset.DigestPlan(r.Org, r.ID, 1, r.Asked.Options, "")
		if err != nil {
			return reset.Fact{}, err
		}
		return r.FreezePlan(reset.Plan{Revision: 1, Digest: d, FrozenAt: now, Targets: 1}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, now.Add(time.Hour), now)
	})
	w.approveAndRun(id)
	sum := sha256.Sum256([]byte(text))
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		facts, err := r.Exported(reset.Export{Users: 1, Bytes: int64(len(text)), SHA256: reset.Digest(hex.EncodeToString(sum[:])), Columns: []string{"id", "login"}}, time.Now())
		if err != nil {
			return reset.Fact{}, err
		}
		return facts[0], nil
	})
	w.must(id, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, time.Now()) })
}
