package bot_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
	"factorbot/bot/slacksim"
)

// listedApprovers tells the Announcer which approvers to ask.
type listedApprovers struct {
	mu    sync.Mutex
	ids   []reset.Person
	err   error
	asked int
}

func (l *listedApprovers) MayApprove(context.Context, *reset.Request) ([]reset.Person, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	return l.ids, l.err
}

// keptExport is the file of one export.
type keptExport struct {
	mu      sync.Mutex
	text    string
	dropped int
}

func (k *keptExport) ReadExport(_ context.Context, _ reset.ID, w io.Writer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, err := io.WriteString(w, k.text)
	return err
}

func (k *keptExport) DropExport(context.Context, reset.ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropped++
	return nil
}

func (k *keptExport) isDropped() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dropped > 0
}

// direct returns what the bot has written to a person, as one text each.
func (w *world) direct(user string) []string {
	w.Helper()
	var all []string
	messages, err := w.slack.Messages("D"+strings.TrimPrefix(user, "U"), user)
	if err != nil {
		return nil // nobody has written to them
	}
	for _, m := range messages {
		all = append(all, said(m))
	}
	return all
}

// hears reports whether exactly one direct message to a person says all of that.
func (w *world) hears(user string, words ...string) func() bool {
	return func() bool {
		n := 0
		for _, m := range w.direct(user) {
			if !slices.ContainsFunc(words, func(x string) bool { return !strings.Contains(m, x) }) {
				n++
			}
		}
		return n == 1
	}
}

func (w *world) approveAndRun(id reset.ID) {
	w.Helper()
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.must(id, func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
}

// Approvers too many to ask one by one are asked by a mention of their user groups,
// in the thread, and so is who can lift a pause: nobody is left out for being many.
func TestAnnouncer_mentionsLargeGroups(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{err: announcer.ErrManyApprovers}
	w.announces = func(a *announcer.Announcer) {
		a.Usergroups = func() []string { return []string{"S0SECURITY", "S0HELPDESK"} }
	}
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	mention := "<!subteam^S0SECURITY> or <!subteam^S0HELPDESK>"
	asked := func() *slacksim.Message {
		top := w.message("FR-1", reset.SlotApproval).TS
		for _, m := range w.see("U_APPROVER1") {
			if m.ThreadTS == top && m.TS != top && strings.Contains(m.Text, mention+": FR-1 needs a decision") {
				return m
			}
		}
		return nil
	}
	w.until("the groups are mentioned in the thread", func() bool { return asked() != nil })
	if text := asked().Text; strings.Contains(text, "\u2060!subteam") {
		t.Errorf("the mention is dead: %q", text)
	}
	w.approveAndRun("FR-1")
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseErrors, "", "10 users in a row failed", time.Now())
	})
	w.until("the pause mentions them", func() bool {
		for _, m := range w.see("U_APPROVER1") {
			if strings.Contains(m.Text, "is paused:") && strings.Contains(m.Text, mention+" can resume it; <@U_REQUESTER> too") {
				return true
			}
		}
		return false
	})
}

// A pause shows the same counts in the channel and in the thread: the channel's
// message is edited seldom while a run goes on, but what stands there then stays.
func TestAnnouncer_countsAgreeOncePaused(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 30)
	w.approveAndRun("FR-1")
	w.until("progress", w.shows("FR-1", reset.SlotProgress, "0 of 29 users"))
	w.reset("FR-1", 1, 12)
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
	})
	w.until("the thread", w.shows("FR-1", reset.SlotProgress, "is paused", "12 of 29 users: 12 reset."))
	w.until("the channel", w.shows("FR-1", reset.SlotApproval, "So far: 12 of 29 users: 12 reset."))
}

func TestAnnouncer_asksApproversAndTellsTheRequester(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1", "U_APPROVER2", "U_GONE"}}
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	for _, who := range []string{"U_APPROVER1", "U_APPROVER2"} {
		w.until(who+" is asked", w.hears(who, "needs your decision", "approve", "deny", "review", "/archives/"))
	}
	w.until("who cannot be told", w.shows("FR-1", reset.SlotUntold, "U_GONE"))
	w.stop()
	w.start().listens() // asks nobody a second time
	w.approveAndRun("FR-1")
	w.reset("FR-1", 1, 2)
	w.finish("FR-1", 3)
	w.until("the requester hears", w.hears("U_REQUESTER", "FR-1", "*Done.*", "2 reset, 1 skipped", "/archives/"))
	w.until("approvers hear", w.hears("U_APPROVER2", "Approved by", "U_APPROVER1"))
	w.until("all is told", w.complete("FR-1"))
	if n := len(w.direct("U_APPROVER2")); n != 1 {
		t.Errorf("%d direct messages to an approver", n)
	}
	w.postedOnce()
	if w.approvers.asked != 1 {
		t.Errorf("approvers were listed %d times", w.approvers.asked)
	}
}

