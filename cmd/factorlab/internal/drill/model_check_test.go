package drill

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// modelMoves are the moves that a request may make, by the fact that tells of
// each: the table of states, written down once more.
var modelMoves = map[string]struct {
	from []reset.State
	to   reset.State // "": it stays
}{
	"planned":       {[]reset.State{reset.Planning}, reset.Pending},
	"approved":      {[]reset.State{reset.Pending}, ""},
	"approval_fell": {[]reset.State{reset.Pending, reset.Approved}, reset.Pending},
	"terms_grew":    {[]reset.State{reset.Pending, reset.Approved}, ""},
	"denied":        {[]reset.State{reset.Pending}, reset.Denied},
	"expired":       {[]reset.State{reset.Pending}, reset.Expired},
	"lapsed":        {[]reset.State{reset.Approved}, reset.Lapsed},
	"running":       {[]reset.State{reset.Approved}, reset.Running},
	"restarted":     {[]reset.State{reset.Running}, ""},
	"wave":          {[]reset.State{reset.Running}, ""},
	"restored": {[]reset.State{
		reset.Planning, reset.Pending, reset.Approved, reset.Running, reset.Paused, reset.Stopping, reset.Verifying,
	}, ""},
	"paused":        {[]reset.State{reset.Running, reset.Paused}, reset.Paused},
	"resumed":       {[]reset.State{reset.Paused}, reset.Running},
	"stopping":      {[]reset.State{reset.Running, reset.Paused}, reset.Stopping},
	"verifying":     {[]reset.State{reset.Running}, reset.Verifying},
	"running_again": {[]reset.State{reset.Verifying}, reset.Running},
	"done":          {[]reset.State{reset.Verifying}, reset.Done},
	"cancelled":     {[]reset.State{reset.Planning, reset.Pending, reset.Approved, reset.Stopping}, reset.Cancelled},
	"rejected":      {[]reset.State{reset.Planning}, reset.Rejected},
}

// history is what a request's log tells, read without the code that wrote it.
type history struct {
	state    reset.State
	ends     int
	started  map[reset.UserID]int
	outcomes map[int]int // by row, those that were not proofs of an earlier one
	wrong    []string
}

func (m *stage) history(r *reset.Request) *history {
	h := &history{started: map[reset.UserID]int{}, outcomes: map[int]int{}}
	votes := map[reset.Person]bool{}
	for e, err := range m.rec.Log(context.Background(), r.ID, 1) {
		switch {
		case err != nil:
			h.wrong = append(h.wrong, err.Error())
		case e.Fact != nil:
			h.move(r, e.Fact, votes)
		case e.Kind == reset.EntryStarted:
			h.started[e.Step.User]++
			if h.state != reset.Running {
				h.wrong = append(h.wrong, fmt.Sprintf("%s: row %d was started while it is %s", r.ID, e.Step.Row, h.state))
			}
			if m.frozenAt(e.At) {
				h.wrong = append(h.wrong, fmt.Sprintf("%s: row %d was started while all is frozen", r.ID, e.Step.Row))
			}
		}
	}
	return h
}

func (h *history) move(r *reset.Request, f *reset.Fact, votes map[reset.Person]bool) {
	if f.Name == "asked" {
		if h.state != "" {
			h.wrong = append(h.wrong, fmt.Sprintf("%s was asked for twice", r.ID))
		}
		h.state = reset.Planning
		return
	}
	if f.Name == "rejected" && h.state == "" {
		h.state = reset.Planning // refused at once
	}
	move, known := modelMoves[f.Name]
	if !known || !slices.Contains(move.from, h.state) {
		h.wrong = append(h.wrong, fmt.Sprintf("%s: %q while it is %q", r.ID, f.Name, h.state))
	}
	switch f.Name {
	case "approved":
		if votes[f.By] || f.By == r.Asked.By {
			h.wrong = append(h.wrong, fmt.Sprintf("%s: the approval by %s counted", r.ID, f.By))
		}
		votes[f.By] = true
		if f.Detail["missing"] == "0" {
			h.state = reset.Approved
		}
	case "approval_fell":
		delete(votes, f.By)
	case "running":
		if len(votes) < r.Terms.Approvals {
			h.wrong = append(h.wrong, fmt.Sprintf("%s runs with %d of %d approvals", r.ID, len(votes), r.Terms.Approvals))
		}
	}
	if move.to != "" {
		h.state = move.to
	}
	if move.to.Settled() {
		h.ends++
	}
}

