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
}

// MayAsk judges whether the person may make a request in the channel, whatever it holds.
func (d *Desk) MayAsk(ctx context.Context, in Intent, reason string) error {
	p, err := d.asker(ctx, in)
	if err != nil {
		return err
	}
	return d.Rules().MayAsk(p, in.Channel, reason)
}

// Open records a request. It comes back in planning, or in rejected where the
// roster cannot be used. A person who may not ask gets a *policy.Refusal and
// nothing is recorded. The same op gives the request that exists.
func (d *Desk) Open(ctx context.Context, in Intent, ask OpenAsk) (*reset.Request, error) {
	if err := d.MayAsk(ctx, in, ask.Reason); err != nil {
		return nil, err
	}
	return d.open(ctx, in, ask)
}

func (d *Desk) open(ctx context.Context, in Intent, ask OpenAsk) (*reset.Request, error) {
	a := reset.Ask{
		Kind: ask.Kind, By: in.By, Okta: d.oktaOf(ctx, in.By), Team: in.Team, Channel: in.Channel, At: d.Now(),
		Reason: ask.Reason, Source: ask.Source, Options: required(ask.Options, d.Rules()),
		NotTill: ask.NotTill, Again: ask.Again, Columns: ask.Columns,
	}
	code, why := d.unusable(ask)
	if code != "" {
		r, f := reset.OpenRejected(d.Org, a, 0, code, why)
		return d.create(ctx, in.Op, r, nil, f)
	}
	var rows []reset.Row // of a group or a search the runner lists the users
	if ask.Roster != nil {
		rows = ask.Roster.Rows
	}
	r, f := reset.Open(d.Org, a, len(rows))
	return d.create(ctx, in.Op, r, rows, f)
}

// required adds to what a person asks for what the policy always does. Okta can
// forget a number only with the factor that it deletes by itself
// (DELETE /factors/{id}?removeRecoveryEnrollment=true), so not with a reset of all.
func required(o reset.Options, rules policy.Rules) reset.Options {
	phones := slices.Contains(o.Factors, "sms") || slices.Contains(o.Factors, "call")
	o.RevokeSessions = o.RevokeSessions || rules.RevokeSessions
	o.ForgetPhones = phones && (o.ForgetPhones || rules.ForgetPhones)
	o.DryRun = o.DryRun || rules.DryRun
	return o
}

func (d *Desk) create(ctx context.Context, op string, r *reset.Request, rows []reset.Row, f reset.Fact) (*reset.Request, error) {
	made, err := d.Record.Create(ctx, op, r, slices.Values(rows), f)
	if err != nil {
		return nil, fmt.Errorf("record the request: %w", err)
	}
	return made, nil
}

// unusable says why a roster is refused at once: a code and a sentence.
func (d *Desk) unusable(ask OpenAsk) (code, why string) {
	switch {
	case ask.Refusal != nil:
		return ask.Refusal.Code, ask.Refusal.Words
	case ask.Source.Asks():
		return "", ""
	case ask.Roster == nil || len(ask.Roster.Rows) == 0:
		return "no_roster", "No users were named. Name them after the command, or drop a CSV with a column of user IDs, logins or e-mails."
	}
	var refusal *policy.Refusal
	if err := d.Rules().CheckSize(len(ask.Roster.Rows)); errors.As(err, &refusal) {
		return refusal.Code, refusal.Words
	}
	return "", ""
}

// OpenCommand records a request that was typed. Mentions become the persons'
// e-mails; whom a group or a search means is found when it is planned.
func (d *Desk) OpenCommand(ctx context.Context, in Intent, c roster.Command) (*reset.Request, error) {
	if c.Verb != roster.VerbReset {
		return nil, &policy.Refusal{Code: "unknown_command", Words: fmt.Sprintf("`%s` is not available in this version. `/factor-reset help` says what is.", c.Verb)}
	}
	if err := later(c); err != nil {
		return nil, err
	}
	factors, err := roster.FactorTypes(c.Factors)
	if err != nil {
		return nil, err
	}
	ask := OpenAsk{
		Reason: c.Reason, Source: sourceOf(c.Users),
		Options: reset.Options{Factors: factors, RevokeSessions: c.RevokeSessions, TellUsers: c.TellUsers},
		NotTill: c.NotTill,
	}
	if ask.Source.Asks() {
		return d.Open(ctx, in, ask)
	}
	rows, err := d.named(ctx, in, c)
	if err != nil {
		return nil, err
	}
	ask.Roster = &roster.Roster{Rows: rows}
	return d.open(ctx, in, ask)
}

// named judges who asks and makes the rows. All its questions about people together have peopleTime.
func (d *Desk) named(ctx context.Context, in Intent, c roster.Command) ([]reset.Row, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	if err := d.MayAsk(ctx, in, c.Reason); err != nil {
		return nil, err
	}
	return d.rows(ctx, c.Users)
}

// later refuses what the command language has and this desk does not serve.
func later(c roster.Command) error {
	for _, u := range c.Users {
		switch u.Kind {
		case roster.UserFilter, roster.UserQuery:
			return &policy.Refusal{Code: "not_served", Words: fmt.Sprintf("`%s:` does not name users to reset. Write `search:` and an expression of Okta's search language.", u.Kind)}
		case roster.UserGroup, roster.UserSearch:
			if len(c.Users) > 1 {
				return &policy.Refusal{Code: "not_alone", Words: "A group or a search stands alone in a request. Ask for the others in another one."}
			}
		}
	}
	if c.At != "" || len(c.Columns) > 0 {
		return &policy.Refusal{Code: "not_served", Words: "Resets start when they are approved. Leave `at:` and `columns:` out."}
	}
	return nil
}

// sourceOf returns the group or the search that stands for the users, nothing if they are named themselves.
func sourceOf(users []roster.UserRef) reset.Source {
	switch u := users[0]; u.Kind {
	case roster.UserGroup:
		return reset.Source{Group: u.Value}
	case roster.UserSearch:
		return reset.Source{Search: u.Value}
	}
	return reset.Source{}
}

// rows makes roster rows of what was typed. A mention of somebody without an e-mail is a row with a problem.
func (d *Desk) rows(ctx context.Context, users []roster.UserRef) ([]reset.Row, error) {
	var rows []reset.Row
	for i, u := range users {
		row := roster.RowOf(i+1, u)
		if u.Kind == roster.UserMention {
			email, err := d.emailOf(ctx, reset.Person(u.Value))
			if err != nil {
				return nil, err
			}
			row = roster.RowOfMention(i+1, u, email)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (d *Desk) emailOf(ctx context.Context, p reset.Person) (string, error) {
	who, err := d.People.Account(ctx, p)
	if errors.Is(err, ErrNoPerson) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the e-mail of %s: %w", p, err)
	}
	return who.Email, nil
}

// oktaTime bounds the question which Okta user a requester is. Without an
// answer the request opens all the same: it is asked again at each decision.
const oktaTime = 2 * time.Second

// oktaOf returns the one Okta user that the requester is, "" where that is not known.
func (d *Desk) oktaOf(ctx context.Context, by reset.Person) reset.UserID {
	ctx, cancel := context.WithTimeout(ctx, oktaTime)
	defer cancel()
	all, err := d.People.Persons(ctx, by)
	if err != nil || all[0].Okta == nil {
		return ""
	}
	return all[0].Okta.ID
}
