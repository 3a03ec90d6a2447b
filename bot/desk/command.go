package desk

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// OpenCommand records a request that was typed: a reset, a dry run, a reset of
// protected users too, or an export. Mentions become the persons' e-mails; the
// members of a group and what a search finds are read when it is planned. All its questions
// about people together have peopleTime.
func (d *Desk) OpenCommand(ctx context.Context, in Intent, c roster.Command) (*reset.Request, error) {
	ask, err := asked(c)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	if err := d.admit(short, in, &ask); err != nil {
		return nil, err
	}
	if !ask.Source.Asks() {
		rows, err := d.rows(short, c.Users)
		if err != nil {
			return nil, err
		}
		ask.Roster = &roster.Roster{Rows: rows}
	}
	return d.open(ctx, in, ask)
}

// zoneOf is the person's time zone, UTC where Slack shows none that is known.
func zoneOf(p policy.Person) *time.Location {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil || p.Zone == "Local" {
		return time.UTC
	}
	return zone
}

// asked reads off a command what does not depend on who asks.
func asked(c roster.Command) (OpenAsk, error) {
	ask := OpenAsk{Reason: c.Reason, NotTill: c.NotTill, At: c.At}
	if len(c.Users) == 0 {
		return ask, refuse("no_roster", "Name users first, then `because` and the reason.")
	}
	var err error
	if ask.Source, err = sourceOf(c); err != nil {
		return ask, err
	}
	if c.Verb == roster.VerbExport {
		ask.Kind = reset.KindExport
		ask.Columns, err = columns(c)
		return ask, err
	}
	if len(c.Columns) > 0 {
		return ask, unserved("`columns:` is for exports: `/factor-reset export group:\"NAME\" columns:id,login because ...`. Leave it out.")
	}
	factors, err := roster.FactorTypes(c.Factors)
	ask.Options = reset.Options{Factors: factors, RevokeSessions: c.RevokeSessions, TellUsers: c.TellUsers}
	switch c.Verb {
	case roster.VerbReset:
	case roster.VerbDryRun:
		ask.Options.DryRun = true
	case roster.VerbBreakGlass:
		ask.Options.BreakGlass = true
	default:
		return ask, unserved("`%s` doesn't name users. See `/factor-reset help`.", c.Verb)
	}
	return ask, err
}

func unserved(words string, args ...any) error { return refuse("not_served", words, args...) }

// sourceOf returns what stands for the users, nothing if they are named themselves.
func sourceOf(c roster.Command) (reset.Source, error) {
	export := c.Verb == roster.VerbExport
	var s reset.Source
	for _, u := range c.Users {
		switch u.Kind {
		case roster.UserGroup:
			s.Group = u.Value
		case roster.UserSearch:
			s.Search = u.Value
		case roster.UserFilter:
			s.Filter = u.Value
		case roster.UserQuery:
			s.Query = u.Value
		default:
			if export {
				return s, unserved("An export lists the users that `group:`, `search:`, `filter:` or `q:` finds. Write one of those instead of names.")
			}
		}
		if !export && s.Filter+s.Query != "" {
			return s, unserved("`%s:` only works in an export. To name users, write `search:` and an Okta search expression.", u.Kind)
		}
	}
	if s.Asks() && len(c.Users) > 1 {
		return s, refuse("not_alone", "A group or search can't be mixed with other users. Ask for them separately.")
	}
	return s, nil
}

// column is the shape of a profile attribute's name in Okta.
var column = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// most columns that an export may have.
const mostColumns = 50

// columns are those of an export, in the order of the file.
func columns(c roster.Command) ([]string, error) {
	if len(c.Factors) > 0 || c.RevokeSessions || c.TellUsers {
		return nil, unserved("An export resets nobody. Leave `factors:` and `sessions:` out.")
	}
	if len(c.Columns) == 0 {
		return []string{"id", "status", "login", "email"}, nil
	}
	var all []string
	for _, name := range c.Columns {
		switch {
		case !column.MatchString(name):
			return nil, unserved("I don't know one of the columns. Use attributes of Okta's user profile, such as `login` or `department`, or `id`, `status`, `factors`.")
		case len(all) == mostColumns:
			return nil, unserved("An export can have %s. Name fewer.", reset.Plural(mostColumns, "column"))
		case !slices.Contains(all, name):
			all = append(all, name)
		}
	}
	return all, nil
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
	if errors.Is(err, reset.ErrNoPerson) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the e-mail of %s: %w", p, err)
	}
	return who.Email, nil
}
