package desk

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// Doubt asks the uploader which column names the users, where another one leads
// to other users of Okta than the one that would be used. It returns nil where
// nothing is to be asked. Where Okta cannot be asked, the uploader is.
func (d *Desk) Doubt(ctx context.Context, ros *roster.Roster) (*roster.Question, error) {
	if len(ros.Doubts) == 0 { // of a roster that asks already nothing is in doubt
		return ros.Ask, nil
	}
	short, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	lead, err := d.leads(short, ros.Doubts)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, doubt := range ros.Doubts {
		switch {
		case err != nil:
			return &roster.Question{Words: roster.ColumnWords(doubt.Column) + " may name other users, and Okta can't be asked just now.", Columns: ros.Choices}, nil
		case doubt.Leads(lead):
			return &roster.Question{Words: roster.ColumnWords(doubt.Column) + " names other Okta users.", Columns: ros.Choices}, nil
		}
	}
	return nil, nil
}

// leads looks all references of some doubts up, each once.
func (d *Desk) leads(ctx context.Context, doubts []roster.Doubt) (func(...reset.Ref) reset.UserID, error) {
	name := func(r reset.Ref) reset.Ref { return reset.Ref{Kind: r.Kind, Value: r.Value} }
	known := map[reset.Ref]reset.UserID{}
	var refs []reset.Ref
	add := func(r reset.Ref) {
		if _, ok := known[name(r)]; !ok {
			known[name(r)] = ""
			refs = append(refs, r)
		}
	}
	for _, doubt := range doubts {
		for _, p := range doubt.Probes {
			for _, r := range p.Own {
				add(r)
			}
			add(p.Other)
		}
	}
	users, err := d.Users.Lead(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("look up the users that the columns name: %w", err)
	}
	for i, r := range refs {
		known[name(r)] = users[i]
	}
	return func(refs ...reset.Ref) reset.UserID {
		for _, r := range refs {
			if user := known[name(r)]; user != "" {
				return user
			}
		}
		return ""
	}, nil
}

// ownName is a file's name as this program gives it, or as a browser that has such a file already.
var ownName = regexp.MustCompile(`^(FR-[1-9][0-9]*)-(?:plan(?:-[1-9][0-9]*)?|results)(?: ?\([0-9]+\)| - Copy)*\.(?:csv|xlsx|txt)$`)

// resultOf finds the request whose result file was dropped back, by the file's
// name, else by the calls in it. A plan file of a request that is not known is a
// list like any other; of a result file nobody is reset before it is known who
// was reset already.
func (d *Desk) resultOf(ctx context.Context, src reset.Source, own *roster.OwnFile) (reset.ID, error) {
	calls := map[string]bool{}
	for _, c := range own.Calls {
		calls[c] = true
	}
	delete(calls, "")
	if m := ownName.FindStringSubmatch(src.File); m != nil {
		r, err := d.Record.Get(ctx, reset.ID(m[1]))
		if err == nil && r.HasRun() && (!own.Results || len(calls) == 0 || d.called(ctx, r, calls)) {
			return r.ID, nil
		}
		if err != nil && !errors.Is(err, reset.ErrNotFound) {
			return "", fmt.Errorf("look for the request of a result file: %w", err)
		}
	}
	if !own.Results || src.Anyway {
		return "", nil
	}
	for r, err := range d.Record.Requests(ctx, reset.Query{}) {
		if err != nil {
			return "", fmt.Errorf("look for the request of a result file: %w", err)
		}
		if r.HasRun() && d.called(ctx, r, calls) {
			return r.ID, nil
		}
	}
	return "", refuse("unknown_results", "This is a result file of a request that I don't know, so I can't tell who was already reset. "+
		"To reset everybody in it, drop it again with a message that starts with the word again. Or leave only the column that names the users.")
}

// called reports whether the log of a request has one of a result file's calls.
func (d *Desk) called(ctx context.Context, r *reset.Request, calls map[string]bool) bool {
	if len(calls) == 0 {
		return false
	}
	for e, err := range d.Plans.Log(ctx, r.ID, 1) {
		if err != nil {
			return false
		}
		if calls[e.RequestID] {
			return true
		}
	}
	return false
}
