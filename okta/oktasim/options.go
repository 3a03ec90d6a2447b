package oktasim

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"time"
)

// Engine says which of Okta's two authentication engines an org runs on. They
// differ in what survives a reset and in the events that tell it.
type Engine string

// The engines, by the names that the engine setting takes.
const (
	Classic  Engine = "classic"
	Identity Engine = "identity"
)

// Options describe an org. The zero value is an empty Classic org without
// rate limit, latency or faults, whose token is "sandbox-token".
type Options struct {
	Users     int    // generated people beside the given ones
	Given     []User // people that must exist; an empty ID is generated
	AllActive bool   // generated people are all ACTIVE, without roles, with a factor
	Seed      uint64 // the same seed generates the same people

	RateLimit int            // calls per window and bucket; 0: no limit, no rate headers
	Limits    map[string]int // other limits by bucket, such as "/api/v1/logs": 120
	Window    time.Duration  // of a bucket; 0: 60 s

	// Buckets moves calls to other buckets than Okta's map names, as Okta's support does
	// for an org: "GET /api/v1/users/{id}/factors" to a name. FirstWindow is how long the
	// first window of a bucket is, so that windows of several are apart.
	Buckets     map[string]string
	FirstWindow map[string]time.Duration

	TokenShare  int // percent of a bucket that one token may use; 0: all of it
	Concurrency int // calls in progress at once; 0: 75, -1: no limit

	Latency     time.Duration // of every answer, half of it before the effect
	ClockOffset time.Duration // how far Okta's clock is ahead of ours
	LogLag      time.Duration // longest time from an event to its appearance in /logs
	SearchLag   time.Duration // time from a change to its appearance in search
	EnrolAgain  float64       // 0..1, share of the reset users who enrol again
	EnrolAfter  time.Duration // about how long after the reset; 0: 3 s
	Faults      float64       // 0..1, share of the calls that meet a fault

	Engine     Engine            // "": Classic
	GroupRoles map[string]string // role that a group of this name gives its members

	Token     string         // of the SSWS scheme; "": "sandbox-token"
	TokenRole string         // of the token's owner; "": SUPER_ADMIN
	ClientID  string         // OAuth service app; "": none
	ClientKey *rsa.PublicKey // checks the app's client assertions
	Scopes    []string       // granted to the app; nil: every scope that a call here asks for
	DPoP      bool           // the app demands DPoP proofs, as new Okta service apps do

	MaxSearchTerms int  // comparisons in one search; 0: 200
	MaxURL         int  // bytes of path and query; 0: 8192
	KeepCalls      bool // keep every call for [Org.Calls]
}

// User is a person of the org, as given to it and as read back.
type User struct {
	ID         string // ^00u[A-Za-z0-9]{17}$
	Login      string // unique, case ignored
	Email      string // not unique; "": the login
	FirstName  string
	LastName   string
	Department string
	Status     string // "": ACTIVE
	Factors    []Factor
	Groups     []string       // names; what does not exist is made
	Roles      []string       // roles held directly, such as HELP_DESK_ADMIN
	Created    time.Time      // zero: a year ago
	Profile    map[string]any // further profile attributes, by Okta's names
	Resets     int            // how often factors were removed; as read back only
}

// Factor is one enrolment of a person.
type Factor struct {
	ID       string    // 20 characters; "": generated
	Type     string    // Okta's factorType, such as push or token:software:totp
	Provider string    // "": the usual one of the type
	Status   string    // "": ACTIVE
	Created  time.Time // zero: a month after the person, or with them
	Real     time.Time // when it was enrolled by this machine's clock, whatever Okta's says; as read back only
}

const maxPage = 200 // users in one answer (Okta, List all users)

// SmallLimits are the limits a minute of a small tenant, as those recorded in 2025 and
// 2026 have: for every bucket, and other ones for some.
func SmallLimits() (each int, some map[string]int) {
	return 50, map[string]int{"/api/v1/apps": 10}
}

func (opt Options) withDefaults() Options {
	set(&opt.Window, time.Minute)
	set(&opt.Concurrency, 75) // Workforce and Customer Identity orgs (Okta, rate limits, concurrency)
	set(&opt.EnrolAfter, 3*time.Second)
	set(&opt.MaxSearchTerms, 200)
	set(&opt.MaxURL, 8<<10)
	set(&opt.Token, "sandbox-token")
	set(&opt.TokenRole, "SUPER_ADMIN")
	set(&opt.Engine, Classic)
	return opt
}

func set[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

func (opt Options) check() error {
	var errs []error
	if opt.Users < 0 {
		errs = append(errs, fmt.Errorf("users: %d is negative", opt.Users))
	}
	if opt.ClientID != "" && opt.ClientKey == nil {
		errs = append(errs, errors.New("a client ID needs the client's public key"))
	}
	if _, ok := roleLabels[opt.TokenRole]; !ok {
		errs = append(errs, fmt.Errorf("token role: %q is none of Okta's", opt.TokenRole))
	}
	return errors.Join(append(errs, newSettings(opt).check())...)
}
