package announcer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// Affected finds the people who were reset.
type Affected interface {
	// SlackOf returns the Slack account of an Okta user: the one full or invited
	// member with the user's e-mail. reset.ErrNoPerson: there is none.
	SlackOf(ctx context.Context, user reset.UserID) (reset.Person, error)
}

// SlotNotices is the summary in the thread: how many users were told.
const SlotNotices reset.Slot = "notices"

const (
	noticePrefix = "notice-" // and the row: one direct message

	// noticeBudget is how many users a minute are told. users.lookupByEmail is
	// Tier 3, about 50 a minute (docs.slack.dev), and the desk looks people up, too.
	noticeBudget = 40
	// noticeTime bounds telling one user, and noticeTries how often it is tried.
	noticeTime  = time.Minute
	noticeTries = 6
)

// What is recorded of a user who was not told.
const (
	noAccount  = "no Slack account"
	notReached = "not reached"
)

// Notifier tells affected users by direct message that their factors were
// reset, where the request says so: each once, as the resets come in.
type Notifier struct {
	Slack    *slack.Client // made by [slackapi.NewClient]
	Record   Record
	Affected Affected
	Max      int // users of one request who are told
	Log      *slog.Logger
	Now      func() time.Time
}

// noticeRun is one Run of a Notifier.
type noticeRun struct {
	*Notifier
	sender *sender
	posts  *rate.Limiter
	queues map[reset.ID]*queue
}

// queue is who of a request is to be told, by its log.
type queue struct {
	lastSeq  int64
	rows     []int        // whose reset is final, in the order in which that was known
	final    map[int]bool // the same
	unproved map[int]bool // reset, as far as is known; the read-back may say otherwise
	tries    map[int]int
	until    map[int]time.Time // not tried again before
}

// Run tells users until ctx is done.
func (n *Notifier) Run(ctx context.Context) error {
	run := &noticeRun{
		Notifier: n, sender: newSender(n.Slack, n.Record, n.Log, n.Now),
		posts: newLimiter(noticeBudget), queues: map[reset.ID]*queue{},
	}
	return run.sender.follow(ctx, run.look)
}

func noticeSlot(row int) reset.Slot { return reset.Slot(noticePrefix + strconv.Itoa(row)) }