// frozenAt reports whether everything was frozen at a moment, its ends not counted.
func (m *stage) frozenAt(at time.Time) bool {
	var since time.Time
	for e, err := range m.term.OrgLog(context.Background(), 1) {
		if err != nil || e.Fact == nil {
			continue
		}
		switch {
		case e.Fact.Name == "frozen":
			since = e.Fact.At
		case e.Fact.Name == "thawed":
			if !since.IsZero() && at.After(since) && at.Before(e.Fact.At) {
				return true
			}
			since = time.Time{}
		}
	}
	return !since.IsZero() && at.After(since)
}

// check says what is not as it must be.
func (m *stage) check() (wrong []string) {
	started, acted := map[reset.UserID]int{}, map[reset.UserID]int{}
	ids := map[reset.ID]bool{}
	for _, id := range m.asked {
		ids[id] = true
	}
	n := 0
	for r, err := range m.rec.Requests(context.Background(), reset.Query{}) {
		if err != nil {
			return []string{err.Error()}
		}
		n++
		h := m.history(r)
		wrong = append(wrong, h.wrong...)
		if h.state != r.State || !r.State.Settled() || h.ends != 1 {
			wrong = append(wrong, fmt.Sprintf("%s is %s, its log says %s, and has %d ends", r.ID, r.State, h.state, h.ends))
		}
		for user, times := range h.started {
			started[user] += times
		}
		for _, v := range r.Approved {
			if !m.voters[r.ID][v.By] {
				wrong = append(wrong, fmt.Sprintf("%s counts an approval by %s, who never heard so", r.ID, v.By))
			}
		}
		wrong = append(wrong, m.checkRows(r, acted)...)
	}
	if n != len(ids) {
		wrong = append(wrong, fmt.Sprintf("%d requests, %d were asked for", n, len(ids)))
	}
	return append(wrong, m.checkOrg(started, acted)...)
}

// checkRows checks that each row of a request that has run has one outcome.
func (m *stage) checkRows(r *reset.Request, acted map[reset.UserID]int) (wrong []string) {
	if !r.HasRun() {
		return nil
	}
	ledger := reset.NewLedger()
	for e := range m.rec.Log(context.Background(), r.ID, 1) {
		ledger.Apply(e)
	}
	rows, sum := 0, reset.Totals{}
	for t, err := range m.rec.Targets(context.Background(), r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return []string{err.Error()}
		}
		rows++
		p := reset.Final(t, ledger.Row(t.Row))
		sum.Add(p)
		if p.Outcome == "" || p.InDoubt() {
			wrong = append(wrong, fmt.Sprintf("%s: row %d has no outcome", r.ID, t.Row))
		}
		if p.Outcome == reset.OutcomeReset {
			acted[t.User]++
			wrong = append(wrong, m.checkOld(r, t, p)...)
			if p.Proof != reset.ProofNone && len(m.org.Resets(string(t.User))) == 0 {
				wrong = append(wrong, fmt.Sprintf("%s: %s is told to be reset, proof %q, and was not", r.ID, t.User, p.Proof))
			}
		}
	}
	if r.Totals == nil || r.Totals.Rows() != rows || rows != r.Rows || fmt.Sprint(r.Totals.ByOutcome) != fmt.Sprint(sum.ByOutcome) {
		wrong = append(wrong, fmt.Sprintf("%s: %d rows, %d targets, totals %+v, counted %+v", r.ID, r.Rows, rows, r.Totals, sum))
	}
	return wrong
}