func TestAnnouncer_anApproverDecidesInTheDirectMessage(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1"}}
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("is asked", w.hears("U_APPROVER1", "needs your decision"))
	slot := reset.Slot("ask-1-U_APPROVER1")
	w.until("it is recorded", func() bool { return w.message("FR-1", slot).TS != "" })
	m := w.message("FR-1", slot)
	if _, err := w.slack.Click(t.Context(), slacksim.Click{User: "U_APPROVER1", Channel: string(m.Channel), Message: m.TS, ActionID: "approve"}); err != nil {
		t.Fatal(err)
	}
	w.until("approved", func() bool { r, err := w.Get(t.Context(), "FR-1"); return err == nil && r.State == reset.Approved })
}

// An answer that is lost after the effect is not a reason to say it twice.
func TestAnnouncer_directMessagesOnceUnderFaults(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1", "U_APPROVER2"}}
	w.set(`{"slack_fail_next": [{"method": "chat.postMessage", "kind": "lost", "times": 4}, {"method": "conversations.open", "kind": "5xx", "times": 1}]}`)
	w.start()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("asked", func() bool {
		return w.message("FR-1", reset.Slot("ask-1-U_APPROVER1")).TS != "" && w.message("FR-1", reset.Slot("ask-1-U_APPROVER2")).TS != ""
	})
	w.postedOnce()
}

func TestAnnouncer_remindsAtHalf(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1", "U_APPROVER2"}}
	var late sync.Map
	w.now = func() time.Time {
		if _, ok := late.Load("now"); ok {
			return time.Now().Add(31 * time.Minute)
		}
		return time.Now()
	}
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3) // expires in an hour
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		r.Terms.Approvals = 2
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
	w.until("asked", w.hears("U_APPROVER2", "needs your decision"))
	if m := w.message("FR-1", reset.Slot("reminder-1")); m.TS != "" {
		t.Fatal("reminded before half of the time")
	}
	late.Store("now", true)
	w.touch("FR-1")
	w.until("the thread is reminded", w.shows("FR-1", reset.Slot("reminder-1"), "still needs a decision", "1 more approval"))
	w.until("an approver is reminded", w.hears("U_APPROVER2", "still needs your decision"))
	w.touch("FR-1")
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.Deny("U_APPROVER2", r.Plan.Digest, "not today", time.Now())
	})
	w.until("the requester hears why", w.hears("U_REQUESTER", "Denied", "not today"))
	w.until("all is told", w.complete("FR-1"))
	if all := w.direct("U_APPROVER1"); len(all) != 1 {
		t.Errorf("who has approved is reminded: %q", all)
	}
}

func TestAnnouncer_sendsTheExport(t *testing.T) {
	w := newWorld(t)
	w.exports = &keptExport{text: "id,login\n00u1,ana@example.com\n"}
	w.start().listens()
	w.exporting("FR-1", w.exports.text)
	w.until("the file", func() bool {
		return slices.ContainsFunc(w.slack.Books().Shares, func(s slacksim.Share) bool {
			return s.Name == "FR-1-export.csv" && strings.HasPrefix(s.Channel, "D")
		})
	})
	w.until("all is told", w.complete("FR-1"))
	w.until("it is forgotten here", w.exports.isDropped)
	for _, s := range w.slack.Books().Shares {
		if !strings.HasPrefix(s.Channel, "D") {
			t.Errorf("%s is shared in %s", s.Name, s.Channel)
		}
	}
	if n := len(w.slack.Books().Shares); n != 1 {
		t.Errorf("%d files were shared", n)
	}
	if !w.hears("U_REQUESTER", "Your list from", "1 user and 2 columns")() {
		t.Errorf("the requester reads %q", w.direct("U_REQUESTER"))
	}
}

