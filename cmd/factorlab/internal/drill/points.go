package drill

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"factorbot/bot/reset"
	"factorbot/cmd/internal/app"
	"factorbot/okta"
)

// failpoint is a point at which the bot of a drill can be told to end itself. most
// is at which time it comes by at the latest: one that comes by often is not always
// met at the first.
type failpoint struct {
	name string
	most int
}

// pointsOnTheWay are the points along a request's way, in the order in which they come by.
func pointsOnTheWay() []failpoint {
	return []failpoint{
		{"envelope_recorded", 1},    // not acknowledged
		{"request_created", 1},      // its envelope is not finished
		{"envelope_unfinished", 1},  // served, and still in the inbox
		{"plan_saved", 1},           // the head does not have it
		{"plan_frozen", 1},          //
		{"message_announced", 2},    // written down, not posted
		{"message_posted", 2},       // at the top level, not written down
		{"thread_posted", 3},        // in a thread, not written down
		{"message_saved", 3},        //
		{"file_uploaded", 1},        // its ID is not written down
		{"file_recorded", 1},        // its sharing is not
		{"file_to_be_shared", 1},    // not shared
		{"file_shared", 1},          // not written down
		{"approved", 1},             //
		{"running", 1},              // nobody started
		{"step_not_started", 40},    // slot in hand
		{"step_started", 40},        // committed, not sent
		{"answered", 40},            // nothing recorded of it
		{"outcome_not_recorded", 9}, //
		{"outcome_recorded", 9},     //
		{"doubt_recorded", 3},       //
		{"log_read", 3},             // told of a reset of ours
		{"factors_read", 3},         // of a user in doubt, or to prove
		{"verifying", 1},            //
		{"done", 1},                 // no result file
	}
}

// pointEnv names the points at which the process ends itself, whichever it comes
// to first, and at which time it comes by: "step_started:3 done:1".
const pointEnv = "FACTORBOT_FAILPOINTS"

// failpoints end the process when a point is reached for the n-th time, as kill -9 would.
type failpoints struct {
	slow time.Duration // what each commit takes more

	mu   sync.Mutex
	left map[string]int
}

func newFailpoints() *failpoints {
	f := &failpoints{left: map[string]int{}}
	f.slow, _ = time.ParseDuration(os.Getenv(slowEnv)) // none is 0
	for armed := range strings.FieldsSeq(os.Getenv(pointEnv)) {
		name, n, _ := strings.Cut(armed, ":")
		times, _ := strconv.Atoi(n)
		f.left[name] = max(1, times)
	}
	return f
}

func (f *failpoints) at(name string) {
	f.mu.Lock()
	defer f.mu.Unlock() // others wait at their points while this one ends the process
	f.left[name]--
	if f.left[name] != 0 {
		return
	}
	_, _ = fmt.Fprintln(os.Stderr, pointLine+name)
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

// failingRecord is the record with points before and after what is written.
type failingRecord struct {
	app.Record
	*failpoints

	mu     sync.Mutex
	posts  map[string]bool // messages that were announced and not posted
	shares map[string]int  // file ID -> how often it was saved
}

// wrap puts the points between a bot and its record and org.
func (f *failpoints) wrap(rec app.Record, org app.Okta) (app.Record, app.Okta) {
	return &failingRecord{Record: rec, failpoints: f, posts: map[string]bool{}, shares: map[string]int{}}, &failingOkta{org, f}
}

func (t *failingRecord) Receive(ctx context.Context, key string, body []byte) (bool, error) {
	fresh, err := t.Record.Receive(ctx, key, body)
	if err == nil && fresh {
		t.at("envelope_recorded")
	}
	return fresh, err
}

func (t *failingRecord) Finish(ctx context.Context, key string) error {
	t.at("envelope_unfinished")
	return t.Record.Finish(ctx, key)
}

func (t *failingRecord) Create(ctx context.Context, op string, r *reset.Request, rows iter.Seq[reset.Row], facts ...reset.Fact) (*reset.Request, error) {
	made, err := t.Record.Create(ctx, op, r, rows, facts...)
	if err == nil {
		t.at("request_created")
	}
	return made, err
}

func (t *failingRecord) SavePlan(ctx context.Context, id reset.ID, revision int, targets iter.Seq2[reset.Target, error]) error {
	err := t.Record.SavePlan(ctx, id, revision, targets)
	if err == nil {
		t.at("plan_saved")
	}
	return err
}

func (t *failingRecord) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	if err := t.commit(ctx); err != nil {
		return nil, err
	}
	r, err := t.Record.Update(ctx, id, op, unlessFrozen, change)
	t.moved(r, err)
	return r, err
}

