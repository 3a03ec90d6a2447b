package handler

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// modalOfCommand returns what makes the modal of a command without arguments.
func (h *Handler) modalOfCommand(e *event.Event) modalMaker {
	switch text := strings.TrimSpace(e.Text); {
	case text == "":
		return h.requestModal
	case strings.EqualFold(text, string(roster.VerbExport)):
		return h.exportModal
	}
	return nil
}

// requestModal opens the form for a request, for those who may ask where it was
// opened. A button in the home tab says where that is, or leaves it to us.
func (h *Handler) requestModal(ctx context.Context, e *event.Event) (slack.ModalViewRequest, error) {
	f, err := h.newForm(ctx, e)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	return view.RequestModal(f), nil
}

// newForm judges whether the person may ask, and starts a form's frame. Slack
// is asked who the person is; if that takes too long the form opens anyway.
func (h *Handler) newForm(ctx context.Context, e *event.Event) (view.Frame, error) {
	if e.Kind == event.KindClick {
		e.Channel = reset.Channel(e.Value)
		if channels := h.Channels(); !h.takes(e.Channel) && len(channels) > 0 {
			e.Channel = channels[0]
		}
	}
	f := view.Frame{Channel: e.Channel}
	ctx, cancel := context.WithTimeout(ctx, modalTime/2)
	defer cancel()
	in := intent(e)
	in.Asked = h.Now()
	err := h.Desk.MayAsk(ctx, in, "")
	_, away := errors.AsType[*desk.AwayError](err)
	if away || isAboutReason(err) || errors.Is(err, context.DeadlineExceeded) {
		return f, nil
	}
	f.NoWhy = err == nil
	return f, err
}

// moreOptionsModal shows the less common fields; what was entered in others stays.
func (h *Handler) moreOptionsModal(_ context.Context, _ *event.Event, f view.Frame) (slack.ModalViewRequest, error) {
	f.More = true
	return view.RequestModal(f), nil
}

// otherFieldModal shows the field for another way to name the users of an export; what was
// entered in others stays.
func (h *Handler) otherFieldModal(ctx context.Context, e *event.Event, f view.Frame) (slack.ModalViewRequest, error) {
	f.NamedBy = e.Value
	return h.exportForm(ctx, f), nil
}

// order is a request form that was read.
type order struct {
	roster.Command
	file   *event.File    // in the place of users
	pasted *roster.Roster // the same
}

// checkRequest says what is wrong with a request form. Whether Okta has the
// group or understands the search takes longer than Slack waits; that is told in the thread.
func (h *Handler) checkRequest(ctx context.Context, e *event.Event) map[string]string {
	if _, err := e.Frame(); err != nil {
		return map[string]string{view.FieldList: outOfDate}
	}
	o, wrong := h.order(e)
	h.checkAsker(ctx, e, o.Reason, view.FieldList, wrong)
	return wrong
}

// checkAsker adds what is wrong with the person, the channel and the reason. What is not
// about the reason is said at the field for users.
func (h *Handler) checkAsker(ctx context.Context, e *event.Event, reason, users string, wrong map[string]string) {
	if words, aboutReason := h.mayAsk(ctx, e, reason); aboutReason {
		wrong[view.FieldReason] = words
	} else if words != "" {
		wrong[users] = words
	}
}

// order reads the form, and says by field what is wrong with it.
func (h *Handler) order(e *event.Event) (order, map[string]string) {
	o := order{Command: roster.Command{Verb: roster.VerbReset, Reason: e.Typed(view.FieldReason)}}
	wrong := map[string]string{}
	if field, words := o.users(e); words != "" {
		wrong[field] = words
	}
	o.Factors = e.Fields[view.FieldFactors].Picked
	if _, err := roster.FactorTypes(o.Factors); err != nil {
		wrong[view.FieldFactors] = fieldWords(err)
	}
	if at := e.Fields[view.FieldWhen].At; at != 0 {
		o.NotTill = time.Unix(at, 0).UTC()
		switch ahead := o.NotTill.Sub(h.Now()); {
		case ahead < -time.Minute:
			wrong[view.FieldWhen] = "That's in the past. Leave it out to start as soon as it's approved."
		case ahead > roster.Farthest:
			wrong[view.FieldWhen] = "That's too far ahead: 30 days is the limit."
		}
	}
	for _, choice := range e.Fields[view.FieldOptions].Picked {
		switch choice {
		case view.OptionSessions:
			o.RevokeSessions = true
		case view.OptionTell:
			o.TellUsers = true
		case view.OptionDryRun:
			o.Verb = roster.VerbDryRun
		}
	}
	return o, wrong
}