// A file that is not the one that was made goes to nobody.
func TestAnnouncer_anotherExportIsNotSent(t *testing.T) {
	w := newWorld(t)
	w.exports = &keptExport{text: "id,login\n00u1,eve@example.com\n"}
	w.start().listens()
	w.exporting("FR-1", "id,login\n00u1,ana@example.com\n")
	w.until("the requester hears", w.hears("U_REQUESTER", "FR-1", "*Done.*"))
	w.stop()
	if n := len(w.slack.Books().Shares); n != 0 || w.exports.isDropped() {
		t.Errorf("%d files were shared, dropped: %v", n, w.exports.isDropped())
	}
}

func TestAnnouncer_channelOutOfReach(t *testing.T) {
	for name, c := range map[string]struct{ lose, find, says string }{
		"removed":  {"/remove @factorbot", "/invite @factorbot", "invite it"},
		"archived": {"/archive", "", "archived"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1"}}
			w.start().listens()
			w.open("op")
			if _, err := w.slack.Command(t.Context(), "U_APPROVER1", "C_FACTORS", c.lose); err != nil {
				t.Fatal(err)
			}
			w.plan("FR-1", 3)
			w.until("the requester hears", w.hears("U_REQUESTER", "FR-1: I can't write in", c.says))
			w.until("an approver is asked all the same", w.hears("U_APPROVER1", "needs your decision", "approve"))
			w.approveAndRun("FR-1")
			w.reset("FR-1", 1, 2)
			w.finish("FR-1", 3)
			w.until("the end is told", w.hears("U_REQUESTER", "*Done.*", "2 reset"))
			if c.find == "" {
				return
			}
			if _, err := w.slack.Command(t.Context(), "U_APPROVER1", "C_FACTORS", c.find); err != nil {
				t.Fatal(err)
			}
			w.stop()
			w.start() // rather than wait for the next try
			w.until("nothing is lost", w.complete("FR-1"))
			w.until("the requester hears of that", w.hears("U_REQUESTER", "I can write in"))
		})
	}
}

func TestAnnouncer_postsADeletedMessageAgainAtOnce(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the plan file", func() bool { return w.message("FR-1", reset.SlotPlan).TS != "" })
	before := w.message("FR-1", reset.SlotApproval).TS
	if err := w.slack.Edit("C_FACTORS", before, nil); err != nil {
		t.Fatal(err)
	}
	w.until("another approval message", func() bool {
		m := w.message("FR-1", reset.SlotApproval)
		return m.TS != "" && m.TS != before && w.of("FR-1", reset.SlotApproval) != nil
	})
	w.approveAndRun("FR-1")
	w.until("progress", func() bool { return w.message("FR-1", reset.SlotProgress).TS != "" })
	before = w.message("FR-1", reset.SlotProgress).TS
	if err := w.slack.Edit("C_FACTORS", before, nil); err != nil {
		t.Fatal(err)
	}
	w.until("another progress message", func() bool {
		m := w.message("FR-1", reset.SlotProgress)
		return m.TS != "" && m.TS != before
	})
}

func TestAnnouncer_tooManyApproversAreNotAsked(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{err: fmt.Errorf("list: %w", announcer.ErrManyApprovers)}
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("it is noted", func() bool { return w.message("FR-1", reset.Slot("asked-1")).Shown == "groups" })
}

// Without its scope nobody can be written to: the thread says so, the log says
// what to do, and with the scope all that was to be told is told.
func TestAnnouncer_directMessagesNeedAScope(t *testing.T) {
	w := newWorld(t)
	w.approvers = &listedApprovers{ids: []reset.Person{"U_APPROVER1"}}
	scopes := func(more string) {
		w.set(`{"slack_scopes": ["commands", "chat:write", "files:read", "files:write", "channels:history", "users:read"` + more + `]}`)
	}
	scopes("")
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the thread says so", w.shows("FR-1", reset.SlotUntold, "U_APPROVER1", "I can't DM"))
	w.until("the log says what to do", func() bool { return w.hasLog("add the scope im:write") })
	scopes(`, "im:write", "im:history"`)
	w.touch("FR-1")
	w.until("an approver is asked", w.hears("U_APPROVER1", "needs your decision"))
	w.until("the thread says that, too", w.shows("FR-1", reset.SlotUntold, "everybody has been told"))
}
