package reset

import "time"

// Request is the head of a request: small, whatever the number of its users.
// It is changed only by its own methods, inside an update of the record, and
// every change comes with the fact that tells of it.
type Request struct {
	ID        ID         `json:"id"`
	State     State      `json:"state"`
	MovedBy   Person     `json:"moved_by,omitempty"` // who brought it into this state; "" for the bot itself
	Org       string     `json:"org"`                // Okta org URL: "https://example.okta.com"
	Asked     Ask        `json:"asked"`
	Rows      int        `json:"rows"` // rows of the roster
	Plan      Plan       `json:"plan"` // zero until frozen
	Terms     Terms      `json:"terms"`
	Approved  []Decision `json:"approved,omitempty"` // approvals that count for the plan's digest
	Revoked   []Decision `json:"fallen,omitempty"`   // approvals that fell away, with why
	Denial    *Decision  `json:"denial,omitempty"`
	TakenOut  []int      `json:"taken_out,omitempty"` // rows that approvers took out of the plan, ascending; the next revision skips them
	Reported  []Report   `json:"reported,omitempty"`  // affected users who said that it was not them
	Pause     *Pause     `json:"pause,omitempty"`
	Wait      *Wait      `json:"wait,omitempty"`      // why it does not start yet, while it is approved
	Restarted *Restart   `json:"restarted,omitempty"` // the last time that the bot came back while it ran
	Refusal   string     `json:"refusal,omitempty"`   // why it was rejected, a sentence for people
	Code      string     `json:"code,omitempty"`      // the same for machines: "over_max_targets"
	Totals    *Totals    `json:"totals,omitempty"`    // when settled after a run

	Export *Export `json:"export,omitempty"` // of an export, when its file is made
	Waves  int     `json:"waves,omitempty"`  // waves of the run whose outcomes were looked at

	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	ApprovedAt time.Time `json:"approved_at,omitzero"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	ResumedAt  time.Time `json:"resumed_at,omitzero"` // a gap is counted from the later of this and the last step
	SettledAt  time.Time `json:"settled_at,omitzero"`

	// RestoredFrom is when the backup was made that the record was restored from while
	// this request was open; calls may have been sent since that the record does not know of.
	RestoredFrom time.Time `json:"restored_from,omitzero"`
	RestoredOkta time.Time `json:"restored_okta,omitzero"` // the same moment by Okta's clock; zero: not known

	// Anchor is the end of the org's audit chain after the last fact of this request:
	// "17:9f86d081...". The record sets it.
	Anchor string `json:"anchor,omitempty"`

	// Version is the record's revision of this head. The record sets it when it reads; it is not part of the head.
	Version int64 `json:"-"`
}

// Kind says what a request is for.
type Kind string

const (
	KindReset  Kind = ""       // factors are reset
	KindExport Kind = "export" // a list of users is made, nobody is touched
)

// Ask is what the requester asked for. It never changes.
type Ask struct {
	Kind    Kind      `json:"kind,omitempty"`
	By      Person    `json:"by"`
	Okta    UserID    `json:"okta,omitempty"` // the one Okta user with the requester's verified e-mail
	Team    string    `json:"team,omitempty"` // the requester's Slack workspace
	Channel Channel   `json:"channel"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	Source  Source    `json:"source"`
	Options Options   `json:"options"`
	NotTill time.Time `json:"not_till,omitzero"` // not started before this ("at:")
	Again   ID        `json:"again,omitempty"`   // the request whose failed and not-run rows these are
	Columns []string  `json:"columns,omitempty"` // of an export: profile attributes, "id", "status", "factors", in the order of the file
}

// SamePerson reports whether one person asked for both: by the same Slack
// account, or as the same Okta user.
func (a Ask) SamePerson(b Ask) bool {
	return a.By == b.By || a.Okta != "" && a.Okta == b.Okta
}

