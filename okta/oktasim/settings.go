package oktasim

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// settings are what can change while the org runs.
type settings struct {
	RateLimit      int
	Limits         map[string]int
	Window         time.Duration
	TokenShare     int
	TakenByOthers  int
	Concurrency    int
	Latency        time.Duration
	ClockOffset    time.Duration
	LogLag         time.Duration
	SearchLag      time.Duration
	Precision      time.Duration
	EnrolAgain     float64
	EnrolAfter     time.Duration
	Faults         float64
	FaultKinds     faultMix
	FaultsOn       string
	LateBy         time.Duration
	Engine         Engine
	TokenRevoked   bool
	SearchTerms    int
	PushAnswer     string
	PushAfter      time.Duration
	PushWrong      string
	NumberMatching bool
	ClientID       string
	ClientKey      *rsa.PublicKey
	ClientScopes   []string
	DPoP           bool
	DPoPNonce      bool
	Forbidden      []string
	Deleted        []string
	Disabled       []string
}

func newSettings(opt Options) settings {
	return settings{
		RateLimit: opt.RateLimit, Limits: maps.Clone(opt.Limits), Window: opt.Window, TokenShare: opt.TokenShare,
		Concurrency: opt.Concurrency, Latency: opt.Latency, ClockOffset: opt.ClockOffset, LogLag: opt.LogLag,
		SearchLag: opt.SearchLag, Precision: time.Second, EnrolAgain: opt.EnrolAgain, EnrolAfter: opt.EnrolAfter,
		Faults: opt.Faults, FaultsOn: "all", LateBy: 3 * time.Second, Engine: opt.Engine,
		SearchTerms: opt.MaxSearchTerms, PushAnswer: "approve", PushAfter: 3 * time.Second, PushWrong: "reject", NumberMatching: true,
		ClientID: opt.ClientID, ClientKey: opt.ClientKey, ClientScopes: slices.Clone(opt.Scopes), DPoP: opt.DPoP,
	}
}