// look tells one user of the request, or at the end says in the thread how many were told.
func (n *noticeRun) look(ctx context.Context, r *reset.Request) (again time.Duration, err error) {
	if !r.Asked.Options.TellUsers || !r.HasRun() || r.Asked.Options.DryRun || r.Asked.Kind == reset.KindExport {
		return 0, nil
	}
	have, err := n.sender.messages(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	if sum := have[SlotNotices]; sum.Shown != "" || sum.Gone {
		delete(n.queues, r.ID)
		return 0, nil
	}
	q, err := n.fold(ctx, r)
	if err != nil {
		return 0, err
	}
	now, waiting := n.Now(), time.Duration(0)
	for _, row := range q.rows {
		if m := have[noticeSlot(row)]; m.Shown != "" || m.Gone || !q.final[row] {
			continue
		}
		if wait := q.until[row].Sub(now); wait > 0 {
			waiting = sooner(waiting, wait) // the others do not wait for this one
			continue
		}
		if wait := take(n.posts, now); wait > 0 {
			return wait, nil
		}
		return 1, n.tell(ctx, r, row, q, have[noticeSlot(row)])
	}
	if waiting > 0 || !r.State.Settled() {
		return waiting, nil
	}
	again, err = n.sum(ctx, r, have)
	if again == 0 && err == nil {
		delete(n.queues, r.ID)
	}
	return again, err
}

// fold notes whose reset has become final since the last look, as many as may be
// told: what is proved, and at the end of the request what was reset without proof.
func (n *noticeRun) fold(ctx context.Context, r *reset.Request) (*queue, error) {
	q := n.queues[r.ID]
	if q == nil {
		q = &queue{final: map[int]bool{}, unproved: map[int]bool{}, tries: map[int]int{}, until: map[int]time.Time{}}
		n.queues[r.ID] = q
	}
	for e, err := range n.Record.Log(ctx, r.ID, q.lastSeq+1) {
		if err != nil {
			return nil, fmt.Errorf("read the log of %s: %w", r.ID, err)
		}
		q.lastSeq = e.Seq
		q.apply(e, n.Max)
	}
	if r.State.Settled() {
		for _, row := range slices.Sorted(maps.Keys(q.unproved)) {
			q.add(row, n.Max)
		}
	}
	return q, nil
}

// apply folds one entry of the log. The last outcome of a row counts.
func (q *queue) apply(e reset.Entry, most int) {
	if e.Step == nil || e.Kind != reset.EntryOutcome && e.Kind != reset.EntryDoubt {
		return
	}
	row := e.Step.Row
	delete(q.unproved, row)
	switch {
	case !wasReset(e):
		delete(q.final, row)
	case e.Proof == reset.ProofLog || e.Proof == reset.ProofFactors:
		q.add(row, most)
	case !q.final[row]:
		q.unproved[row] = true
	}
}

func (q *queue) add(row, most int) {
	delete(q.unproved, row)
	if !q.final[row] && len(q.final) < most {
		q.final[row] = true
		q.rows = append(q.rows, row)
	}
}

// wasReset reports whether an entry tells that a user lost factors.
func wasReset(e reset.Entry) bool {
	return e.Kind == reset.EntryOutcome && e.Outcome == reset.OutcomeReset && e.Reason != reset.AlreadyClear
}

// tell sends one user the direct message. Who has no Slack account is recorded
// as that; who cannot be reached in several tries, too.
func (n *noticeRun) tell(ctx context.Context, r *reset.Request, row int, q *queue, m reset.Message) error {
	short, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	m.Slot = noticeSlot(row)
	err := n.deliver(short, r, row, m)
	var limited *slack.RateLimitedError
	why := notReached
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &limited):
		return err
	case errors.Is(err, reset.ErrNoPerson):
		why = noAccount
	default:
		log := n.Log.With("request", r.ID, "row", row, "error", slackapi.LogText(err), "todo", slackapi.Hint(err))
		if q.tries[row]++; q.tries[row] < noticeTries && !outOfReach(err) {
			wait := slackapi.RetryDelay(err, q.tries[row])
			q.until[row] = n.Now().Add(wait)
			log.Warn("an affected user is not told yet", "retry_in", wait.String())
			return nil
		}
		log.Warn("an affected user was not told")
	}
	m.Gone, m.Shown, m.At = true, why, n.Now()
	return n.sender.save(ctx, r.ID, m)
}

func (n *noticeRun) deliver(ctx context.Context, r *reset.Request, row int, m reset.Message) error {
	var target reset.Target
	for t, err := range n.Record.Targets(ctx, r.ID, r.Plan.Revision, row) {
		if err != nil {
			return fmt.Errorf("read row %d of %s: %w", row, r.ID, err)
		}
		target = t
		break
	}
	if target.Row != row || target.User == "" {
		return reset.ErrNoPerson
	}
	if m.Channel == "" {
		who, err := n.Affected.SlackOf(ctx, target.User)
		if err != nil {
			return fmt.Errorf("find the Slack account of row %d of %s: %w", row, r.ID, err)
		}
		if m.Channel, err = n.sender.conversation(ctx, who); err != nil {
			return err
		}
	}
	_, err := n.sender.put(ctx, r, m, view.Reset(r, row))
	return err
}

// sum says in the thread how many users were told, and why the others were not.
func (n *noticeRun) sum(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message) (time.Duration, error) {
	var c view.NoticeCounts
	for slot, m := range have {
		switch {
		case !strings.HasPrefix(string(slot), noticePrefix):
		case m.Shown == noAccount:
			c.NoAccount++
		case m.Gone:
			c.NotReached++
		case m.TS != "":
			c.Told++
		}
	}
	if r.Totals != nil {
		resets := r.Totals.ByOutcome[reset.OutcomeReset] - r.Totals.ByReason[reset.AlreadyClear]
		c.TooMany = max(0, resets-c.Told-c.NoAccount-c.NotReached)
	}
	c.Max = n.Max
	return n.sender.underThread(ctx, r, have, SlotNotices, view.NoticesSent(r, c))
}
