package webhook

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"factorbot/bot/reset"
)

// What the webhook tells of.
const (
	BreakGlass = "break_glass" // a request that may include protected users waits for approval
	Expected   = "expected"    // resets are about to happen
	NotMe      = "not_me"      // an affected user did not expect the reset
	Ended      = "ended"       // what came of it
)

// Body is the JSON of one delivery. Fields are only ever added.
type Body struct {
	Version    int            `json:"version"` // 1
	Delivery   string         `json:"delivery"`
	Event      string         `json:"event"`
	At         time.Time      `json:"at"` // when what is told happened
	Text       string         `json:"text"`
	Org        string         `json:"org"`
	Marker     string         `json:"marker"` // stands in the User-Agent of the bot's calls of Okta
	Request    reset.ID       `json:"request"`
	BreakGlass bool           `json:"break_glass"`
	DryRun     bool           `json:"dry_run"`
	Digest     reset.Digest   `json:"plan_digest"`
	Revision   int            `json:"plan_revision"`
	Users      int            `json:"users"` // who are to be reset by the plan
	Requester  hookPerson     `json:"requester"`
	Approvers  []hookPerson   `json:"approvers"`
	Reason     string         `json:"reason"`
	Expected   *hookExpect    `json:"expected,omitempty"`   // of expected
	Report     *hookReport    `json:"report,omitempty"`     // of not_me
	State      reset.State    `json:"state,omitempty"`      // of ended
	Counts     map[string]int `json:"counts,omitempty"`     // of ended, after a run: rows by outcome
	AuditHead  string         `json:"audit_head,omitempty"` // end of the org's audit chain when this was sent
}

// hookPerson is somebody who acted.
type hookPerson struct {
	Slack reset.Person `json:"slack"`
	Okta  reset.UserID `json:"okta,omitempty"`
	Login string       `json:"login,omitempty"`
}

// hookExpect is when the resets are to be expected.
type hookExpect struct {
	Start    time.Time `json:"start"`             // not before
	StartBy  time.Time `json:"start_by"`          // not after: then the request lapses
	Duration int       `json:"seconds,omitempty"` // about so long by Okta's limits; 0: not known
}

// hookReport is the word of an affected user.
type hookReport struct {
	By    reset.Person `json:"slack"`
	Row   int          `json:"row"`     // of the roster and the result file
	SoFar int          `json:"reports"` // reports of this request with this one
}

// hookNews is one thing to tell of a request.
type hookNews struct {
	name string // "expected-1764000000000", a slot's and a delivery's
	body Body
}

// hookSlot is where the record keeps what became of a delivery.
func (n hookNews) slot() reset.Slot { return reset.Slot("webhook-" + n.name) }

// hookNewsOf lists what a request has given cause to tell since then, in the order in which it happened.
func hookNewsOf(r *reset.Request, since time.Time, seconds int) []hookNews {
	var all []hookNews
	add := func(event, key string, at time.Time, change func(*Body)) {
		if at.Before(since) {
			return
		}
		name := event
		if key != "" {
			name += "-" + key
		}
		b := hookBodyOf(r, event, at)
		change(&b)
		all = append(all, hookNews{name, b})
	}
	glass := r.Asked.Options.BreakGlass && r.Plan.Digest != ""
	if glass {
		add(BreakGlass, strconv.Itoa(r.Plan.Revision), r.Plan.FrozenAt, func(b *Body) {
			b.Approvers = []hookPerson{}
			b.Text = fmt.Sprintf("The break-glass request %s waits for approval. Users: %d, protected users among them.", r.ID, r.Plan.Resets)
		})
	}
	if willReset(r) {
		add(Expected, strconv.FormatInt(r.ApprovedAt.UnixMilli(), 10), r.ApprovedAt, func(b *Body) {
			b.Expected = &hookExpect{Start: later(r.ApprovedAt, r.Asked.NotTill).UTC(), StartBy: r.ExecuteBy().UTC(), Duration: seconds}
			b.Text = fmt.Sprintf("%s is approved: factor resets are expected. Users: %d.", r.ID, r.Plan.Resets)
		})
	}
	for i, w := range r.Reported {
		add(NotMe, strconv.Itoa(w.Row), w.At, func(b *Body) {
			b.Report = &hookReport{By: w.By, Row: w.Row, SoFar: i + 1}
			b.Text = fmt.Sprintf("The user of row %d of %s did not expect the reset of their factors.", w.Row, r.ID)
		})
	}
	if r.State.Settled() && (glass || willReset(r)) {
		add(Ended, "", r.SettledAt, func(b *Body) { b.ended(r) })
	}
	slices.SortStableFunc(all, func(a, b hookNews) int { return a.body.At.Compare(b.body.At) })
	return all
}

// willReset reports whether a request is, or was, approved and resets somebody.
func willReset(r *reset.Request) bool {
	return !r.ApprovedAt.IsZero() && r.Asked.Kind == reset.KindReset && !r.Asked.Options.DryRun
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func hookBodyOf(r *reset.Request, event string, at time.Time) Body {
	b := Body{
		Version: 1, Event: event, At: at.UTC(), Org: r.Org, Request: r.ID,
		BreakGlass: r.Asked.Options.BreakGlass, DryRun: r.Asked.Options.DryRun,
		Digest: r.Plan.Digest, Revision: r.Plan.Revision, Users: r.Plan.Resets,
		Requester: hookPerson{Slack: r.Asked.By, Okta: r.Asked.Okta}, Approvers: []hookPerson{}, Reason: r.Asked.Reason,
		AuditHead: r.Anchor,
	}
	for _, v := range r.Approved {
		b.Approvers = append(b.Approvers, hookPerson{v.By, v.Okta, v.Login})
	}
	return b
}

// ended tells how a request has ended; one that never ran has no counts.
func (b *Body) ended(r *reset.Request) {
	b.State, b.Text = r.State, fmt.Sprintf("%s has ended: %s.", r.ID, r.State)
	if r.Totals == nil {
		return
	}
	b.Counts = map[string]int{}
	for _, o := range reset.Outcomes() {
		b.Counts[string(o)] = r.Totals.ByOutcome[o]
	}
	b.Text = fmt.Sprintf("%s has ended: %s, %d reset, %d skipped, %d failed, %d not run.", r.ID, r.State,
		b.Counts["reset"], b.Counts["skipped"], b.Counts["failed"], b.Counts["not_run"])
}
