package runner

import (
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

func TestSettle(t *testing.T) {
	cases := []struct {
		name  string
		e     evidence
		state reset.State
		want  verdict
	}{
		{"the log proves it", evidence{Ours: true}, reset.Running, verdictTook},
		{"the log proves it though something was enrolled", evidence{Ours: true, Listed: true, Enrolled: true}, reset.Running, verdictTook},
		{"the log proves it while paused", evidence{Ours: true}, reset.Paused, verdictTook},
		{"factors not read", evidence{LogOver: true}, reset.Running, verdictWait},
		{"enrolled since, the log may still tell", evidence{Listed: true, Enrolled: true}, reset.Running, verdictWait},
		{"enrolled since, the log is over", evidence{Listed: true, Enrolled: true, LogOver: true}, reset.Running, verdictEnrolled},
		{"enrolled since, an old one too", evidence{Listed: true, Enrolled: true, Old: true, LogOver: true}, reset.Running, verdictEnrolled},
		{"old factor still there", evidence{Listed: true, Old: true}, reset.Running, verdictSend},
		{"an empty list proves nothing", evidence{Listed: true}, reset.Running, verdictSend},
		{"an empty list proves nothing, log over", evidence{Listed: true, LogOver: true}, reset.Running, verdictSend},
		{"paused sends nothing", evidence{Listed: true, Old: true, LogOver: true}, reset.Paused, verdictWait},
		{"verifying sends nothing", evidence{Listed: true, LogOver: true}, reset.Verifying, verdictWait},
		{"stopping waits for the log", evidence{Listed: true, Old: true}, reset.Stopping, verdictWait},
		{"stopping, it has not happened", evidence{Listed: true, Old: true, LogOver: true}, reset.Stopping, verdictNotRun},
		{"stopping, nobody can tell", evidence{Listed: true, LogOver: true}, reset.Stopping, verdictUnknown},
		{"stopping, enrolled since", evidence{Listed: true, Enrolled: true, LogOver: true}, reset.Stopping, verdictEnrolled},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := settle(c.e, c.state); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLook(t *testing.T) {
	attempt := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	before, after := attempt.Add(-time.Hour), attempt.Add(time.Second)
	cases := []struct {
		name     string
		factors  []okta.Factor
		enrolled bool
		old      bool
	}{
		{"none", nil, false, false},
		{"an old push", []okta.Factor{{Type: "push", Created: before}}, false, true},
		{"an old e-mail outlives a reset", []okta.Factor{{Type: "email", Created: before}, {Type: "question", Created: before}}, false, false},
		{"a new push", []okta.Factor{{Type: "push", Created: after}}, true, false},
		{"both", []okta.Factor{{Type: "sms", Created: before}, {Type: "push", Created: after}}, true, true},
		{"at the very moment counts as old", []okta.Factor{{Type: "push", Created: attempt}}, false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var e evidence
			look(&e, c.factors, attempt)
			if !e.Listed || e.Enrolled != c.enrolled || e.Old != c.old {
				t.Fatalf("got %+v", e)
			}
		})
	}
}
