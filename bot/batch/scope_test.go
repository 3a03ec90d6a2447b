package batch

import (
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// Which factors a request for single factors deletes: never one that was not there before
// our first call.
func TestScope_means(t *testing.T) {
	first := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sms := okta.Factor{ID: "sms1", Type: "sms", Provider: "OKTA", Created: first.Add(-time.Hour)}
	totp := okta.Factor{ID: "ost1", Type: "token:software:totp", Provider: "GOOGLE", Created: first.Add(-time.Hour)}
	enrolled := okta.Factor{ID: "sms2", Type: "sms", Provider: "OKTA", Created: first.Add(time.Second)}
	atThatMoment := okta.Factor{ID: "sms3", Type: "sms", Provider: "OKTA", Created: first}
	cases := []struct {
		name   string
		factor okta.Factor
		listed []string
		first  time.Time
		want   bool
	}{
		{"named by its type", sms, nil, time.Time{}, true},
		{"named by type and provider", totp, nil, time.Time{}, true},
		{"another type", okta.Factor{ID: "opf1", Type: "push", Created: sms.Created}, nil, time.Time{}, false},
		{"of another provider", okta.Factor{ID: "ost2", Type: totp.Type, Provider: "OKTA", Created: totp.Created}, nil, time.Time{}, false},
		{"before the first call, when it was made", sms, nil, first, true},
		{"at the moment of the first call", atThatMoment, nil, first, true},
		{"enrolled after the first call", enrolled, nil, first, false},
		{"enrolled before any call", enrolled, nil, time.Time{}, true},
		{"listed at the first call", sms, []string{"sms1"}, first, true},
		{"listed at the first call, by a clock that was set", enrolled, []string{"sms2"}, first, true},
		{"not listed at the first call, whatever time it bears", sms, []string{"sms9"}, first, false},
	}
	s := scope{Factors: []string{"sms", "token:software:totp@GOOGLE"}}
	for _, c := range cases {
		if got := s.means(c.factor, c.listed, c.first); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

// A factor that should be gone and is still listed shows that a call did not take.
func TestScope_remains(t *testing.T) {
	first := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sent := first.Add(time.Minute)
	between, after := first.Add(time.Second), sent.Add(time.Second)
	cases := []struct {
		name   string
		named  []string
		factor okta.Factor
		want   bool
	}{
		{"all: older than the last call", nil, okta.Factor{Type: "push", Created: between}, true},
		{"all: enrolled since", nil, okta.Factor{Type: "push", Created: after}, false},
		{"all: an e-mail outlives a reset", nil, okta.Factor{Type: "email", Created: between}, false},
		{"some: older than the first call", []string{"push"}, okta.Factor{Type: "push", Created: first.Add(-time.Second)}, true},
		{"some: enrolled after the first call", []string{"push"}, okta.Factor{Type: "push", Created: between}, false},
		{"some: an e-mail that the request names", []string{"email"}, okta.Factor{Type: "email", Created: first.Add(-time.Second)}, true},
		{"some: one that it does not name", []string{"sms"}, okta.Factor{Type: "push", Created: first.Add(-time.Second)}, false},
	}
	for _, c := range cases {
		if got := (scope{Factors: c.named}).remains([]okta.Factor{c.factor}, nil, first, sent); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
	if (scope{}).remains(nil, nil, first, sent) {
		t.Error("of no factor one remains")
	}
}

func TestScope_result(t *testing.T) {
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p := reset.Progress{Began: began, Sent: &reset.Attempt{OktaAt: began.Add(time.Minute)}}
	all, some := scope{}, scope{Factors: []string{"sms", "call"}, ForgetPhones: true}
	if at := all.actedAt(p); !at.Equal(p.Sent.OktaAt) {
		t.Errorf("a reset of all factors acted at %s", at)
	}
	if at := some.actedAt(p); !at.Equal(began) { // several calls
		t.Errorf("deletions acted since %s", at)
	}
	user := reset.Target{Row: 1, User: "00uuser0000000000000", Read: true, Factors: []string{"sms", "push", "push"}}
	if got := all.removed(user, []string{"push"}); !slices.Equal(got, []string{"push"}) {
		t.Errorf("the log names push, and removed are %v", got)
	}
	if got := all.removed(user, nil); !slices.Equal(got, []string{"push", "sms"}) {
		t.Errorf("the plan names push and sms, and removed are %v", got)
	}
	if got := some.removed(user, []string{"push"}); got != nil {
		t.Errorf("each deletion named its factor, and %v again", got)
	}
	for _, kind := range []string{"sms", "call"} {
		if !some.forgets(kind) || all.forgets(kind) {
			t.Errorf("%s: forgotten %t, unasked %t", kind, some.forgets(kind), all.forgets(kind))
		}
	}
	if some.forgets("push") {
		t.Error("a push has no phone number")
	}
	if e := all.whole(user); e.Outcome != reset.OutcomeReset || e.Reason != "" || !e.Touched || *e.Step != *resetOf(user) {
		t.Errorf("%+v", e)
	}
	if e := all.whole(reset.Target{Read: true}); e.Reason != reset.AlreadyClear {
		t.Errorf("nothing was listed: %+v", e)
	}
	if e := all.whole(reset.Target{}); e.Reason != "" {
		t.Errorf("nobody has looked: %+v", e)
	}
}
