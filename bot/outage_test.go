package bot_test

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
)

// runAll takes a request of a command from plan to done in the place of desk and runner.
func (w *world) runAll(id reset.ID, n int) {
	w.Helper()
	w.plan(id, n)
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must(id, func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	w.reset(id, 1, n-1)
	w.finish(id, n)
}

func (w *world) open(op string) {
	r, _ := reset.Open("https://example.okta.com", reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "why"}, 3)
	w.create(op, r)
}

func TestAnnouncer_onceEachUnderFaults(t *testing.T) {
	for kind, methods := range map[string][]string{
		"lost":         {"chat.postMessage", "chat.update", "files.getUploadURLExternal", "files.completeUploadExternal"},
		"5xx":          {"chat.postMessage", "chat.update", "files.getUploadURLExternal", "files.completeUploadExternal", "files.info"},
		"internal":     {"chat.postMessage", "files.completeUploadExternal"},
		"rate_limited": {"chat.postMessage", "chat.update", "files.completeUploadExternal"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var next []map[string]any
			for _, m := range methods {
				next = append(next, map[string]any{"method": m, "kind": kind, "times": 1})
			}
			fault, _ := json.Marshal(map[string]any{"slack_fail_next": next})
			w.set(string(fault))
			w.start()
			w.open("op")
			w.runAll("FR-1", 3)
			w.until("everything shown", w.complete("FR-1"))
			w.onceEach("FR-1")
		})
	}
}

func TestAnnouncer_fileSharedLate(t *testing.T) {
	w := newWorld(t)
	w.set(`{"slack_share_delay": "200ms"}`)
	w.start().open("op")
	w.runAll("FR-1", 3)
	w.until("everything shown", w.complete("FR-1"))
	w.onceEach("FR-1")
}

func TestAnnouncer_tokenRevokedAndReplaced(t *testing.T) {
	w := newWorld(t).start().listens()
	w.set(`{"slack_token_revoked": true}`)
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the log says what to do", func() bool { return w.hasLog("replace SLACK_BOT_TOKEN") })
	w.set(`{"slack_token_revoked": false}`)
	w.until("the plan", w.shows("FR-1", reset.SlotPlan, "FR-1-plan.csv"))
	w.onceEach("FR-1")
}

// Many requests at once meet Slack's own limits: a message a second in a channel.
func TestAnnouncer_manyRequestsUnderSlacksLimits(t *testing.T) {
	w := newWorld(t).start().listens()
	var ids []reset.ID
	for n := 1; n <= 22; n++ {
		w.open(fmt.Sprint("op ", n))
		ids = append(ids, reset.NewID(n))
		w.plan(ids[n-1], 3)
	}
	for _, id := range ids {
		w.until("the plan of "+string(id), w.shows(id, reset.SlotPlan, "-plan.csv"))
		w.onceEach(id)
	}
	if w.slack.Books().RateLimited["chat.postMessage"] == 0 {
		t.Error("Slack never asked for patience: the test shows nothing")
	}
}

func TestAnnouncer_SlackIsAwayForTheWholeRun(t *testing.T) {
	w := newWorld(t).start().listens()
	w.set(`{"slack_down": true}`)
	w.open("op")
	w.runAll("FR-1", 3)
	w.set(`{"slack_down": false}`)
	w.until("everything shown", w.complete("FR-1"))
	w.onceEach("FR-1")
	if !w.shows("FR-1", reset.SlotApproval, "Done")() {
		t.Error(w.transcript())
	}
}

func TestAnnouncer_restartGoesOnWithTheSameMessages(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the plan", w.shows("FR-1", reset.SlotPlan, "FR-1-plan.csv"))
	w.stop()
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	w.start()
	w.until("progress", w.shows("FR-1", reset.SlotProgress, "0 of 2"))
	w.stop()
	w.reset("FR-1", 1, 2)
	w.finish("FR-1", 3)
	w.start()
	w.until("everything shown", w.complete("FR-1"))
	w.onceEach("FR-1")
}

// A crash between a post and its record is what an answer lost at any place
// looks like: the messages are forgotten, what was about to be posted is not.
func TestAnnouncer_crashBetweenPostAndRecord(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the plan", w.shows("FR-1", reset.SlotPlan, "FR-1-plan.csv"))
	w.stop()
	w.mu.Lock()
	for slot, m := range w.messages["FR-1"] {
		m.TS, m.Shown = "", ""
		w.messages["FR-1"][slot] = m
	}
	w.mu.Unlock()
	w.start()
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Deny("U_APPROVER1", r.Plan.Digest, "no", time.Now())
	})
	w.until("everything shown", w.complete("FR-1"))
	w.onceEach("FR-1")
}

func TestAnnouncer_deletedMessageIsPostedAnew(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the plan", w.shows("FR-1", reset.SlotPlan, "FR-1-plan.csv"))
	old := w.message("FR-1", reset.SlotApproval).TS
	if err := w.slack.Edit("C_FACTORS", old, nil); err != nil {
		t.Fatal(err)
	}
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.until("a new message", func() bool {
		ts := w.message("FR-1", reset.SlotApproval).TS
		return ts != old && w.shows("FR-1", reset.SlotApproval, "Approved")()
	})
}