func (t *failingRecord) moved(r *reset.Request, err error) {
	points := map[reset.State]string{
		reset.Pending: "plan_frozen", reset.Approved: "approved", reset.Running: "running",
		reset.Verifying: "verifying", reset.Done: "done",
	}
	if err == nil {
		t.at(points[r.State])
	}
}

func (t *failingRecord) Start(ctx context.Context, r *reset.Request, started ...reset.Entry) ([]error, error) {
	t.at("step_not_started")
	if err := t.commit(ctx); err != nil {
		return nil, err
	}
	each, err := t.Record.Start(ctx, r, started...)
	if err == nil {
		t.at("step_started")
	}
	return each, err
}

func (t *failingRecord) Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error {
	kinds := map[reset.EntryKind]bool{}
	for _, e := range entries {
		kinds[e.Kind] = true
	}
	if kinds[reset.EntryOutcome] {
		t.at("outcome_not_recorded")
	}
	err := t.commit(ctx)
	if err == nil {
		err = t.Record.Append(ctx, id, entries...)
	}
	if err == nil && kinds[reset.EntryOutcome] {
		t.at("outcome_recorded")
	}
	if err == nil && kinds[reset.EntryDoubt] {
		t.at("doubt_recorded")
	}
	return err
}

func (t *failingRecord) SaveMessages(ctx context.Context, id reset.ID, messages ...reset.Message) error {
	before, after := "", ""
	for _, m := range messages {
		before, after = t.saves(id, m)
	}
	t.at(before)
	err := t.Record.SaveMessages(ctx, id, messages...)
	if err == nil {
		t.at(after)
	}
	return err
}

// saves names the points before and after a message is saved, by what the Announcer does around it.
func (t *failingRecord) saves(id reset.ID, m reset.Message) (before, after string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := string(id) + " " + string(m.Slot)
	switch {
	case m.File != "" && m.TS == "" && m.Shown != "":
		return "file_shared", ""
	case m.File != "" && m.TS == "":
		if t.shares[m.File]++; t.shares[m.File] == 1 {
			return "file_uploaded", "file_recorded"
		}
		return "", "file_to_be_shared"
	case m.TS == "" && !m.At.IsZero():
		t.posts[key] = true
		return "", "message_announced"
	case m.TS != "" && t.posts[key]:
		delete(t.posts, key)
		if m.Thread != "" {
			return "thread_posted", "message_saved"
		}
		return "message_posted", "message_saved"
	}
	return "", ""
}

// failingOkta is Okta with points after what it answers.
type failingOkta struct {
	app.Okta
	*failpoints
}

func (c *failingOkta) ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, userID string) (okta.Receipt, error) {
	receipt, err := c.Okta.ResetFactors(ctx, s, asked, userID)
	c.at("answered")
	return receipt, err
}

func (c *failingOkta) Factors(ctx context.Context, userID string) ([]okta.Factor, error) {
	factors, err := c.Okta.Factors(ctx, userID)
	if err == nil {
		c.at("factors_read")
	}
	return factors, err
}

func (c *failingOkta) Ours(me okta.User, e okta.Event) bool {
	ours := c.Okta.Ours(me, e)
	if ours {
		c.at("log_read")
	}
	return ours
}
