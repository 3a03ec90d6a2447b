package bot_test

import (
	"strings"
	"testing"

	"factorbot/bot/reset"
)

// TestNewBlocks_areLeftOut: in a workspace without the new blocks every message
// comes, with older ones, and each type is tried once.
func TestNewBlocks_areLeftOut(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1"}}
	w.start().listens()
	w.set(`{"old_blocks": true}`)
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "approve", "review", "to reset"))
	w.until("an approver is asked", w.hears("U_APPROVER1", "needs your decision", "approve"))
	if text := said(w.of("FR-1", reset.SlotApproval)); strings.Contains(text, "data_table") || strings.Contains(text, `"container"`) || !strings.Contains(text, "SHA-256") {
		t.Errorf("the message is %s", text)
	}
	refused := w.slack.Books().Refused["chat.postMessage invalid_blocks"]
	if refused != 1 {
		t.Errorf("%d posts were refused, want 1: the first tells of all types", refused)
	}
}