// checkOld checks that nobody is told to be reset who has a factor from before the
// first call of the request; of one that was sent before a backup was restored the
// record knows no more, and the org's first reset counts.
func (m *stage) checkOld(r *reset.Request, t reset.Target, p reset.Progress) (wrong []string) {
	u, ok := m.org.User(string(t.User))
	if !ok || p.First == nil || p.Proof == reset.ProofNone && r.State == reset.Cancelled { // who cancels does not wait for the proof
		return nil
	}
	first := p.First.At
	if resets := m.org.Resets(u.ID); m.restores > 0 && len(resets) > 0 && resets[0].Real.Before(first) {
		first = resets[0].Real
	}
	for _, f := range u.Factors {
		if f.Real.Before(first) {
			wrong = append(wrong, fmt.Sprintf("%s: %s is told to be reset, and still has %s of %s", r.ID, t.User, f.Type, f.Created.Format(time.DateTime)))
		}
	}
	return wrong
}

// checkOrg holds the org's books against the journals.
func (m *stage) checkOrg(started, acted map[reset.UserID]int) (wrong []string) {
	sent, looks := map[string]int{}, map[string][]time.Time{}
	for _, c := range m.org.Calls() {
		path, _, _ := strings.Cut(c.Path, "?")
		user, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/users/"), "/")
		switch {
		case c.Method == "POST" && strings.HasSuffix(path, "/lifecycle/reset_factors"):
			sent[user]++
		case c.Method == "GET" && strings.HasSuffix(path, "/factors"):
			looks[user] = append(looks[user], c.Real)
		}
	}
	for i, user := range m.users {
		id := reset.UserID(user)
		if journalled := started[id] + m.lostSends[user]; sent[user] > journalled {
			wrong = append(wrong, fmt.Sprintf("%s: %d calls left, %d were journalled", user, sent[user], journalled))
		}
		if i == 0 && len(m.org.Resets(user)) > 0 {
			wrong = append(wrong, "an administrator was reset")
		}
		sort.Slice(looks[user], func(a, b int) bool { return looks[user][a].Before(looks[user][b]) })
		wrong = append(wrong, m.checkNew(user, looks[user], acted[id]+m.lostResets[user])...)
	}
	return wrong
}

// checkNew checks that a new factor was removed only by a later request that
// could know no better, or if it was enrolled between the last look and the call.
func (m *stage) checkNew(user string, looks []time.Time, acted int) (wrong []string) {
	resets := m.org.Resets(user)
	removed := 0
	for _, r := range resets {
		for _, f := range r.Removed {
			seen, ok := lastBefore(looks, r.Real)
			if !f.New || ok && seen.Before(f.Real) {
				continue
			}
			if f.Created.Before(resets[0].At.Add(time.Second)) { // Okta's clock was set back: nobody can tell
				m.lookalikes++
				continue
			}
			removed++
			break
		}
	}
	if removed > max(0, acted-1) { // each later request removes what was enrolled since the one before
		wrong = append(wrong, fmt.Sprintf("%s: %d resets, of %d requests, removed new factors", user, removed, acted))
	}
	return wrong
}

// add counts what happened in one run.
func (s *modelSum) add(m *stage) {
	s.Crashes += m.crashes
	for r, err := range m.rec.Requests(context.Background(), reset.Query{}) {
		if err != nil {
			continue
		}
		s.Requests++
		if r.State == reset.Done {
			s.Done++
		}
		for e := range m.rec.Log(context.Background(), r.ID, 1) {
			if e.Kind == reset.EntryDoubt {
				s.Doubts++
			}
			if e.Fact != nil && e.Fact.Name == "paused" {
				s.Paused++
			}
		}
	}
	s.Resets += m.org.Books().Effects
	s.Restores += m.restores
	s.Halves += m.org.Books().Faults[oktasim.Part]
	s.Deleted += len(m.org.Deleted())
	s.Lookalikes += m.lookalikes
}