// check holds settings that were not made by Set to the same rules.
func (s settings) check() error {
	var errs []error
	for key, one := range settingKeys() {
		raw, err := json.Marshal(one.read(&s))
		if err == nil {
			err = one.write(&s, raw)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errors.Join(errs...)
}

// setting is one key of [Org.Set]: where its value lies and what it may be.
type setting struct {
	read  func(*settings) any
	write func(*settings, json.RawMessage) error
}

// settingKeys are the keys of [Org.Set] and [Org.Settings].
func settingKeys() map[string]setting {
	return map[string]setting{
		"rate_limit":        whole(func(s *settings) *int { return &s.RateLimit }, 0, 1e6),
		"limits":            {func(s *settings) any { return s.Limits }, writeLimits},
		"window":            span(func(s *settings) *time.Duration { return &s.Window }, time.Millisecond),
		"token_share":       whole(func(s *settings) *int { return &s.TokenShare }, 0, 100),
		"taken_by_others":   whole(func(s *settings) *int { return &s.TakenByOthers }, 0, 1e6),
		"concurrency":       whole(func(s *settings) *int { return &s.Concurrency }, -1, 1e6),
		"latency":           span(func(s *settings) *time.Duration { return &s.Latency }, 0),
		"clock_offset":      span(func(s *settings) *time.Duration { return &s.ClockOffset }, -24*time.Hour),
		"log_lag":           span(func(s *settings) *time.Duration { return &s.LogLag }, 0),
		"search_lag":        span(func(s *settings) *time.Duration { return &s.SearchLag }, 0),
		"created_precision": span(func(s *settings) *time.Duration { return &s.Precision }, 0),
		"enrol_again":       share(func(s *settings) *float64 { return &s.EnrolAgain }),
		"enrol_after":       span(func(s *settings) *time.Duration { return &s.EnrolAfter }, 0),
		"push_answer":       oneOf(func(s *settings) *string { return &s.PushAnswer }, "approve", "reject", "ignore", "phone"),
		"push_wrong":        oneOf(func(s *settings) *string { return &s.PushWrong }, "reject", "wait"),
		"number_matching":   flag(func(s *settings) *bool { return &s.NumberMatching }),
		"push_after":        span(func(s *settings) *time.Duration { return &s.PushAfter }, 0),
		"faults":            share(func(s *settings) *float64 { return &s.Faults }),
		"fault_kinds":       {func(s *settings) any { return s.FaultKinds }, writeFaultKinds},
		"faults_on":         oneOf(func(s *settings) *string { return &s.FaultsOn }, "all", "reads", "writes"),
		"late_by":           span(func(s *settings) *time.Duration { return &s.LateBy }, 0),
		"engine":            oneOf(func(s *settings) *Engine { return &s.Engine }, Classic, Identity),
		"token_revoked":     flag(func(s *settings) *bool { return &s.TokenRevoked }),
		"max_search_terms":  whole(func(s *settings) *int { return &s.SearchTerms }, 1, 1e6),
		"client_id":         {func(s *settings) any { return s.ClientID }, writeClientID},
		"client_key":        {func(s *settings) any { return publicPEM(s.ClientKey) }, writeClientKey},
		"client_scopes":     {func(s *settings) any { return s.ClientScopes }, writeClientScopes},
		"dpop":              flag(func(s *settings) *bool { return &s.DPoP }),
		"deleted":           {func(s *settings) any { return s.Deleted }, writeDeleted},
		"dpop_nonce":        flag(func(s *settings) *bool { return &s.DPoPNonce }),
		"forbidden":         calls(func(s *settings) *[]string { return &s.Forbidden }),
		"disabled":          calls(func(s *settings) *[]string { return &s.Disabled }),
	}
}

// Set changes settings, all that it knows or, on an error, none; the keys that
// are not the org's come back in unknown. Durations are Go strings ("2s") or
// numbers of seconds, shares are between 0 and 1. The keys:
//
//	rate_limit, limits {bucket: limit}    calls per window, 0: no limit
//	window                                of a bucket, from its next one on
//	token_share                           percent of a bucket for one token, in no header; 0: all
//	taken_by_others                       calls per window and bucket that others make
//	concurrency                           calls in progress at once, -1: no limit
//	latency, log_lag, search_lag          how long things take
//	clock_offset                          how far Okta's clock is ahead
//	created_precision                     what creation times are rounded down to
//	enrol_again, enrol_after              share of the reset people who enrol again, and about when
//	faults, faults_on                     share of the calls that go wrong; all, reads or writes
//	fault_kinds {kind: weight}, late_by   how, see [Fault]; how late what is late is
//	engine                                classic or identity
//	token_revoked                         every token is refused
//	max_search_terms                      comparisons in one search
//	push_answer, push_after               approve, reject or ignore; how soon; phone: who has it answers (answer_push)
//	push_wrong                            what a wrong number leads to: reject or wait
//	number_matching                       the org has number challenges
//	answer_push {push, number | reject}   a person answers on the phone; a deed, not a setting
//	report_suspicious                     login or ID of a user who presses Report suspicious activity; a deed
//	client_id, client_key                 the OAuth service app, and its RSA public key as PEM
//	client_scopes, dpop                   granted to it, null: all; it demands DPoP proofs
//	dpop_nonce                            the API demands nonces in proofs, as the token endpoint does
//	forbidden                             calls beyond the role, such as "GET /api/v1/users/{id}/roles"
//	deleted                               IDs or logins of users who are deleted, for good
//	disabled                              calls that the org does not allow at all (401 E0000015)
func (o *Org) Set(change map[string]json.RawMessage) (unknown []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next, keys := o.set, settingKeys()
	var deeds []func() error
	for _, key := range slices.Sorted(maps.Keys(change)) {
		if do := o.deed(key, change[key]); do != nil {
			deeds = append(deeds, do)
			continue
		}
		s, ok := keys[key]
		if !ok {
			unknown = append(unknown, key)
			continue
		}
		if err := s.write(&next, change[key]); err != nil {
			return nil, fmt.Errorf("set %s: %w", key, err)
		}
	}
	o.set = next
	for _, key := range o.set.Deleted {
		o.delete(o.find(key))
	}
	o.changed()
	for _, do := range deeds {
		if err := do(); err != nil {
			return unknown, err
		}
	}
	return unknown, nil
}

// deed is what somebody does in the org, by the key of [Org.Set]; nil for a setting.
func (o *Org) deed(key string, raw json.RawMessage) func() error {
	switch key {
	case "answer_push":
		return func() error {
			var t tap
			if err := json.Unmarshal(raw, &t); err != nil {
				return fmt.Errorf("set %s: %s is no answer of a phone", key, raw)
			}
			return o.answerPush(t, o.now())
		}
	case "report_suspicious":
		return func() error {
			var who string
			if err := json.Unmarshal(raw, &who); err != nil || o.find(who) == nil {
				return fmt.Errorf("set %s: %s is nobody", key, raw)
			}
			o.reportSuspicious(o.find(who))
			return nil
		}
	}
	return nil
}

// Settings are the present values, by the keys of [Org.Set].
func (o *Org) Settings() map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.settings()
}

func (o *Org) settings() map[string]any {
	all := map[string]any{}
	for key, s := range settingKeys() {
		all[key] = s.read(&o.set)
	}
	return all
}

func whole(field func(*settings) *int, least, most int) setting {
	return setting{func(s *settings) any { return *field(s) }, func(s *settings, raw json.RawMessage) error {
		return into(raw, field(s), func(v int) bool { return v >= least && v <= most }, fmt.Sprintf("a whole number from %d to %d", least, most))
	}}
}

func share(field func(*settings) *float64) setting {
	return setting{func(s *settings) any { return *field(s) }, func(s *settings, raw json.RawMessage) error {
		return into(raw, field(s), func(v float64) bool { return v >= 0 && v <= 1 }, "a number from 0 to 1")
	}}
}

func flag(field func(*settings) *bool) setting {
	return setting{func(s *settings) any { return *field(s) }, func(s *settings, raw json.RawMessage) error {
		return into(raw, field(s), func(bool) bool { return true }, "true or false")
	}}
}

func oneOf[T ~string](field func(*settings) *T, words ...T) setting {
	return setting{func(s *settings) any { return string(*field(s)) }, func(s *settings, raw json.RawMessage) error {
		return into(raw, field(s), func(v T) bool { return slices.Contains(words, v) }, fmt.Sprintf("one of %v", words))
	}}
}

func span(field func(*settings) *time.Duration, least time.Duration) setting {
	return setting{func(s *settings) any { return field(s).String() }, func(s *settings, raw json.RawMessage) error {
		var d time.Duration
		var text string
		var seconds float64
		switch {
		case json.Unmarshal(raw, &text) == nil:
			parsed, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("%s is no duration such as 2s", raw)
			}
			d = parsed
		case json.Unmarshal(raw, &seconds) == nil && seconds > -1e6 && seconds < 1e6:
			d = time.Duration(seconds * float64(time.Second))
		default:
			return fmt.Errorf("%s is no duration such as \"2s\" and no number of seconds", raw)
		}
		if d < least || d > 24*time.Hour {
			return fmt.Errorf("%s is not between %s and a day", d, least)
		}
		*field(s) = d
		return nil
	}}
}

