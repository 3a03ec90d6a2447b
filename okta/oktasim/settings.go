package oktasim

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// settings are what can change while the org runs: most of the options, and more.
type settings struct {
	Options
	TakenByOthers  int
	Precision      time.Duration
	FaultKinds     faultMix
	FaultsOn       string
	LateBy         time.Duration
	TokenRevoked   bool
	PushAnswer     string
	PushAfter      time.Duration
	PushWrong      string
	NumberMatching bool
	DPoPNonce      bool
	Forbidden      []string
	Deleted        []string
	Disabled       []string
}

func newSettings(opt Options) settings {
	opt.Limits, opt.Scopes = maps.Clone(opt.Limits), slices.Clone(opt.Scopes)
	return settings{
		Options: opt, Precision: time.Second, FaultsOn: "all", LateBy: 3 * time.Second,
		PushAnswer: "approve", PushAfter: 3 * time.Second, PushWrong: "reject", NumberMatching: true,
	}
}

// check holds settings that were not made by Set to the same rules.
func (s settings) check() error {
	var errs []error
	for key, one := range s.keys() {
		raw, err := json.Marshal(one.value)
		if err == nil {
			err = one.write(raw)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errors.Join(errs...)
}

// setting is one key of [Org.Set]: its value, as it is read, and how it is written.
type setting struct {
	value any
	write func(json.RawMessage) error
}

// keys are the keys of [Org.Set] and [Org.Settings].
func (s *settings) keys() map[string]setting {
	return map[string]setting{
		"rate_limit":        whole(&s.RateLimit, 0, 1e6),
		"limits":            anyOf(&s.Limits, "no object of bucket to limit"),
		"window":            span(&s.Window, time.Millisecond),
		"token_share":       whole(&s.TokenShare, 0, 100),
		"taken_by_others":   whole(&s.TakenByOthers, 0, 1e6),
		"concurrency":       whole(&s.Concurrency, -1, 1e6),
		"latency":           span(&s.Latency, 0),
		"clock_offset":      span(&s.ClockOffset, -24*time.Hour),
		"log_lag":           span(&s.LogLag, 0),
		"search_lag":        span(&s.SearchLag, 0),
		"created_precision": span(&s.Precision, 0),
		"enrol_again":       share(&s.EnrolAgain),
		"enrol_after":       span(&s.EnrolAfter, 0),
		"push_answer":       oneOf(&s.PushAnswer, "approve", "reject", "ignore", "phone"),
		"push_wrong":        oneOf(&s.PushWrong, "reject", "wait"),
		"number_matching":   flag(&s.NumberMatching),
		"push_after":        span(&s.PushAfter, 0),
		"faults":            share(&s.Faults),
		"fault_kinds":       {s.FaultKinds, s.writeFaultKinds},
		"faults_on":         oneOf(&s.FaultsOn, "all", "reads", "writes"),
		"late_by":           span(&s.LateBy, 0),
		"engine":            oneOf(&s.Engine, Classic, Identity),
		"token_revoked":     flag(&s.TokenRevoked),
		"max_search_terms":  whole(&s.MaxSearchTerms, 1, 1e6),
		"client_id":         given(&s.ClientID, func(string) bool { return true }, "a client ID"),
		"client_key":        {publicPEM(s.ClientKey), s.writeClientKey},
		"client_scopes":     anyOf(&s.Scopes, "no list of scopes"),
		"dpop":              flag(&s.DPoP),
		"deleted":           anyOf(&s.Deleted, "no list of IDs or logins"),
		"dpop_nonce":        flag(&s.DPoPNonce),
		"forbidden":         calls(&s.Forbidden),
		"disabled":          calls(&s.Disabled),
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
//	answer_push {push, number | reject}   a person answers on the phone; an action, not a setting
//	report_suspicious                     login or ID of a user who presses Report suspicious activity; an action
//	client_id, client_key                 the OAuth service app, and its RSA public key as PEM
//	client_scopes, dpop                   granted to it, null: all; it demands DPoP proofs
//	dpop_nonce                            the API demands nonces in proofs, as the token endpoint does
//	forbidden                             calls beyond the role, such as "GET /api/v1/users/{id}/roles"
//	deleted                               IDs or logins of users who are deleted, for good
//	disabled                              calls that the org does not allow at all (401 E0000015)
func (o *Org) Set(change map[string]json.RawMessage) (unknown []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := o.set
	keys := next.keys()
	var deeds []func() error
	for _, key := range slices.Sorted(maps.Keys(change)) {
		if do := o.action(key, change[key]); do != nil {
			deeds = append(deeds, do)
			continue
		}
		s, ok := keys[key]
		if !ok {
			unknown = append(unknown, key)
			continue
		}
		if err := s.write(change[key]); err != nil {
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

// action is what somebody does in the org, by the key of [Org.Set]; nil for a setting.
func (o *Org) action(key string, raw json.RawMessage) func() error {
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
	for key, s := range o.set.keys() {
		all[key] = s.value
	}
	return all
}

func whole(field *int, least, most int) setting {
	return given(field, func(v int) bool { return v >= least && v <= most }, fmt.Sprintf("a whole number from %d to %d", least, most))
}

func share(field *float64) setting {
	return given(field, func(v float64) bool { return v >= 0 && v <= 1 }, "a number from 0 to 1")
}

func flag(field *bool) setting {
	return given(field, func(bool) bool { return true }, "true or false")
}

func oneOf[T ~string](field *T, words ...T) setting {
	s := given(field, func(v T) bool { return slices.Contains(words, v) }, fmt.Sprintf("one of %v", words))
	s.value = string(*field)
	return s
}

// given is a setting that is never null and passes ok, which want puts into words.
func given[T any](field *T, ok func(T) bool, want string) setting {
	return setting{*field, func(raw json.RawMessage) error {
		var v T
		if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &v) != nil || !ok(v) {
			return fmt.Errorf("%s is not %s", raw, want)
		}
		*field = v
		return nil
	}}
}

// anyOf is a setting of which every value will do; otherwise says what it is not.
func anyOf[T any](field *T, otherwise string) setting {
	return setting{*field, func(raw json.RawMessage) error {
		var v T
		if json.Unmarshal(raw, &v) != nil {
			return fmt.Errorf("%s is %s", raw, otherwise)
		}
		*field = v
		return nil
	}}
}

func span(field *time.Duration, least time.Duration) setting {
	return setting{field.String(), func(raw json.RawMessage) error {
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
		*field = d
		return nil
	}}
}

// calls is a setting that is a list of routes by name.
func calls(field *[]string) setting {
	return setting{*field, func(raw json.RawMessage) error {
		var names []string
		if err := json.Unmarshal(raw, &names); err != nil {
			return fmt.Errorf("%s is no list of calls", raw)
		}
		all := routes(nil)
		for _, name := range names {
			if !slices.ContainsFunc(all, func(r route) bool { return r.scope != "" && r.name() == name }) {
				return fmt.Errorf("%q is no call of Okta's here, such as \"GET /api/v1/users/{id}/roles\"", name)
			}
		}
		*field = names
		return nil
	}}
}

func (s *settings) writeFaultKinds(raw json.RawMessage) error {
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

// publicPEM is a public key as its owner keeps it, "" for none.
func publicPEM(key *rsa.PublicKey) string {
	if key == nil {
		return ""
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// writeClientKey takes an RSA public key as PEM (SPKI), or "" for no app.
func (s *settings) writeClientKey(raw json.RawMessage) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return errors.New("not a public key as PEM")
	}
	if text == "" {
		s.ClientKey = nil
		return nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("not a public key as PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("public key: %T is not RSA", key)
	}
	s.ClientKey = public
	return nil
}
