package bot_test

import (
	"fmt"
	"net/http"
	"path"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// hanging never answers calls of one method, as long as it is on.
type hanging struct {
	method string
	on     atomic.Bool
}

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.on.Load() && path.Base(r.URL.Path) == h.method {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// One method of Slack's that fails, or does not answer, holds back nothing that
// does without it: each message and file is delivered by itself.
func TestAnnouncer_oneMethodFailsAndHoldsBackNoOther(t *testing.T) {
	for _, c := range []struct {
		method  string
		kind    string // of the fault; hang
		without map[string]bool
	}{
		{"files.getUploadURLExternal", "5xx", map[string]bool{"files": true}},
		{"files.completeUploadExternal", "internal", map[string]bool{"files": true}},
		{"chat.getPermalink", "5xx", nil},
		{"conversations.open", "hang", map[string]bool{"direct": true}},
		{"chat.update", "hang", map[string]bool{"edits": true}},
	} {
		t.Run(c.method+" "+c.kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1", "U_APPROVER2"}}
			h := &hanging{method: c.method}
			w.transport = h
			if c.kind == "hang" {
				h.on.Store(true)
			} else {
				w.set(fmt.Sprintf(`{"slack_fail_next": [{"method": %q, "kind": %q, "times": 100000}]}`, c.method, c.kind))
			}
			w.start().listens()
			w.open("op")
			w.plan("FR-1", 4)
			asked := func() bool {
				return w.hears("U_APPROVER1", "FR-1", "approve")() && w.hears("U_APPROVER2", "FR-1", "approve")()
			}
			ended := w.hears("U_REQUESTER", "FR-1", "Done")
			w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "FR-1"))
			if !c.without["direct"] {
				w.until("both approvers are asked", asked)
			}
			w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
				return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
			})
			w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
			w.until("the decision", w.shows("FR-1", reset.SlotDecision, "U_APPROVER1"))
			w.until("progress", func() bool { return w.of("FR-1", reset.SlotProgress) != nil })
			at := time.Now()
			w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(reset.CauseErrors, "", "Okta refuses the token.", at)
			})
			w.until("the pause and its button", w.shows("FR-1", reset.Slot(fmt.Sprintf("pause-%d", at.UnixMilli())), "resume"))
			w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
			w.reset("FR-1", 1, 3)
			w.finish("FR-1", 4)
			if !c.without["direct"] {
				w.until("the requester hears of the end", ended)
			}
			if !c.without["files"] {
				w.until("the plan", func() bool { return len(w.slack.Books().Shares) == 2 })
			}
			h.on.Store(false)
			w.set(`{"slack_fail_next": []}`)
			w.until("everything shown", w.complete("FR-1"))
			w.onceEach("FR-1")
			if !ended() {
				t.Error("the requester does not know of the end")
			}
		})
	}
}