func into[T any](raw json.RawMessage, field *T, ok func(T) bool, want string) error {
	var v T
	if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &v) != nil || !ok(v) {
		return fmt.Errorf("%s is not %s", raw, want)
	}
	*field = v
	return nil
}

func writeLimits(s *settings, raw json.RawMessage) error {
	var limits map[string]int
	if err := json.Unmarshal(raw, &limits); err != nil {
		return fmt.Errorf("%s is no object of bucket to limit", raw)
	}
	s.Limits = limits
	return nil
}

func writeFaultKinds(s *settings, raw json.RawMessage) error {
	var mix faultMix
	if err := json.Unmarshal(raw, &mix); err != nil {
		return fmt.Errorf("%s is no object of kind to weight", raw)
	}
	for kind, weight := range mix {
		if weight < 0 || !slices.Contains(faultKinds, kind) {
			return fmt.Errorf("%q: %v is no kind of fault with a weight; the kinds are %v", kind, weight, faultKinds)
		}
	}
	s.FaultKinds = mix
	return nil
}

func writeDeleted(s *settings, raw json.RawMessage) error {
	var keys []string
	if err := json.Unmarshal(raw, &keys); err != nil {
		return fmt.Errorf("%s is no list of IDs or logins", raw)
	}
	s.Deleted = keys
	return nil
}