func TestAnnouncer_planFileWithAnotherHashIsNotPosted(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.mu.Lock()
	w.targets["FR-1"] = []reset.Target{{Row: 1, Input: "x", Action: reset.ActionReset}}
	w.mu.Unlock()
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		now := time.Now()
		return r.FreezePlan(reset.Plan{Revision: 1, FileSHA: "00", Digest: "bbbb56789012", FrozenAt: now, Targets: 1, Resets: 1},
			reset.Terms{Approvals: 1}, now.Add(time.Hour), now)
	})
	w.until("the log tells", func() bool {
		return w.of("FR-1", reset.SlotApproval) != nil && len(w.logged.String()) > 0 && w.hasLog("approvals are for 00")
	})
	if n := len(w.slack.Books().Shares); n != 0 {
		t.Errorf("%d files were shared", n)
	}
}

func TestAnnouncer_pauses(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	at := time.Now()
	slot := reset.Slot(fmt.Sprintf("pause-%d", at.UnixMilli()))
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseErrors, "", "Okta refuses the token.", at)
	})
	w.until("the pause", w.shows("FR-1", slot, "Okta refuses the token", "resume"))
	w.until("paused progress", w.shows("FR-1", reset.SlotProgress, "is paused"))
	w.click("U_APPROVER1", w.message("FR-1", slot).TS, "resume")
	w.until("the pause is over", w.shows("FR-1", slot, "resumed FR-1"))
	w.until("progress again", w.shows("FR-1", reset.SlotProgress, "is running"))
}

// A short absence is told in the progress message, a longer one gets a message that
// is edited as what was in doubt is settled.
func TestAnnouncer_saysThatTheBotIsBack(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 4)
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	w.until("progress", w.shows("FR-1", reset.SlotProgress, "is running"))
	step := func(row int) *reset.Step {
		return &reset.Step{Row: row, User: reset.UserID(fmt.Sprintf("00u%017d", row-1)), Kind: reset.StepReset}
	}
	doubt := func(row int) {
		w.append("FR-1", reset.Entry{Kind: reset.EntryStarted, At: time.Now(), Step: step(row)},
			reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: step(row), Reason: reset.SettledAfterRestart})
	}
	doubt(1)
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.RecordRestart(42*time.Second, 1, time.Now()) })
	w.until("the absence", w.shows("FR-1", reset.SlotProgress, "Back after 42 s. 1 reset was interrupted: 1 being checked."))
	w.append("FR-1", reset.Entry{Kind: reset.EntryOutcome, At: time.Now(), Step: step(1), Outcome: reset.OutcomeReset})
	w.until("its end", w.shows("FR-1", reset.SlotProgress, "1 had gone through."))

	doubt(2)
	doubt(3)
	at := time.Now()
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.RecordRestart(61*time.Second, 2, at) })
	slot := reset.Slot(fmt.Sprintf("restart-%d", at.UnixMilli()))
	w.until("a message", w.shows("FR-1", slot, "Back after 1 min 1 s. 2 resets were interrupted: 2 being checked."))
	w.reset("FR-1", 2, 2)
	w.append("FR-1", reset.Entry{Kind: reset.EntryOutcome, At: time.Now(), Step: step(3), Outcome: reset.OutcomeReset})
	w.until("its edit", w.shows("FR-1", slot, "1 had gone through, 1 sent again."))
	w.finish("FR-1", 4)
	w.until("everything shown", w.complete("FR-1"))
	w.onceEach("FR-1")
}

func TestAnnouncer_countsAreEditedSeldom(t *testing.T) {
	const n = 400
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", n)
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	w.until("progress", w.shows("FR-1", reset.SlotProgress, "is running"))
	before := w.slack.Books().Calls["chat.update"]
	for row := 1; row < n; row++ {
		w.reset("FR-1", row, row)
	}
	w.until("all of them", w.shows("FR-1", reset.SlotProgress, "399 of 399 users"))
	if edits := w.slack.Books().Calls["chat.update"] - before; edits > 4 {
		t.Errorf("%d edits", edits)
	}
	w.finish("FR-1", n)
	w.until("everything shown", w.complete("FR-1"))
	w.onceEach("FR-1")
}

// The clock was set back by minutes after a file was uploaded and not shared: it is
// shared as soon as if it had not been set.
func TestAnnouncer_clock_set_back_before_a_file_is_shared(t *testing.T) {
	w := newWorld(t)
	var ahead atomic.Int64
	ahead.Store(int64(time.Hour))
	w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w.set(`{"slack_fail_next": [{"method": "files.completeUploadExternal", "kind": "5xx", "times": 100000}]}`)
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 4)
	w.until("the upload", func() bool {
		return w.message("FR-1", reset.SlotPlan).File != "" && w.slack.Books().Tried["files.completeUploadExternal"] > 0
	})
	w.stop()
	ahead.Store(0)
	w.set(`{"slack_fail_next": []}`)
	w.start()
	w.until("the plan", func() bool { return len(w.slack.Books().Shares) == 1 })
}

// The clock was set ahead after a file was shared, and Slack shows it late: it is not shared
// a second time.
func TestAnnouncer_clock_set_ahead_after_a_file_is_shared(t *testing.T) {
	w := newWorld(t)
	var ahead atomic.Int64
	w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w.announces = func(a *announcer.Announcer) { a.ShareTime = time.Minute }
	w.set(`{"slack_share_delay": "2s"}`)
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 4)
	w.until("the sharing", func() bool { return w.slack.Books().Calls["files.completeUploadExternal"] > 0 })
	w.stop()
	ahead.Store(int64(time.Hour))
	w.start()
	w.until("the plan", func() bool { return w.message("FR-1", reset.SlotPlan).TS != "" })
	if n := w.slack.Books().Calls["files.completeUploadExternal"]; n != 1 {
		t.Errorf("it was shared %d times", n)
	}
}
