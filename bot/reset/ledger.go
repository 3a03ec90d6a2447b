package reset

import (
	"iter"
	"slices"
	"time"
)

// Ledger folds a request's log into what is known of each target. It is the one
// reading of the journal: the runner resumes from it, messages count with it,
// and the result file is written from it. It is not safe for concurrent use.
type Ledger struct {
	open    map[int]*Progress // of the rows without an outcome, and of those in doubt
	packed  packed            // of the others
	lastSeq int64
	last    time.Time
	began   time.Time     // Okta's clock at the first attempt of all
	ahead   time.Duration // of Okta's clock before ours, the least that an attempt of the last term was made with
	term    int64         // the last one
}

// Progress is what the log tells of one target.
type Progress struct {
	Outcome    Outcome // "" while there is none
	Reason     Reason
	Detail     string
	Factors    []string
	RequestID  string
	Proof      Proof
	FinishedAt time.Time

	Retaken  int       // how often a reset did not take and went back in doubt
	Step     *Step     // of the last started entry
	Attempts int       // started entries of this target, of all its steps
	Doubts   int       // doubts since the last outcome
	Open     *Attempt  // sent and not closed by an answer: in flight, or in doubt
	First    *Attempt  // the first attempt on factors that may have taken effect
	Last     *Attempt  // the youngest attempt in doubt
	Sent     *Attempt  // the last attempt on factors that may have taken effect
	Began    time.Time // Okta's clock at the first attempt
	Done     []Step    // steps that are done while the target has more
	Before   int       // how many of them were done before it was last seen that they did not take
	Listed   []string  // IDs of the factors that were meant when the first was deleted; none: not known
}

// Attempt is one call for a target that was journalled before it left.
type Attempt struct {
	Step     Step
	At       time.Time // our clock
	OktaAt   time.Time // Okta's clock, less the margin within which it is known
	Term     int64     // that it was made in: other terms have other clocks
	Doubt    bool      // closed by a doubt; else nothing is recorded since it was started
	DoubtAt  time.Time
	Answered bool // Okta answered with an error body
	Restart  bool // nobody was there to hear the answer
	Refuted  bool // a reading of the factors showed that it did not take, whatever was said of it before
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{open: map[int]*Progress{}} }

// Fold returns the ledger of a whole log.
func Fold(log iter.Seq2[Entry, error]) (*Ledger, error) {
	l := NewLedger()
	for e, err := range log {
		if err != nil {
			return nil, err
		}
		l.Apply(e)
	}
	return l, nil
}

// Result is a target and what became of it, as [Final] says.
type Result struct {
	Target   Target
	Progress Progress
}

// Results joins the targets of a plan with what the log tells of them.
func Results(log iter.Seq2[Entry, error], targets iter.Seq2[Target, error]) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		l, err := Fold(log)
		if err != nil {
			yield(Result{}, err)
			return
		}
		for t, err := range targets {
			if !yield(Result{t, Final(t, l.Row(t.Row))}, err) || err != nil {
				return
			}
		}
	}
}

// Apply folds one entry; entries come in the order of the log, one seen before is passed over.
func (l *Ledger) Apply(e Entry) {
	if e.Seq != 0 && e.Seq <= l.lastSeq {
		return
	}
	l.lastSeq = max(l.lastSeq, e.Seq)
	if e.Step == nil || e.Step.Row < 0 {
		return
	}
	if !afterwards(e) {
		l.last = e.At
	}
	if e.Kind == EntryStarted {
		l.clocks(e)
	}
	p := l.opened(e.Step.Row)
	p.apply(e)
	if p.Outcome != "" && p.Open == nil {
		l.packed.put(e.Step.Row, p)
		delete(l.open, e.Step.Row)
	}
}

// clocks takes in what an attempt tells of Okta's clock and ours.
func (l *Ledger) clocks(e Entry) {
	ahead := e.OktaAt.Sub(e.At)
	if l.began.IsZero() || e.Term != l.term {
		l.ahead, l.term = ahead, e.Term
	}
	l.ahead = min(l.ahead, ahead)
	if l.began.IsZero() || e.OktaAt.Before(l.began) {
		l.began = e.OktaAt
	}
}

// opened returns what is known of a row, to be changed.
func (l *Ledger) opened(row int) *Progress {
	p := l.open[row]
	if p != nil {
		return p
	}
	p = &Progress{}
	if was, ok := l.packed.get(row); ok {
		*p = was
		l.packed.drop(row)
	}
	l.open[row] = p
	return p
}

// afterwards reports whether an entry only says more of an earlier step: that a
// restart left it in doubt, or what proved it.
func afterwards(e Entry) bool {
	return e.Kind == EntryDoubt && e.Reason == SettledAfterRestart || e.Kind == EntryOutcome && e.Proof != ""
}

func (p *Progress) apply(e Entry) {
	switch e.Kind {
	case EntryStarted:
		p.Attempts++
		p.Step = e.Step
		if p.Began.IsZero() {
			p.Began, p.Listed = e.OktaAt, e.Listed
		}
		p.Open = &Attempt{Step: *e.Step, At: e.At, OktaAt: e.OktaAt, Term: e.Term}
	case EntryNotSent, EntryRefused:
		p.Open = p.Last
	case EntryStepped:
		p.sent()
		p.clear()
		if !slices.Contains(p.Done, *e.Step) { // done again it is the same factor
			p.Factors = append(slices.Clip(p.Factors), e.Factors...)
		}
		if e.RequestID != "" {
			p.RequestID = e.RequestID
		}
		p.Done = append(p.Done, *e.Step)
	case EntryDoubt:
		p.doubt(e)
	case EntryOutcome:
		p.finish(e)
	}
}

