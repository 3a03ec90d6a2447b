package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/store/internal/audit"
)

// The record against a map: whatever is done to it, in any order, with results
// that are not known, new terms and reopened files in between.
func TestRecord_property(t *testing.T) {
	t.Run("model", func(t *testing.T) { // in a bubble, for the pauses after a result that is not known
		synctest.Test(t, func(t *testing.T) {
			rapid.Check(struct{ rapid.TB }{t}, func(rt *rapid.T) {
				how := rapid.SampledFrom([]fate{answered, answered, answered, answered, answered, lostBefore, lostAfter})
				doubting := false
				e := &doubtfulEngine{Engine: newMemEngine(), next: func() fate {
					if !doubting {
						return answered
					}
					return how.Draw(rt, "commit")
				}}
				now := t0
				clock := Clock(func() time.Time { now = now.Add(time.Millisecond); return now })
				m := newMachine(rt, func(old *Term) *Term { return mustTermOn(rt, e, clock) })
				doubting = true
				rt.Repeat(rapid.StateMachineActions(m))
			})
		})
	})
	t.Run("bolt", func(t *testing.T) {
		dir, n := t.TempDir(), 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			path := filepath.Join(dir, fmt.Sprint(n))
			var s *Store
			m := newMachine(rt, func(old *Term) *Term {
				if old != nil && rapid.Bool().Draw(rt, "same process") {
					return mustTerm(rt, s)
				}
				if old != nil {
					mustBeSound(rt, s.file)
					if err := s.Close(); err != nil {
						rt.Fatal(err)
					}
				}
				var err error
				if s, err = Open(path, testOrg); err != nil {
					rt.Fatal(err)
				}
				s.file.DB.NoSync = true // fast; what a crash leaves is another test's
				return mustTerm(rt, s)
			})
			rt.Repeat(rapid.StateMachineActions(m))
			mustBeSound(rt, s.file)
			if err := s.Close(); err != nil {
				rt.Fatal(err)
			}
		})
	})
}

// machine does things to a record and to a map.
type machine struct {
	term *Term
	lead func(old *Term) *Term
	now  time.Time

	requests []*modelRequest
	created  map[string]reset.ID // by op
	users    map[reset.UserID]reset.UserRecord
	lastNote int64
	frozen   bool
	freezes  map[string]bool // ops that took effect
	org      []string
	inbox    []string
	keys     map[string]bool
}

type modelRequest struct {
	id       reset.ID
	version  int64
	state    reset.State
	planned  bool
	lastNote int64
	code     string
	ops      map[string]bool
	log      []string
}

func newMachine(rt *rapid.T, lead func(*Term) *Term) *machine {
	return &machine{
		term: lead(nil), lead: lead, now: t0, lastNote: 1,
		created: map[string]reset.ID{}, users: map[reset.UserID]reset.UserRecord{},
		freezes: map[string]bool{}, keys: map[string]bool{},
	}
}

// tick sets the clock forward or back.
func (m *machine) tick(rt *rapid.T) time.Time {
	m.now = m.now.Add(time.Duration(rapid.IntRange(-600, 600).Draw(rt, "seconds")) * time.Second)
	return m.now
}

func drawOp(rt *rapid.T) string { return rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(rt, "op") }

func drawUser(rt *rapid.T) (int, reset.UserID) {
	n := rapid.IntRange(1, 3).Draw(rt, "user")
	return n, userID(n)
}

func (m *machine) drawRequest(rt *rapid.T) *modelRequest {
	if len(m.requests) == 0 {
		rt.Skip("no request")
	}
	return rapid.SampledFrom(m.requests).Draw(rt, "request")
}