// users reads the fields in which users are named, of which one is filled in: text
// and people together count as one. It returns what is wrong, and with which field.
func (o *order) users(e *event.Event) (field, words string) {
	var filled []string
	for _, id := range []string{view.FieldList, view.FieldPeople, view.FieldFile, view.FieldGroup, view.FieldSearch} {
		if in := e.Fields[id]; strings.TrimSpace(in.Text) != "" || len(in.Picked)+len(in.Files) > 0 {
			filled = append(filled, id)
		}
	}
	switch {
	case len(filled) == 0:
		return view.FieldList, "Name at least one user here, choose people below, or add a file."
	case len(filled) > 2, len(filled) == 2 && !slices.Equal(filled, []string{view.FieldList, view.FieldPeople}):
		return filled[len(filled)-1], "Users are named in another field too. Leave one of the two empty."
	}
	for _, id := range filled {
		if words := o.name(e, id); words != "" {
			return id, words
		}
	}
	if o.pasted != nil && len(filled) > 1 {
		return view.FieldPeople, "A pasted table and people can't be mixed. Leave one of the two empty."
	}
	return "", ""
}

// name reads one field in which users are named; it returns what is wrong with it.
func (o *order) name(e *event.Event, id string) string {
	switch id {
	case view.FieldList:
		return o.listed(e.Fields[id].Text)
	case view.FieldPeople:
		for _, id := range e.Fields[id].Picked {
			o.Users = append(o.Users, roster.UserRef{Kind: roster.UserMention, Value: id, Input: "<@" + id + ">"})
		}
	case view.FieldFile:
		return o.attached(e.Fields[id].Files)
	case view.FieldGroup:
		return o.set(roster.UserGroup, strings.Trim(e.Typed(id), `"`), "Write the group's name as Okta shows it.")
	case view.FieldFilter:
		return o.expression(roster.UserFilter, e.Typed(id))
	case view.FieldQuery:
		return o.set(roster.UserQuery, e.Typed(id), "Write the start of a name or e-mail.")
	default:
		return o.expression(roster.UserSearch, e.Typed(view.FieldSearch))
	}
	return ""
}

func (o *order) set(kind roster.UserKind, value, empty string) string {
	if value == "" {
		return empty
	}
	o.Users = []roster.UserRef{{Kind: kind, Value: value, Input: string(kind) + ":" + value}}
	return ""
}

// operator is an operator of Okta's search and filter languages, which every expression has.
var operator = regexp.MustCompile(`(?i)\s(eq|ne|gt|ge|lt|le|sw|ew|co|pr)(\s|\)|$)`)

func (o *order) expression(kind roster.UserKind, value string) string {
	switch {
	case value == "":
	case !operator.MatchString(value):
		return `That isn't an Okta expression: it compares nothing. Write for example: status eq "LOCKED_OUT"`
	case strings.Count(value, `"`)%2 != 0:
		return "A quotation mark isn't closed."
	}
	return o.set(kind, value, `Write an expression, such as status eq "LOCKED_OUT".`)
}

func (o *order) attached(files []event.File) string {
	if len(files) != 1 {
		return "Choose one file."
	}
	switch f := files[0]; kindOf(f) {
	case fileRoster:
		o.file = &f
		return ""
	case fileSheet:
		return "I can't read that kind of file. Save it as .xlsx or CSV UTF-8; unpack an archive first."
	}
	return "I can only read .csv, .tsv, .txt and .xlsx files."
}

// listed reads users that were typed or pasted.
func (o *order) listed(text string) string {
	list, err := roster.ParseList(text)
	if err != nil {
		return fieldWords(err)
	}
	o.Users, o.pasted = list.Users, list.Table
	return ""
}

// fieldWords returns the words of an error, for the field that it is about.
func fieldWords(err error) string {
	if words, known := desk.RefusalWords(err); known {
		return words
	}
	return "I don't understand this. Please check it."
}

// openRequest opens the request of a form that was checked.
func (h *Handler) openRequest(ctx context.Context, e *event.Event, _ view.Frame) (view.Message, error) {
	o, _ := h.order(e) // what was wrong was said at its field; a moment that has passed since is no reason to refuse
	if o.file == nil {
		return opened(h.openOrder(ctx, intent(e), o))
	}
	known, err := h.fileInfo(ctx, *o.file)
	if err != nil {
		return view.Message{}, err
	}
	types, err := roster.FactorTypes(o.Factors)
	if err != nil {
		return view.Message{}, err
	}
	return h.open(ctx, e, known, fileAsk{Reason: o.Reason, Options: o.options(types), NotTill: o.NotTill})
}

// openOrder opens a request without a file.
func (h *Handler) openOrder(ctx context.Context, in desk.Intent, o order) (*reset.Request, error) {
	if o.pasted == nil {
		return h.Desk.OpenCommand(ctx, in, o.Command)
	}
	types, err := roster.FactorTypes(o.Factors)
	if err != nil {
		return nil, err
	}
	return h.Desk.Open(ctx, in, desk.OpenAsk{Reason: o.Reason, Roster: o.pasted, Options: o.options(types), NotTill: o.NotTill})
}

func (o order) options(types []string) reset.Options {
	return reset.Options{Factors: types, RevokeSessions: o.RevokeSessions, TellUsers: o.TellUsers, DryRun: o.Verb == roster.VerbDryRun}
}
