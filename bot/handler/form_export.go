package handler

import (
	"cmp"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/event"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// Schema lists what is known of users in the org, for the columns of an export.
type Schema interface {
	Attributes(ctx context.Context) ([]view.Attribute, error)
}

// schemaLife is how long the attributes of the org are taken for known.
const schemaLife = 10 * time.Minute

// attributes remembers the org's attributes, which change once in months.
type attributes struct {
	mu   sync.Mutex
	all  []view.Attribute
	till time.Time
}

// known returns the attributes; partial says that the org's own could not be read in time.
// Where the schema is nil only those of every org are known.
func (s *attributes) known(ctx context.Context, from Schema, now time.Time) (all []view.Attribute, partial bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.till) {
		return s.all, false
	}
	if from == nil {
		return everyOrg(), true
	}
	got, err := from.Attributes(ctx)
	switch {
	case err == nil && len(got) > 0:
		s.all, s.till = got, now.Add(schemaLife)
		return got, false
	case s.all != nil:
		return s.all, false
	}
	return everyOrg(), true
}

// everyOrg are attributes of Okta's own, which every org has (developer.okta.com,
// "Default profile properties" of the Users API).
func everyOrg() []view.Attribute {
	names := []string{
		"login", "email", "firstName", "lastName", "displayName", "department", "title", "manager", "employeeNumber", "organization",
		"division", "costCenter", "userType", "city", "state", "countryCode", "mobilePhone", "primaryPhone", "secondEmail", "locale", "timezone",
	}
	all := make([]view.Attribute, 0, len(names))
	for _, n := range names {
		all = append(all, view.Attribute{Name: n, Title: n})
	}
	return all
}

// exportModal opens the form for an export.
func (l *Handler) exportModal(ctx context.Context, a *event.Event) (slack.ModalViewRequest, error) {
	f, err := l.newForm(ctx, a)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	f.Whom = view.WhomSearch
	return l.exportForm(ctx, f), nil
}

// exportForm asks for the attributes for as long as the modal may wait for them.
func (l *Handler) exportForm(ctx context.Context, f view.Frame) slack.ModalViewRequest {
	ctx, cancel := context.WithTimeout(ctx, modalTime/3)
	defer cancel()
	all, partial := l.columns.known(ctx, l.Schema, l.Now())
	return view.ExportModal(f, all, partial)
}

// Suggest returns the choices for what is typed into a field that has too many to list.
func (l *Handler) Suggest(ctx context.Context, a *event.Event) []*slack.OptionBlockObject {
	if a.Action != view.FieldColumns {
		return []*slack.OptionBlockObject{}
	}
	all, _ := l.columns.known(ctx, l.Schema, l.Now())
	return fitting(view.FoundColumns(all, a.Value))
}

// mostOffered is how many bytes of choices an acknowledgement carries: Slack
// drops one of 20 KB or more without a word.
const mostOffered = 16 << 10

// fitting returns the first choices, as many as an acknowledgement has room for.
func fitting(all []*slack.OptionBlockObject) []*slack.OptionBlockObject {
	size, fit := 0, []*slack.OptionBlockObject{}
	for _, o := range all {
		raw, err := json.Marshal(o)
		if size += len(raw) + 1; err != nil || size > mostOffered {
			break
		}
		fit = append(fit, o)
	}
	return fit
}

// checkExport says what is wrong with an export form.
func (l *Handler) checkExport(ctx context.Context, a *event.Event) map[string]string {
	f, err := a.Frame()
	if err != nil {
		return map[string]string{view.FieldWhom: outOfDate}
	}
	o, wrong := exportOf(a, f)
	l.checkAsker(ctx, a, o.Reason, view.FieldWhom, wrong)
	return wrong
}

// exportOf reads an export form, and says by field what is wrong with it.
func exportOf(a *event.Event, f view.Frame) (order, map[string]string) {
	o := order{Command: roster.Command{Verb: roster.VerbExport, Reason: a.Typed(view.FieldReason)}}
	wrong := map[string]string{}
	if words := o.name(a, f.Whom); words != "" {
		wrong[cmp.Or(f.Whom, view.FieldSearch)] = words
	}
	o.Columns = a.Fields[view.FieldColumns].Picked
	if len(o.Columns) == 0 {
		wrong[view.FieldColumns] = "Choose at least one column."
	}
	return o, wrong
}

// exported opens the request of an export form that was checked.
func (l *Handler) exported(ctx context.Context, a *event.Event) (view.Message, error) {
	f, err := a.Frame()
	if err != nil {
		return view.Message{}, err
	}
	o, _ := exportOf(a, f)
	r, err := l.Desk.OpenCommand(ctx, intent(a), o.Command)
	if err != nil {
		return view.Message{}, err
	}
	return view.Opened(r), nil
}
