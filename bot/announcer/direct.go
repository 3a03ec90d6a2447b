package announcer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
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

// askApprovers writes down once for each revision which approvers it needs. What is written down
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

// personal is the slot of a direct message about a revision: "ask-1-U123".
func personal(s reset.Slot, revision int, who reset.Person) reset.Slot {
	return reset.Slot(fmt.Sprintf("%s-%d-%s", s, revision, who))
}

// parsePersonal reads such a slot.
func parsePersonal(s reset.Slot) (kind reset.Slot, revision int, who reset.Person, ok bool) {
	parts := strings.SplitN(string(s), "-", 3)
	if len(parts) != 3 {
		return "", 0, "", false
	}
	n, err := strconv.Atoi(parts[1])
	return reset.Slot(parts[0]), n, reset.Person(parts[2]), err == nil && parts[2] != ""
}

// askedSlot is no message: it marks that the approvers of a revision are written down.
func askedSlot(revision int) reset.Slot { return reset.Slot(fmt.Sprintf("asked-%d", revision)) }

// remindAt is when half of the time for a decision is over.
func remindAt(r *reset.Request) time.Time {
	return r.Plan.FrozenAt.Add(r.ExpiresAt.Sub(r.Plan.FrozenAt) / 2)
}

func reminderSlot(revision int) reset.Slot {
	return reset.Slot(fmt.Sprintf("%s-%d", reset.SlotReminder, revision))
}

// reminders is the message in the thread that nobody has decided yet.
func reminders(r *reset.Request, now time.Time) []message {
	if r.State != reset.Pending || now.Before(remindAt(r)) {
		return nil
	}
	return []message{{slot: reminderSlot(r.Plan.Revision), place: underApproval, what: view.Reminder(r)}}
}

// nextLook is how long nothing happens to a pending request by itself; 0 for one that does not wait for a decision.
func nextLook(r *reset.Request, now time.Time) time.Duration {
	if r.State != reset.Pending {
		return 0
	}
	if half := remindAt(r); now.Before(half) {
		return half.Sub(now)
	}
	return max(r.ExpiresAt.Sub(now), time.Minute)
}

// directMessages lists the direct messages that a request should have, who decides first.
func directMessages(r *reset.Request, have map[reset.Slot]reset.Message, k view.Known, now time.Time) []message {
	var all []message
	late := r.State == reset.Pending && !now.Before(remindAt(r))
	for _, slot := range slices.Sorted(maps.Keys(have)) {
		kind, revision, who, ok := parsePersonal(slot)
		if !ok || kind != reset.SlotAsk {
			continue
		}
		if r.State != reset.Pending && have[slot].TS == "" && have[slot].At.IsZero() {
			continue // who was not asked in time hears nothing of what is over
		}
		all = append(all, message{slot: slot, to: who,
			link: func(link string) view.Message { return view.AskApprover(r, revision, who, link, k) }})
		if late && revision == r.Plan.Revision && !r.HasApproved(who) && !have[slot].Gone {
			all = append(all, message{slot: personal(reset.SlotReminder, revision, who), to: who, once: true,
				link: func(link string) view.Message { return view.RemindApprover(r, link, k) }})
		}
	}
	if r.Export != nil && r.State == reset.Done {
		all = append(all, message{slot: reset.SlotExport, to: r.Asked.By, file: &attachment{
			name: view.ExportFile(r), note: view.ExportNote(r), kind: exportFile,
		}})
	}
	if hearsEnd(r) {
		all = append(all, message{slot: reset.SlotEnd, to: r.Asked.By, link: func(link string) view.Message { return view.Ended(r, link) }})
	}
	return all
}

// hearsEnd reports whether the requester is told directly that it is over: not
// of what was refused in answer, nor of what they ended themselves.
func hearsEnd(r *reset.Request) bool {
	switch r.State {
	case reset.Rejected:
		return !r.SettledAt.Equal(r.Asked.At)
	case reset.Cancelled:
		return r.HasRun() || r.MovedBy != r.Asked.By
	}
	return r.State.Settled()
}

// unreachableNotice is the word to the requester that the channel is out of reach, or is not any more.
func unreachableNotice(r *reset.Request, have map[reset.Slot]reset.Message, lost error) []message {
	why := lostWords(lost)
	if why == "" && have[reset.SlotAstray].TS == "" {
		return nil
	}
	return []message{{slot: reset.SlotAstray, to: r.Asked.By, what: view.ChannelUnreachable(r, why)}}
}

// undelivered is the message in the thread about who could not be written to.
func undelivered(r *reset.Request, have map[reset.Slot]reset.Message, stuck map[reset.Slot]bool) []message {
	var people []reset.Person
	for slot, m := range have {
		if !m.Gone && !stuck[slot] || m.Gone && m.Shown != unreachable {
			continue
		}
		_, _, who, ok := parsePersonal(slot)
		switch slot {
		case reset.SlotEnd, reset.SlotExport, reset.SlotAstray:
			who, ok = r.Asked.By, true
		}
		if ok {
			people = append(people, who)
		}
	}
	slices.Sort(people)
	people = slices.Compact(people)
	if len(people) == 0 && have[reset.SlotUntold].TS == "" {
		return nil
	}
	return []message{{slot: reset.SlotUntold, place: underApproval, what: view.Undelivered(r, people)}}
}

// lostWords says why a channel is out of reach, for people; "" for what is no such thing.
func lostWords(err error) string {
	switch slackapi.ErrorCode(err) {
	case "channel_not_found":
		return "the channel is gone, or the bot was removed from it. Somebody there must invite it"
	case "not_in_channel":
		return "the bot isn't in the channel. Somebody there must invite it"
	case "is_archived":
		return "the channel is archived"
	case "restricted_action", "posting_to_channel_denied", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel":
		return "the bot can't post there. The channel's owner can allow it"
	case "missing_scope", "no_permission":
		return "the app lacks a permission. Your admin finds in the bot's log which one"
	case "file_uploads_disabled":
		return "the workspace doesn't allow files"
	}
	return ""
}
