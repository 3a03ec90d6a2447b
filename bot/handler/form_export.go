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

// Schema lists the attributes of users in the org, for the columns of an export.
type Schema interface {
	Attributes(ctx context.Context) ([]view.Attribute, error)
}

// schemaLife is how long the attributes of the org are remembered.
const schemaLife = 10 * time.Minute

// attributes remembers the org's attributes, which seldom change.
type attributes struct {
	mu   sync.Mutex
	all  []view.Attribute
	till time.Time
}

// known returns the attributes; partial says that the org's own could not be read in time.
func (s *attributes) known(ctx context.Context, from Schema, now time.Time) (all []view.Attribute, partial bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.till) {
		return s.all, false
	}
	got, err := from.Attributes(ctx)
	switch {
	case err == nil && len(got) > 0:
		s.all, s.till = got, now.Add(schemaLife)
		return got, false
	case s.all != nil:
		return s.all, false
	}
	return defaultAttributes(), true
}

// defaultAttributes returns attributes that every org has (developer.okta.com,
// "Default profile properties" of the Users API).
func defaultAttributes() []view.Attribute {
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
func (h *Handler) exportModal(ctx context.Context, e *event.Event) (slack.ModalViewRequest, error) {
	f, err := h.newForm(ctx, e)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	f.NamedBy = view.NamedBySearch
	return h.exportForm(ctx, f), nil
}

// exportForm asks Okta for the attributes, for as long as the modal can wait.
func (h *Handler) exportForm(ctx context.Context, f view.Frame) slack.ModalViewRequest {
	ctx, cancel := context.WithTimeout(ctx, modalTime/3)
	defer cancel()
	all, partial := h.columns.known(ctx, h.Schema, h.Now())
	return view.ExportModal(f, all, partial)
}

// Suggest returns the choices for what is typed into a field that has too many to list.
func (h *Handler) Suggest(ctx context.Context, e *event.Event) []*slack.OptionBlockObject {
	if e.Action != view.FieldColumns {
		return []*slack.OptionBlockObject{}
	}
	all, _ := h.columns.known(ctx, h.Schema, h.Now())
	return fitting(view.FoundColumns(all, e.Value))
}

// mostOffered is how many bytes of choices an acknowledgement carries: Slack
// drops one of 20 KB or more without a word.
const mostOffered = 16 << 10

// fitting returns the first choices, as many as fit into an acknowledgement.
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
func (h *Handler) checkExport(ctx context.Context, e *event.Event) map[string]string {
	f, err := e.Frame()
	if err != nil {
		return map[string]string{view.FieldNamedBy: outOfDate}
	}
	o, wrong := exportOf(e, f)
	h.checkAsker(ctx, e, o.Reason, view.FieldNamedBy, wrong)
	return wrong
}

// exportOf reads an export form, and says by field what is wrong with it.
func exportOf(e *event.Event, f view.Frame) (order, map[string]string) {
	o := order{Command: roster.Command{Verb: roster.VerbExport, Reason: e.Typed(view.FieldReason)}}
	wrong := map[string]string{}
	if words := o.name(e, f.NamedBy); words != "" {
		wrong[cmp.Or(f.NamedBy, view.FieldSearch)] = words
	}
	o.Columns = e.Fields[view.FieldColumns].Picked
	if len(o.Columns) == 0 {
		wrong[view.FieldColumns] = "Choose at least one column."
	}
	return o, wrong
}

// openExport opens the request of an export form that was checked.
func (h *Handler) openExport(ctx context.Context, e *event.Event, f view.Frame) (view.Message, error) {
	o, _ := exportOf(e, f)
	return opened(h.Desk.OpenCommand(ctx, intent(e), o.Command))
}