func (m *machine) Create(rt *rapid.T) {
	op := drawOp(rt)
	r, fact := asked("U_REQUESTER", 2)
	made, err := m.term.Create(rt.Context(), op, r, rows(2), fact)
	id, opened := m.created[op]
	opened = opened && op != "" // before the freeze, if there is one
	if m.frozen && !opened {
		if !errors.Is(err, ErrFrozen) {
			rt.Fatalf("created while frozen: %v", err)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	if opened {
		if made.ID != id {
			rt.Fatalf("op %s made %s and %s", op, id, made.ID)
		}
		return
	}
	m.created[op] = made.ID
	if want := reset.NewID(len(m.requests) + 1); made.ID != want {
		rt.Fatalf("made %s, want %s", made.ID, want)
	}
	m.requests = append(m.requests, &modelRequest{
		id: made.ID, version: made.Version, state: reset.Planning, ops: map[string]bool{}, log: []string{"fact asked"},
	})
}

// Run brings a request from planning into running.
func (m *machine) Run(rt *rapid.T) {
	r := m.drawRequest(rt)
	if r.state != reset.Planning {
		rt.Skip("not planning")
	}
	at := m.tick(rt)
	last, err := m.term.LastNote(rt.Context())
	if err != nil || last != m.lastNote {
		rt.Fatalf("the last note is %d, want %d, %v", last, m.lastNote, err)
	}
	head, err := m.term.Update(rt.Context(), r.id, "run", true, func(r *reset.Request) ([]reset.Fact, error) {
		terms := reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}
		planned, err := r.FreezePlan(reset.Plan{Revision: 1, Digest: "0123456789abcdef", FrozenAt: at, LastNote: last}, terms, at.Add(time.Hour), at)
		if err != nil {
			return nil, err
		}
		approved, err := r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, at)
		if err != nil {
			return nil, err
		}
		running, err := r.Start(at)
		return []reset.Fact{planned, approved, running}, err
	})
	if m.frozen {
		if !errors.Is(err, ErrFrozen) {
			rt.Fatalf("started while frozen: %v", err)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	r.state, r.version, r.planned, r.lastNote = head.State, head.Version, true, last
	r.ops["run"] = true
	r.log = append(r.log, "fact planned", "fact approved", "fact running")
}

func (m *machine) Update(rt *rapid.T) {
	r, op, refuse := m.drawRequest(rt), drawOp(rt), rapid.Bool().Draw(rt, "refuse")
	refused := errors.New("refused")
	head, err := m.term.Update(rt.Context(), r.id, op, false, func(r *reset.Request) ([]reset.Fact, error) {
		r.Code += "x"
		if refuse {
			return nil, refused
		}
		return []reset.Fact{{Name: "noted", At: t0}}, nil
	})
	switch {
	case r.ops[op] && op != "":
		if err != nil || head.Code != r.code {
			rt.Fatalf("op %s again: %q, %v", op, head.Code, err)
		}
	case refuse:
		if err != refused {
			rt.Fatalf("refused with %v", err)
		}
	default:
		if err != nil || head.Version <= r.version {
			rt.Fatalf("version %d after %d, %v", head.Version, r.version, err)
		}
		r.ops[op] = true
		r.code, r.version = r.code+"x", head.Version
		r.log = append(r.log, "fact noted")
	}
}

func (m *machine) Start(rt *rapid.T) {
	r, stale := m.drawRequest(rt), rapid.IntRange(0, 4).Draw(rt, "stale") == 0
	row, user := drawUser(rt)
	head, err := m.term.Get(rt.Context(), r.id)
	if err != nil {
		rt.Fatal(err)
	}
	if stale {
		head.Version--
	}
	e := started(row, user)
	e.At = m.tick(rt)
	refused, err := m.term.Start(rt.Context(), head, e)
	switch {
	case m.frozen:
		if !errors.Is(err, ErrFrozen) {
			rt.Fatalf("started while frozen: %v", err)
		}
		return
	case stale || r.state != reset.Running:
		if !errors.Is(err, ErrChanged) {
			rt.Fatalf("started on an old head: %v", err)
		}
		return
	case err != nil:
		rt.Fatal(err)
	}
	if want := m.inTheWay(r, user); want != nil {
		if d := cmp.Diff(want, refused[0]); d != "" {
			rt.Fatalf("refusal (-want +got):\n%s", d)
		}
		return
	}
	if refused[0] != nil {
		rt.Fatal(refused[0])
	}
	u := m.users[user]
	if u.Claim == nil {
		u.Claim = &reset.Claim{Request: r.id, Row: row, At: e.At}
	}
	m.users[user] = u
	r.log = append(r.log, fmt.Sprint("started ", row))
}

// inTheWay says who else has the user, by the map.
func (m *machine) inTheWay(r *modelRequest, user reset.UserID) error {
	u := m.users[user]
	if u.Claim != nil && u.Claim.Request != r.id {
		return &reset.ClaimedError{User: user, By: u.Claim.Request}
	}
	for _, n := range slices.Backward(u.Notes) {
		if n.Request != r.id && n.Seq > r.lastNote {
			return &reset.ResetSinceError{User: user, By: n.Request, At: n.At}
		}
	}
	return nil
}

func (m *machine) Append(rt *rapid.T) {
	r, touched := m.drawRequest(rt), rapid.Bool().Draw(rt, "touched")
	row, user := drawUser(rt)
	e := outcome(row, user, m.tick(rt))
	e.Touched = touched
	doubt := reset.Entry{Kind: reset.EntryDoubt, At: e.At, Step: e.Step}
	if err := m.term.Append(rt.Context(), r.id, doubt, e); err != nil {
		rt.Fatal(err)
	}
	r.log = append(r.log, fmt.Sprint("doubt ", row), fmt.Sprint("outcome ", row))
	u := m.users[user]
	held := u.Claim != nil && u.Claim.Request == r.id
	if held {
		u.Claim = nil
	}
	if touched {
		revision := 0
		if r.planned {
			revision = 1
		}
		m.lastNote++
		seq := m.lastNote
		if i := slices.IndexFunc(u.Notes, func(n reset.Note) bool { return n.Request == r.id }); i >= 0 && !held {
			seq = u.Notes[i].Seq
		}
		u.Notes = slices.DeleteFunc(slices.Clone(u.Notes), func(n reset.Note) bool { return n.Request == r.id })
		u.Notes = append(u.Notes, reset.Note{Request: r.id, Revision: revision, Outcome: e.Outcome, At: e.At, Seq: seq})
	}
	m.users[user] = u
}

func (m *machine) Freeze(rt *rapid.T) {
	op := drawOp(rt)
	_, err := m.term.Freeze(rt.Context(), op, func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		if f != nil {
			return nil, []reset.Fact{{Name: "thawed", At: t0}}, nil
		}
		return &reset.Freeze{By: "U_APPROVER1"}, []reset.Fact{{Name: "frozen", At: t0}}, nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	if op != "" && m.freezes[op] {
		return
	}
	m.freezes[op] = true
	m.frozen = !m.frozen
	m.org = append(m.org, map[bool]string{true: "fact frozen", false: "fact thawed"}[m.frozen])
}

func (m *machine) Receive(rt *rapid.T) {
	key := rapid.SampledFrom([]string{"k1", "k2", "k3", "k4", "k5"}).Draw(rt, "key")
	fresh, err := m.term.Receive(rt.Context(), key, []byte(key))
	if err != nil || fresh == m.keys[key] {
		rt.Fatalf("%s is fresh: %t, %v", key, fresh, err)
	}
	if fresh {
		m.keys[key] = true
		m.inbox = append(m.inbox, key)
	}
}

func (m *machine) Finish(rt *rapid.T) {
	key := rapid.SampledFrom([]string{"k1", "k2", "k3", "k4", "k5"}).Draw(rt, "key")
	if err := m.term.Finish(rt.Context(), key); err != nil {
		rt.Fatal(err)
	}
	m.inbox = slices.DeleteFunc(m.inbox, func(k string) bool { return k == key })
}

// Lead begins a new term, perhaps in a new process; the old one can write nothing more.
func (m *machine) Lead(rt *rapid.T) {
	old := m.term
	m.term = m.lead(old)
	if err := old.AppendOrgFacts(rt.Context(), reset.Fact{Name: "stale"}); !errors.Is(err, ErrLost) && !errors.Is(err, ErrClosed) {
		rt.Fatalf("the old term wrote: %v", err)
	}
}

// Check compares everything that can be read.
func (m *machine) Check(rt *rapid.T) {
	for _, r := range m.requests {
		head, err := m.term.Get(rt.Context(), r.id)
		if err != nil {
			rt.Fatal(err)
		}
		if head.State != r.state || head.Code != r.code || head.Version != r.version {
			rt.Fatalf("%s is %s %q at %d, want %s %q at %d", r.id, head.State, head.Code, head.Version, r.state, r.code, r.version)
		}
		if d := cmp.Diff(r.log, told(rt, collect(rt, m.term.Log(rt.Context(), r.id, 1)))); d != "" {
			rt.Fatalf("log of %s (-want +got):\n%s", r.id, d)
		}
	}
	if d := cmp.Diff(m.org, told(rt, collect(rt, m.term.OrgLog(rt.Context(), 1)))); d != "" {
		rt.Fatalf("the org's log (-want +got):\n%s", d)
	}
	if audit, err := m.term.Verify(rt.Context()); err != nil || len(audit.Findings) > 0 {
		rt.Fatalf("the chains: %+v, %v", audit, err)
	}
	for i := 1; i <= 3; i++ {
		want := m.users[userID(i)]
		want.User = userID(i)
		if d := cmp.Diff(want, collect(rt, m.term.Users(rt.Context(), userID(i)))[0]); d != "" {
			rt.Fatalf("user %d (-want +got):\n%s", i, d)
		}
	}
	if got := keys(collect(rt, m.term.Pending(rt.Context()))); !slices.Equal(got, m.inbox) {
		rt.Fatalf("inbox %v, want %v", got, m.inbox)
	}
	if f, err := m.term.Frozen(rt.Context()); err != nil || (f != nil) != m.frozen {
		rt.Fatalf("frozen %+v, %v", f, err)
	}
}

// told renders a log in the map's words, and sees that its numbers have no gaps.
func told(rt *rapid.T, entries []reset.Entry) []string {
	var all []string
	for i, e := range entries {
		if e.Seq != int64(i+1) {
			rt.Fatalf("entry %d has number %d", i+1, e.Seq)
		}
		if e.Fact != nil && e.Fact.Name == audit.FactChained {
			continue
		}
		if e.Fact != nil {
			all = append(all, "fact "+e.Fact.Name)
			continue
		}
		all = append(all, fmt.Sprint(e.Kind, " ", e.Step.Row))
	}
	return all
}
