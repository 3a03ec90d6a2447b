package announcer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// ErrManyApprovers says that more people may approve than are asked one by one.
var ErrManyApprovers = errors.New("too many approvers to ask each")

// Approvers tells who is asked to decide.
type Approvers interface {
	// MayApprove lists those whose approval of the request would count now, or
	// returns [ErrManyApprovers].
	MayApprove(ctx context.Context, r *reset.Request) ([]reset.Person, error)
}

// unreachable marks a direct message that Slack will never take.
const unreachable = "unreachable"

// askedGroups marks that the approvers are too many to be asked one by one:
// their user groups are mentioned.
const askedGroups = "groups"

func groupsSlot(revision int) reset.Slot { return reset.Slot(fmt.Sprintf("ask-groups-%d", revision)) }

// listTime bounds the listing of approvers.
const listTime = 20 * time.Second

// askApprovers writes down once for each revision whom it needs. What is written down
// is delivered however often the program starts.
func (p *poster) askApprovers(ctx context.Context, r *reset.Request, _ message, marker reset.Message) (reset.Message, time.Duration, error) {
	have, err := p.sender.messages(ctx, p.id)
	if err != nil {
		return marker, 0, err
	}
	asking, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	people, err := p.Approvers.MayApprove(asking, r)
	if err != nil && !errors.Is(err, ErrManyApprovers) {
		return marker, 0, fmt.Errorf("list who may approve %s: %w", p.id, err)
	}
	if err != nil {
		p.Log.Info("approvers are not asked by direct message, there are too many", "request", p.id)
	}
	var all []reset.Message
	for _, who := range people {
		slot := personal(reset.SlotAsk, r.Plan.Revision, who)
		if _, known := have[slot]; !known {
			all = append(all, reset.Message{Slot: slot})
		}
	}
	marker = reset.Message{Slot: marker.Slot, Shown: fmt.Sprint(len(people)), At: p.Now()}
	if errors.Is(err, ErrManyApprovers) {
		marker.Shown = askedGroups
	}
	if err := p.Record.SaveMessages(ctx, p.id, append(all, marker)...); err != nil {
		return marker, 0, fmt.Errorf("record who is asked about %s: %w", p.id, err)
	}
	return marker, 0, nil
}

// direct brings a direct message up to date.
func (p *poster) direct(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, time.Duration, error) {
	if m.Gone || w.once && m.TS != "" {
		return m, 0, nil
	}
	if m.Channel == "" {
		c, err := p.sender.conversation(ctx, w.to)
		if err != nil {
			return m, 0, err
		}
		m.Channel = c
	}
	if w.file != nil {
		return p.share(ctx, r, w, m)
	}
	return p.show(ctx, r, w, m)
}

// outOfReach reports whether Slack says that a person can never be written to.
func outOfReach(err error) bool {
	if linkless := (*linkError)(nil); errors.As(err, &linkless) {
		return false // it speaks of the channel
	}
	switch slackapi.ErrorCode(err) {
	case "user_not_found", "users_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot", "not_enough_users",
		"channel_not_found", "is_archived", "messages_tab_disabled", "restricted_action", "method_not_supported_for_channel_type":
		return true
	}
	return false
}
