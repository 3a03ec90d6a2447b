package reset

// Outcome is what became of a target. The four add up to the rows of the roster.
type Outcome string

const (
	OutcomeReset   Outcome = "reset"
	OutcomeSkipped Outcome = "skipped"
	OutcomeFailed  Outcome = "failed"
	OutcomeNotRun  Outcome = "not_run"
)

// Outcomes lists the four in the order in which people read them.
func Outcomes() []Outcome {
	return []Outcome{OutcomeReset, OutcomeSkipped, OutcomeFailed, OutcomeNotRun}
}

// Reason says why a target has its outcome; each belongs to one outcome, none to a plain reset.
type Reason string

const (
	// of OutcomeReset
	AlreadyClear        Reason = "already_clear"
	SessionsNotRevoked  Reason = "sessions_not_revoked"
	SettledAfterRestart Reason = "settled_after_restart"

	// of OutcomeSkipped
	NotFound       Reason = "not_found"
	Ambiguous      Reason = "ambiguous"
	Duplicate      Reason = "duplicate"
	Deprovisioned  Reason = "deprovisioned"
	Staged         Reason = "staged"
	ProtectedAdmin Reason = "protected_admin"
	ProtectedUser  Reason = "protected_user"
	ProtectedGroup Reason = "protected_group"
	InvalidRow     Reason = "invalid_row"
	ResetSincePlan Reason = "reset_since_plan"
	ResetBefore    Reason = "reset_before"
	DryRun         Reason = "dry_run"
	TakenOut       Reason = "taken_out"

	// of OutcomeFailed
	Forbidden         Reason = "forbidden"
	OktaError         Reason = "okta_error"
	EnrolledMeanwhile Reason = "enrolled_meanwhile"

	// of OutcomeNotRun
	NotRunCancelled Reason = "cancelled"
	InOtherRequest  Reason = "in_other_request"
)

// Outcome returns the outcome that the reason belongs to; no reason belongs to a reset.
func (r Reason) Outcome() Outcome {
	switch r {
	case "", AlreadyClear, SessionsNotRevoked, SettledAfterRestart:
		return OutcomeReset
	case Forbidden, OktaError, EnrolledMeanwhile:
		return OutcomeFailed
	case NotRunCancelled, InOtherRequest:
		return OutcomeNotRun
	}
	return OutcomeSkipped
}

// Proof says what showed that a reset took.
type Proof string

const (
	ProofLog     Proof = "log"     // the System Log tells of our call
	ProofFactors Proof = "factors" // no factor older than the call is listed
	ProofNone    Proof = "none"    // sent, answered, not shown by anything
)