func (p *Progress) doubt(e Entry) {
	if p.Open == nil { // a reset that did not take is in doubt again
		p.Open = p.Sent
	}
	if p.Open == nil {
		p.Open = &Attempt{Step: *e.Step, At: e.At, OktaAt: e.OktaAt}
	}
	retaken := p.Outcome != ""
	if retaken {
		p.Retaken++
		p.Before = len(p.Done)
	}
	p.Outcome, p.Reason, p.Proof = "", "", ""
	p.Doubts++
	a := *p.Open
	a.Doubt, a.DoubtAt, a.Answered, a.Refuted = true, e.At, e.Answered, a.Refuted || retaken
	a.Restart = a.Restart || e.Reason == SettledAfterRestart
	p.Open, p.Last = &a, &a
	if p.First == nil {
		p.First = &a
	}
}

func (p *Progress) finish(e Entry) {
	p.sent()
	p.clear()
	if p.Outcome != e.Outcome { // a proof that comes later does not move the time
		p.FinishedAt = e.At
	}
	p.Outcome, p.Reason, p.Detail, p.Proof = e.Outcome, e.Reason, e.Detail, e.Proof
	if e.RequestID != "" {
		p.RequestID = e.RequestID
	}
	if len(e.Factors) > 0 {
		p.Factors = slices.Clone(e.Factors)
	}
}

// sent keeps the attempt that is closed now, if it was one on factors.
func (p *Progress) sent() {
	if p.Open == nil || p.Open.Step.Kind == StepSessions {
		return
	}
	p.Sent = p.Open
	if p.First == nil {
		p.First = p.Open
	}
}

func (p *Progress) clear() {
	p.Open, p.Last, p.Doubts = nil, nil, 0
}

// InDoubt reports whether a call was sent for the target and its answer is not known.
func (p Progress) InDoubt() bool { return p.Open != nil }

// Touched reports whether a call may have taken effect on the target before the
// answer that is awaited now: in part, or with an answer that was lost.
func (p Progress) Touched() bool { return p.Doubts > 0 || len(p.Done) > 0 || p.Retaken > 0 }

// Row returns what is known of the target of a row.
func (l *Ledger) Row(row int) Progress {
	if p := l.open[row]; p != nil {
		return *p
	}
	p, _ := l.packed.get(row)
	return p
}

// Began returns Okta's clock at the first attempt of all, zero before it.
func (l *Ledger) Began() time.Time { return l.began }

// Ahead returns the least by which Okta's clock was ahead of ours at an attempt of the
// term, less the margin within which that was known; false before the first.
func (l *Ledger) Ahead(term int64) (time.Duration, bool) {
	return l.ahead, !l.began.IsZero() && l.term == term
}

// LastStep returns when the last entry of a step was made, zero before the
// first. What is said of a step afterwards, after a restart or by its proof,
// does not count.
func (l *Ledger) LastStep() time.Time { return l.last }

// Doubtful returns the rows in doubt, in order.
func (l *Ledger) Doubtful() []int {
	var rows []int
	for row, p := range l.open {
		if p.InDoubt() {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	return rows
}

// Unfinished returns the last steps of the targets that were started and have
// neither an outcome nor a doubt: Okta refused the call, or it never left.
func (l *Ledger) Unfinished() []Step {
	var steps []Step
	for _, p := range l.open {
		if p.Step != nil && !p.InDoubt() { // one with an outcome is not open
			steps = append(steps, *p.Step)
		}
	}
	slices.SortFunc(steps, func(a, b Step) int { return a.Row - b.Row })
	return steps
}

// Final returns what became of a target when its request is settled: what the
// plan skipped is skipped, what the log tells is told, and the rest was not run.
func Final(t Target, p Progress) Progress {
	switch {
	case t.Action == ActionSkip:
		return Progress{Outcome: OutcomeSkipped, Reason: t.Reason, Detail: t.Detail}
	case p.Outcome == "":
		p.Outcome, p.Reason = OutcomeNotRun, NotRunCancelled
	case p.Outcome == OutcomeReset && p.Proof == "" && p.Sent != nil:
		p.Proof = ProofNone // nobody looked: the request was cancelled first
	}
	return p
}

// Add counts the final progress of one target.
func (t *Totals) Add(p Progress) {
	if t.ByOutcome == nil {
		t.ByOutcome, t.ByReason, t.Proofs = map[Outcome]int{}, map[Reason]int{}, map[Proof]int{}
	}
	t.ByOutcome[p.Outcome]++
	if p.Reason != "" {
		t.ByReason[p.Reason]++
	}
	if p.Proof != "" {
		t.Proofs[p.Proof]++
	}
}

// needsMost is how many users totals name.
const needsMost = 10

// AddNeed notes a user for which somebody has to do something: who was not reset
// though the plan meant to, or only in part. Users left out by a cancellation
// are only counted.
func (t *Totals) AddNeed(target Target, p Progress) {
	meant := target.Action == ActionReset && (p.Outcome != OutcomeReset || p.Reason == SessionsNotRevoked)
	if !meant || p.Reason == "" || p.Reason == NotRunCancelled || len(t.Needs) >= needsMost {
		return
	}
	login := target.Login
	if login == "" {
		login = target.Input
	}
	t.Needs = append(t.Needs, Need{Row: target.Row, Login: login, Reason: p.Reason})
}

// Rows returns how many targets were counted.
func (t Totals) Rows() int {
	n := 0
	for _, c := range t.ByOutcome {
		n += c
	}
	return n
}