// Source tells where the roster came from.
type Source struct {
	File   string   `json:"file,omitempty"`   // name of the file; "" for a command
	SHA256 Digest   `json:"sha256,omitempty"` // of the bytes that were read
	Bytes  int64    `json:"bytes,omitempty"`
	TS     string   `json:"ts,omitempty"`     // the upload's message
	Column string   `json:"column,omitempty"` // header of the column that was used; "" without header
	Format string   `json:"format,omitempty"` // "CSV with semicolons, Windows-1252"
	Group  string   `json:"group,omitempty"`  // name of the Okta group whose members are meant; then no rows are recorded
	Search string   `json:"search,omitempty"` // Okta search expression of the users who are meant; then no rows are recorded
	Filter string   `json:"filter,omitempty"` // the same in Okta's filter language, of an export
	Query  string   `json:"q,omitempty"`      // the start of a name or an e-mail, of an export
	Notes  []string `json:"notes,omitempty"`  // what was odd about the file, sentences for people
	Chosen int      `json:"chosen,omitempty"` // number of the column that the uploader chose, from 1; 0: nothing was asked
	Result ID       `json:"result,omitempty"` // the request whose result file this is: the users that it reset are skipped
	Anyway bool     `json:"anyway,omitempty"` // of a result file: the users that it reset are reset again ("again")
}

// Asks reports whether Okta is asked who is meant, instead of rows that name users.
func (s Source) Asks() bool {
	return s.Group != "" || s.Search != "" || s.Filter != "" || s.Query != ""
}

// Terms are the policy's answers for this request, fixed when the plan is frozen.
type Terms struct {
	Approvals     int           `json:"approvals"`            // different persons who must agree
	From          []Quorum      `json:"from,omitempty"`       // one approval from each, by different persons
	Large         bool          `json:"large,omitempty"`      // a large batch, counting what the requester asked for within a day
	Recent        int           `json:"recent,omitempty"`     // those other targets of the requester's
	Confirm       int           `json:"confirm,omitempty"`    // the number that an approver must type; 0: none
	Waves         []int         `json:"waves,omitempty"`      // targets of each wave of the run; what is left comes after them
	Able          int           `json:"able,omitempty"`       // how many people may approve this request; 0: not known
	StepUp        bool          `json:"step_up,omitempty"`    // each approval takes an answer in Okta Verify
	Confirmers    *int          `json:"confirmers,omitempty"` // how many of Able can give that; nil: not known
	ExecuteWithin time.Duration `json:"execute_within"`
}

// Quorum is a set of people; one of them must approve.
type Quorum struct {
	Name    string   `json:"name"`    // for people: "break-glass approvers", or the user group's handle
	Members []string `json:"members"` // Slack users and user groups, Okta groups
}

// Report is an affected user's word that a reset was not wanted.
type Report struct {
	Row int       `json:"row"`
	By  Person    `json:"by"` // "" where the user told Okta
	At  time.Time `json:"at"`

	Okta  UserID `json:"okta,omitempty"` // who told Okta ("Report suspicious activity")
	Login string `json:"login,omitempty"`
}

// Decision is one person's decision on one plan digest.
type Decision struct {
	By     Person    `json:"by"`
	Okta   UserID    `json:"okta,omitempty"` // the one Okta user with the person's verified e-mail
	Login  string    `json:"login,omitempty"`
	From   []int     `json:"from,omitempty"` // indices into Terms.From that the person belongs to
	At     time.Time `json:"at"`
	Digest Digest    `json:"digest"`
	Why    string    `json:"why,omitempty"`     // of a denial, or why an approval fell away
	StepUp *StepUp   `json:"step_up,omitempty"` // what the person confirmed it by; nil: by the Slack account alone
}

// Totals are the outcome counts of a settled request; they add up to its rows.
type Totals struct {
	ByOutcome map[Outcome]int `json:"by_outcome"`
	ByReason  map[Reason]int  `json:"by_reason,omitempty"`
	Proofs    map[Proof]int   `json:"proofs,omitempty"`
	Needs     []Need          `json:"needs,omitempty"` // the first users who need somebody
}

// Need is a user for which somebody has to do something after a run.
type Need struct {
	Row    int    `json:"row"`
	Login  string `json:"login"`
	Reason Reason `json:"reason"`
}

// ExecuteBy is when an approved request lapses; zero before it is approved.
func (r *Request) ExecuteBy() time.Time {
	if r.ApprovedAt.IsZero() {
		return time.Time{}
	}
	t := r.ApprovedAt
	if r.Asked.NotTill.After(t) {
		t = r.Asked.NotTill
	}
	return t.Add(r.Terms.ExecuteWithin)
}

// HasRun reports whether the request ever began to run.
func (r *Request) HasRun() bool { return !r.StartedAt.IsZero() }
