package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
)

const threeUsers = "login\nu0@example.com\nu1@example.com\nnobody@example.com\n"

func TestBot_fromUploadToResult(t *testing.T) {
	w := newWorld(t).start().listens()
	up := w.upload("U_REQUESTER", "Office move &amp; more", "list.csv", threeUsers)
	w.until("the request", func() bool { _, err := w.Get(context.Background(), "FR-1"); return err == nil })
	r, _ := w.Get(context.Background(), "FR-1")
	if r.Rows != 3 || r.Asked.Source.Column != "login" || r.Asked.Source.TS != up || r.Asked.Source.File != "list.csv" || r.Asked.Source.SHA256 == "" {
		t.Errorf("the request is %+v", r)
	}

	w.until("its author hears of it", w.told("U_REQUESTER", "FR-1: planning 3 users"))

	w.plan("FR-1", 3)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "2 to reset", "not in Okta", "Approve"))
	w.until("the plan file", w.shows("FR-1", reset.SlotPlan, "FR-1-plan.csv"))
	w.until("the reply", w.shows("FR-1", reset.SlotReply, "FR-1"))
	approval := w.of("FR-1", reset.SlotApproval)
	if got := w.of("FR-1", reset.SlotReply); got.ThreadTS != up || !strings.Contains(got.Text, "/archives/C_FACTORS/p"+strings.ReplaceAll(approval.TS, ".", "")) {
		t.Errorf("the reply in %s is %s", got.ThreadTS, said(got))
	}
	if top := approval.ThreadTS; top != "" && top != approval.TS || w.of("FR-1", reset.SlotPlan).ThreadTS != approval.TS {
		t.Error("the plan is not in the approval message's thread:", w.transcript())
	}

	if res := w.click("U_APPROVER1", approval.TS, "approve"); !res.OK {
		t.Fatalf("the click: %+v", res)
	}
	w.until("the approval is shown", w.shows("FR-1", reset.SlotApproval, "Approved"))
	if strings.Contains(said(w.of("FR-1", reset.SlotApproval)), `"actions"`) {
		t.Error("the buttons are still there")
	}
	w.until("the decision", w.shows("FR-1", reset.SlotDecision, "U_APPROVER1"))

	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	w.until("progress", w.shows("FR-1", reset.SlotProgress, "0 of 2 users", "pause"))
	w.reset("FR-1", 1, 2)
	w.until("progress of both", w.shows("FR-1", reset.SlotProgress, "2 of 2 users"))
	w.finish("FR-1", 3)
	w.until("everything shown", w.complete("FR-1"))
	if !w.shows("FR-1", reset.SlotApproval, "2 reset, 1 skipped")() || !w.shows("FR-1", reset.SlotProgress, "is done")() {
		t.Error(w.transcript())
	}
	if m := w.of("FR-1", reset.SlotResult); m == nil || m.ThreadTS != approval.TS || !strings.Contains(said(m), "FR-1-results.csv") {
		t.Error("no result file:", w.transcript())
	}
	w.onceEach("FR-1")
	if w.pending() != 0 {
		t.Error("the inbox is not empty")
	}
}

// onceEach checks in the workspace's books that nothing was posted or shared twice.
func (w *world) onceEach(id reset.ID) {
	w.Helper()
	posted, shared := map[string]int{}, map[string]int{}
	for _, p := range w.slack.Books().Posts {
		if p.Metadata != nil && p.Metadata.EventPayload["request"] == string(id) {
			posted[p.Metadata.EventPayload["slot"].(string)]++
		}
	}
	for _, s := range w.slack.Books().Shares {
		shared[s.Name]++
	}
	for what, n := range posted {
		if n != 1 {
			w.Errorf("%s was posted %d times", what, n)
		}
	}
	for what, n := range shared {
		if n != 1 {
			w.Errorf("%s was shared %d times", what, n)
		}
	}
}
