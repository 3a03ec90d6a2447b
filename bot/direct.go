package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
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

// listTime bounds the listing of approvers.
const listTime = 20 * time.Second

// summon writes down once for each revision whom it needs. What is written down
// is delivered however often the program starts.
func (p *poster) summon(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message) error {
	marker := askedSlot(r.Plan.Revision)
	if p.Approvers == nil || r.State != reset.Pending || have[marker].Shown != "" {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	people, err := p.Approvers.MayApprove(asking, r)
	if err != nil && !errors.Is(err, ErrManyApprovers) {
		return fmt.Errorf("list who may approve %s: %w", p.id, err)
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
	all = append(all, reset.Message{Slot: marker, Shown: fmt.Sprint(len(people)), At: p.Now()})
	if err := p.References.SaveMessages(ctx, p.id, all...); err != nil {
		return fmt.Errorf("record whom %s needs: %w", p.id, err)
	}
	for _, m := range all {
		have[m.Slot] = m
	}
	return nil
}

// direct brings a direct message up to date. No failure of it keeps others from
// being told: it returns when to try again, and an error only when ctx is done.
func (p *poster) direct(ctx context.Context, r *reset.Request, w want, have map[reset.Slot]reset.Message) (again time.Duration, err error) {
	m := have[w.slot]
	m.Slot = w.slot
	if m.Gone || w.once && m.TS != "" {
		return 0, nil
	}
	if m.Channel == "" {
		m.Channel, err = p.conversation(ctx, w.to)
	}
	switch {
	case err != nil:
	case w.file != nil:
		m, again, err = p.share(ctx, r, w, m)
	default:
		m, err = p.show(ctx, r, w, m)
	}
	p.moved = p.moved || m.TS != have[w.slot].TS
	have[w.slot] = m
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return p.refused(ctx, w, have, again, err)
}

// refused judges what came of a direct message: whether it is tried again, and when.
func (p *poster) refused(ctx context.Context, w want, have map[reset.Slot]reset.Message, again time.Duration, err error) (time.Duration, error) {
	var later *laterError
	var limited *slack.RateLimitedError
	m := have[w.slot]
	switch {
	case err == nil:
		delete(p.stuck, w.slot)
		return again, nil
	case errors.As(err, &later):
		return later.wait, nil
	case errors.As(err, &limited):
		return patience(err, 0), nil
	case outOfReach(err):
		p.Log.Warn("somebody cannot be told by direct message", "request", p.id, "slot", w.slot, "user", w.to, "error", brief(err))
		m.Slot, m.Gone, m.Shown, m.At = w.slot, true, unreachable, p.Now()
		have[w.slot] = m
		if err := p.save(ctx, m); err != nil {
			return patience(err, 0), nil
		}
		return 0, nil
	}
	if slackCode(err) == "" || mayHaveActed(err) { // Slack is away, and says nothing about the person
		return patience(err, 2), nil
	}
	tries := p.stuck[w.slot]
	p.stuck[w.slot]++
	if tries%10 == 0 {
		todo := remedy(err)
		if m.Channel == "" && slackCode(err) == "missing_scope" { // Slack names the scopes for all kinds of conversations
			todo = "add the scope im:write to the app and install it again"
		}
		p.Log.Warn("a direct message is not up to date", "request", p.id, "slot", w.slot, "user", w.to, "error", brief(err), "todo", todo)
	}
	return patience(err, tries), nil
}

// outOfReach reports whether Slack says that a person can never be written to.
func outOfReach(err error) bool {
	switch slackCode(err) {
	case "user_not_found", "users_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot", "not_enough_users",
		"channel_not_found", "is_archived", "messages_tab_disabled", "restricted_action", "method_not_supported_for_channel_type":
		return true
	}
	return false
}

// conversation is the direct conversation with a person.
func (p *poster) conversation(ctx context.Context, who reset.Person) (reset.Channel, error) {
	p.mu.Lock()
	c := p.directs[who]
	p.mu.Unlock()
	if c != "" {
		return c, nil
	}
	err := p.gates.through("conversations.open", func() error {
		conv, _, _, err := p.Slack.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{string(who)}})
		if err == nil {
			c = reset.Channel(conv.ID)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("open the conversation with %s: %w", who, err)
	}
	p.mu.Lock()
	p.directs[who] = c
	p.mu.Unlock()
	return c, nil
}
