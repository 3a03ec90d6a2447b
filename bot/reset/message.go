package reset

import (
	"strings"
	"time"
)

// Slot names one of the messages of a request.
type Slot string

const (
	SlotReply    Slot = "reply"    // in the thread of the upload: a link, or the refusal
	SlotApproval Slot = "approval" // the top-level message
	SlotPlan     Slot = "plan"     // the plan file, in the thread; one for each revision: "plan-2"
	SlotDecision Slot = "decision" // who decided, in the thread
	SlotProgress Slot = "progress" // edited while it runs
	SlotPause    Slot = "pause"    // why it is paused and who may lift it; one for each pause
	SlotRestart  Slot = "restart"  // the bot was away for more than a minute; one for each time
	SlotResult   Slot = "result"   // the result file, in the thread
	SlotReminder Slot = "reminder" // half of the time for a decision is over; in the thread, and "reminder-1-U123" to an approver
	SlotUntold   Slot = "untold"   // who could not be told by direct message, in the thread

	// Direct messages.
	SlotAsk    Slot = "ask"    // to an approver, once for each revision: "ask-1-U123"
	SlotEnd    Slot = "end"    // to the requester: what became of it
	SlotExport Slot = "export" // to the requester: the file of an export
	SlotAstray Slot = "astray" // to the requester: the channel is out of reach
)

// Edited reports whether the message changes with its request: it has buttons, or counts.
func (s Slot) Edited() bool {
	kind, _, _ := strings.Cut(string(s), "-")
	switch Slot(kind) {
	case SlotApproval, SlotProgress, SlotPause, SlotAsk, SlotReminder:
		return true
	}
	return false
}

// Message is the reference of one message that the bot has posted or is about to post.
type Message struct {
	Slot    Slot      `json:"slot"`
	Channel Channel   `json:"channel"`
	TS      string    `json:"ts,omitempty"`     // Slack's timestamp; empty until the post is known to have happened
	Thread  string    `json:"thread,omitempty"` // the parent's timestamp
	Shown   string    `json:"shown,omitempty"`  // a hash of what it shows; empty until known
	File    string    `json:"file,omitempty"`   // Slack's file ID, recorded before the upload is completed
	At      time.Time `json:"at"`               // when it was last tried
	Gone    bool      `json:"gone,omitempty"`   // deleted by somebody, or its channel is out of reach
}
