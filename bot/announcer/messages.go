package announcer

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// place is where a message stands.
type place int

const (
	inChannel     place = iota // top level
	underApproval              // in the thread of the approval message
	underUpload                // in the thread of the upload
)

// message is a message that a request should have.
type message struct {
	slot  reset.Slot
	place place
	what  view.Message
	link  func(link string) view.Message // what, with the link of the approval message
	file  *attachment                    // a file, with no message of its own
	to    reset.Person                   // of a direct message
	once  bool                           // is not edited
	slow  bool                           // may take long
}

// attachment is a file that a request should have in its thread.
type attachment struct {
	name string
	note string // stands with the file; no untrusted text
	kind fileKind
}

type fileKind int

const (
	planFile fileKind = iota
	resultFile
	exportFile
)

// desiredMessages lists the messages that a request should have, in the order in which
// they come: request, plan, reply, decisions, progress, pauses, result.
func desiredMessages(r *reset.Request, have map[reset.Slot]reset.Message, k view.Known) []message {
	var all []message
	planned := r.Plan.Digest != ""
	if isAnnounced(r) {
		all = append(all, message{slot: reset.SlotApproval, what: view.Approval(r, k)})
	}
	export := r.Asked.Kind == reset.KindExport
	if planned && !export { // an export has no rows
		all = append(all, message{slot: planSlot(r.Plan.Revision), place: underApproval, file: &attachment{
			name: view.PlanFile(r), note: view.PlanNote(r), kind: planFile,
		}})
	}
	if r.Asked.Source.TS != "" && (planned || r.State.Settled()) {
		reply := message{slot: reset.SlotReply, place: underUpload, what: view.Reply(r, "")}
		if planned {
			reply.link = func(link string) view.Message { return view.Reply(r, link) }
		}
		all = append(all, reply)
	}
	if have[askedSlot(r.Plan.Revision)].Shown == askedGroups && r.State == reset.Pending && len(k.Helpers.Groups) > 0 {
		all = append(all, message{slot: groupsSlot(r.Plan.Revision), place: underApproval, what: view.AskGroups(r, k.Helpers)})
	}
	if planned && view.HasDecision(r) {
		all = append(all, message{slot: reset.SlotDecision, place: underApproval, what: view.Decision(r)})
	}
	if r.HasRun() {
		all = append(all, message{slot: reset.SlotProgress, place: underApproval})
		all = append(all, pauses(r, have, k)...)
		all = append(all, restarts(r)...)
	}
	if r.Totals != nil && r.HasRun() && !export {
		all = append(all, message{slot: reset.SlotResult, place: underApproval, file: &attachment{
			name: view.ResultsFile(r), note: view.ResultNote(r), kind: resultFile,
		}})
	}
	return all
}

// isAnnounced reports whether a request has a message at the top of the channel.
// A command that is refused at once was answered privately.
func isAnnounced(r *reset.Request) bool {
	refused := r.State == reset.Rejected && r.Asked.Source.TS == "" && !r.SettledAt.Equal(r.Asked.At)
	return r.Plan.Digest != "" || refused
}

func planSlot(revision int) reset.Slot {
	if revision <= 1 {
		return reset.SlotPlan
	}
	return reset.SlotPlan + reset.Slot("-"+strconv.Itoa(revision))
}

const pausePrefix = string(reset.SlotPause) + "-"

// pauses is a message for the present pause, and for each earlier one that has a message.
func pauses(r *reset.Request, have map[reset.Slot]reset.Message, k view.Known) []message {
	var now reset.Slot
	var all []message
	if r.State == reset.Paused {
		now = reset.Slot(pausePrefix + strconv.FormatInt(r.Pause.At.UnixMilli(), 10))
	}
	for _, slot := range slices.Sorted(maps.Keys(have)) {
		if at, ok := pauseOf(slot); ok && slot != now {
			all = append(all, message{slot: slot, place: underApproval, what: view.PauseOver(r, at)})
		}
	}
	if now != "" {
		all = append(all, message{slot: now, place: underApproval, what: view.Paused(r, k.Helpers)})
	}
	return all
}

// pauseOf reads when the pause of a slot began.
func pauseOf(s reset.Slot) (time.Time, bool) {
	ms, ok := strings.CutPrefix(string(s), pausePrefix)
	n, err := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n), ok && err == nil
}

// longAway is how long the bot must have been away for a message of its own; a
// shorter absence stands in the progress message.
const longAway = time.Minute

const restartPrefix = string(reset.SlotRestart) + "-"

// restarts is a message for the last longer absence. Earlier ones stay as they are.
func restarts(r *reset.Request) []message {
	if r.Restarted == nil || r.Restarted.Away <= longAway {
		return nil
	}
	slot := reset.Slot(restartPrefix + strconv.FormatInt(r.Restarted.At.UnixMilli(), 10))
	return []message{{slot: slot, place: underApproval}}
}

func isRestart(s reset.Slot) bool { return strings.HasPrefix(string(s), restartPrefix) }
