package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// OpenAsk is a roster that was dropped or typed, or why it could not be read.
type OpenAsk struct {
	Reason  string
	Source  reset.Source
	Options reset.Options  // what the person asks for; the policy adds its own
	Roster  *roster.Roster // nil if Refusal is set, or the source is a group or a search
	Refusal *roster.Error

	Kind    reset.Kind
	Columns []string  // of an export
	NotTill time.Time // not started before this; zero: as soon as it is approved
	Again   reset.ID  // the request whose rows these are, once more
	At      string    // in the place of NotTill, as typed: "tomorrow 07:00"
}

// MayAsk judges whether the person may make a request in the channel, whatever it holds.
func (d *Desk) MayAsk(ctx context.Context, in Intent, reason string) error {
	return d.admit(ctx, in, &OpenAsk{Reason: reason})
}

// admit judges whether the person may ask, and reads when what is asked for may start. It
// is read at once: what is asked of Slack and Okta afterwards takes time, and "16:30"
// would be over.
func (d *Desk) admit(ctx context.Context, in Intent, ask *OpenAsk) error {
	p, err := d.asker(ctx, in)
	if err != nil {
		return err
	}
	rules := d.Rules()
	if err := rules.MayAsk(p, in.Channel, ask.Reason); err != nil {
		return err
	}
	if rules.Requesters.Empty() {
		member, err := d.inChannel(ctx, in.Channel, p.ID)
		if err == nil {
			err = rules.CheckMember(member)
		}
		if err != nil {
			return err
		}
	}
	if ask.At != "" {
		ask.NotTill, err = roster.ParseWhen(ask.At, d.Now().In(zoneOf(p)))
	}
	return err
}

// Open records a request. It comes back in planning, or in rejected where the
// roster cannot be used. A person who may not ask gets a *policy.Refusal and
// nothing is recorded. The same op gives the request that exists.
func (d *Desk) Open(ctx context.Context, in Intent, ask OpenAsk) (*reset.Request, error) {
	if err := d.admit(ctx, in, &ask); err != nil {
		return nil, err
	}
	if ask.Refusal == nil && ask.Roster != nil && ask.Roster.Own != nil {
		var err error
		if ask.Source.Result, err = d.resultOf(ctx, ask.Source, ask.Roster.Own); err != nil {
			return nil, err
		}
	}
	return d.open(ctx, in, ask)
}

// open records what somebody who may ask asks for.
func (d *Desk) open(ctx context.Context, in Intent, ask OpenAsk) (*reset.Request, error) {
	if ask.NotTill.After(d.Now().Add(roster.Farthest)) {
		return nil, refuse(roster.CodeWhen, "That's too far ahead: 30 days is the limit.")
	}
	if ask.Options.BreakGlass {
		if err := d.Rules().MayBreakGlass(); err != nil {
			return nil, err
		}
	}
	a := reset.Ask{
		Kind: ask.Kind, By: in.By, Okta: d.oktaOf(ctx, in.By), Team: in.Team, Channel: in.Channel, At: d.Now(),
		Reason: ask.Reason, Source: ask.Source, Options: required(ask, d.Rules()),
		NotTill: ask.NotTill, Again: ask.Again, Columns: ask.Columns,
	}
	var rows []reset.Row // of a group or a search the runner lists the users
	if ask.Roster != nil {
		rows = ask.Roster.Rows
	}
	r, f := reset.Open(d.Org, a, len(rows))
	if code, why := d.unusable(ask); code != "" {
		rows = nil
		r, f = reset.OpenRejected(d.Org, a, code, why)
	}
	made, err := d.Record.Create(ctx, in.Op, r, slices.Values(rows), f)
	if err != nil {
		return nil, fmt.Errorf("record the request: %w", err)
	}
	return made, nil
}

// required adds to what a person asks for what the policy always does. Okta can
// forget a number only with the factor that it deletes by itself
// (DELETE /factors/{id}?removeRecoveryEnrollment=true), so not with a reset of all.
func required(ask OpenAsk, rules policy.Rules) reset.Options {
	if ask.Kind == reset.KindExport {
		return reset.Options{}
	}
	o := ask.Options
	phones := slices.Contains(o.Factors, "sms") || slices.Contains(o.Factors, "call")
	o.RevokeSessions = o.RevokeSessions || rules.RevokeSessions
	o.ForgetPhones = phones && (o.ForgetPhones || rules.ForgetPhones)
	o.DryRun = o.DryRun || rules.DryRun
	o.TellUsers = !o.DryRun && (o.TellUsers || rules.TellUsers)
	return o
}

// unusable says why a roster is refused at once: a code and a sentence.
func (d *Desk) unusable(ask OpenAsk) (code, why string) {
	switch {
	case ask.Refusal != nil:
		return ask.Refusal.Code, ask.Refusal.Words
	case ask.Source.Asks():
		return "", ""
	case ask.Roster == nil || len(ask.Roster.Rows) == 0:
		return "no_roster", "Nobody was named. Name users after the command, or drop a CSV with a column of Okta user IDs, logins or e-mails."
	}
	if refusal, ok := errors.AsType[*policy.Refusal](d.Rules().CheckSize(ask.Roster.Users())); ok {
		return refusal.Code, refusal.Words
	}
	return "", ""
}

// oktaTime bounds the question which Okta user a requester is. Without an
// answer the request opens anyway: the question is asked again at each decision.
const oktaTime = 2 * time.Second

// oktaOf returns the one Okta user that the requester is, "" where that is not known.
func (d *Desk) oktaOf(ctx context.Context, by reset.Person) reset.UserID {
	ctx, cancel := context.WithTimeout(ctx, oktaTime)
	defer cancel()
	p, err := d.People.Known(ctx, by)
	if err != nil || p.Okta == nil {
		return ""
	}
	return p.Okta.ID
}
