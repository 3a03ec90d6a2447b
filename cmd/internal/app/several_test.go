package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
	"factorbot/store"
)

// Before a process leads it asks Okta nothing.
func TestStandby(t *testing.T) {
	s := &standby{}
	for name, ask := range map[string]func() error{
		"UsersByEmail": func() error { _, err := s.UsersByEmail(t.Context(), "ana@example.com"); return err },
		"GroupsOf":     func() error { _, err := s.GroupsOf(t.Context(), "00u"); return err },
		"Resolve":      func() error { _, err := s.Resolve(t.Context(), nil, nil); return err },
		"Schema":       func() error { _, err := s.Schema(t.Context()); return err },
		"Devices":      func() error { _, err := s.Devices(t.Context(), "00u"); return err },
		"Challenge":    func() error { _, err := s.Challenge(t.Context(), "00u", "opf"); return err },
		"Answer":       func() error { _, err := s.Answer(t.Context(), "00u", "opf", "1"); return err },
		"GroupMembers": func() error { return first(s.GroupMembers(t.Context(), "00g")) },
	} {
		if err := ask(); !errors.Is(err, errStandby) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, known := s.Clock(); known {
		t.Error("Okta's clock is known")
	}
}

func first(users iter.Seq2[okta.User, error]) error {
	for _, err := range users {
		return err
	}
	return nil
}

// onStandby are people of a process that does not lead: Slack knows them, and Okta is not asked.
type onStandby struct{ desk.People }

func (onStandby) Member(_ context.Context, id reset.Person) (policy.Person, error) {
	return policy.Person{ID: id, At: time.Now()}, nil
}

func (onStandby) Known(context.Context, reset.Person) (policy.Person, error) {
	return policy.Person{}, &desk.AwayError{Service: "Okta", Err: errStandby}
}

func (onStandby) Person(context.Context, reset.Person) (policy.Person, error) {
	return policy.Person{}, &desk.AwayError{Service: "Okta", Err: errStandby}
}

func (onStandby) InChannel(context.Context, reset.Channel, reset.Person) (bool, error) {
	return true, nil
}

// pendingRecord has one request that waits for approval.
type pendingRecord struct{ desk.Record }

func (pendingRecord) Get(context.Context, reset.ID) (*reset.Request, error) {
	return &reset.Request{ID: "FR-1", State: reset.Pending, Plan: reset.Plan{Digest: "0123456789ab"}, Asked: reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS"}}, nil
}

// Who may approve by an Okta group alone gets the form of a process that does not lead;
// the process that leads judges what they submit.
func TestDeskOf_MayDecide(t *testing.T) {
	rules := policy.Rules{Channels: []reset.Channel{"C_FACTORS"}}
	rules.Approvers.OktaGroups = []string{"00gapprovers"}
	d := &desk.Desk{Record: pendingRecord{}, People: onStandby{}, Rules: func() policy.Rules { return rules }, Now: time.Now}
	in := desk.Intent{By: "U_APPROVER1", Request: "FR-1", Digest: "0123456789ab"}
	if _, err := d.MayDecide(t.Context(), in); !errors.Is(err, errStandby) {
		t.Fatalf("the desk knows: %v", err)
	}
	if r, err := (deskOf{Desk: d}).MayDecide(t.Context(), in); err != nil || r.ID != "FR-1" {
		t.Errorf("no form: %v", err)
	}
	in.Digest = "fedcba987654"
	if _, err := (deskOf{Desk: d}).MayDecide(t.Context(), in); !errors.Is(err, reset.ErrOtherPlan) {
		t.Errorf("the form of another plan: %v", err)
	}
}

// What a process goes back to following for, and what ends it.
func TestPasses(t *testing.T) {
	for err, want := range map[error]bool{
		store.ErrLost: true, store.ErrAway: true, store.ErrUnknown: true,
		&store.OrgError{}: false, &store.SchemaError{}: false, errors.New("listener: ended by itself"): false,
	} {
		if passes(fmt.Errorf("lead: %w", err)) != want {
			t.Errorf("%v passes: %t", err, !want)
		}
	}
}
