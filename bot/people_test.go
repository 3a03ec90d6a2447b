package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/listener"
	"factorbot/bot/reset"
	"factorbot/bot/slacksim"
	"factorbot/bot/view"
)

func (w *world) command(user, channel, text string) string {
	w.Helper()
	a, err := w.slack.Command(context.Background(), user, channel, text)
	if err != nil {
		w.Fatal(err)
	}
	if len(a.Ephemeral) != 1 {
		var all []string
		for _, m := range a.Ephemeral {
			all = append(all, said(m))
		}
		w.Fatalf("%s: %d private answers, want 1: %q", text, len(a.Ephemeral), all)
	}
	return said(a.Ephemeral[0])
}

func TestCommand_everyOneGetsAPrivateAnswer(t *testing.T) {
	w := newWorld(t).start().listens()
	for _, c := range []struct{ user, channel, text, want string }{
		{"U_REQUESTER", "C_FACTORS", "/factor-reset ana@example.com because lost phone", "FR-1: planning 1 user"},
		{"U_GUEST", "C_FACTORS", "/factor-reset", "Guests can't do this"},
		{"U_REQUESTER", "C_GENERAL", "/factor-reset", "Request resets in <#C_FACTORS>"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset help", "because lost phone"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset status", "no requests"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset status FR-1", "FR-1"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset status FR-99", "no such request"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset cancel", "Which request"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset ana@example.com", "Add a reason"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset ana@example.com because explode", "Something went wrong on my side (ref"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset resume FR-1", "FR-1 is already planning"},
		{"U_REQUESTER", "C_FACTORS", "/factor-reset cancel FR-1", "FR-1: cancelled"},
		{"U_GUEST", "C_FACTORS", "/factor-reset ana@example.com because lost phone", "Guests can't do this"},
	} {
		if got := w.command(c.user, c.channel, c.text); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.text, got)
		}
	}
	w.stop()
	if n := w.requests(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestClick_whoComesLateIsToldPrivately(t *testing.T) {
	w := newWorld(t).start().listens()
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com x@example.com because lost phone")
	w.plan("FR-1", 2)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "Approve"))
	ts := w.message("FR-1", reset.SlotApproval).TS

	w.click("U_REQUESTER", ts, "approve")
	w.until("the requester is refused", w.told("U_REQUESTER", "can't approve your own request"))
	w.click("U_APPROVER1", ts, "approve")
	w.until("approved", w.shows("FR-1", reset.SlotApproval, "Approved"))
	w.click("U_APPROVER2", ts, "approve")
	w.until("who was second hears so", w.told("U_APPROVER2", "FR-1 is already approved, about to start (by <@U_APPROVER1>)"))
}

func TestUpload_withoutReason(t *testing.T) {
	w := newWorld(t).start().listens()
	up := w.upload("U_REQUESTER", "", "list.csv", threeUsers)
	w.until("the question", w.told("U_REQUESTER", "add_reason"))
	var ask *slacksim.Message
	for _, m := range w.see("U_REQUESTER") {
		if m.Ephemeral {
			ask = m
		}
	}
	res := w.click("U_REQUESTER", ask.TS, "add_reason")
	if res.View == nil {
		t.Fatalf("no modal: %+v\n%s", res, w.transcript())
	}
	view := res.View["id"].(string)
	submit := func(reason string) slacksim.Result {
		got, err := w.slack.Submit(context.Background(), "U_REQUESTER", view, map[string]any{
			"reason": map[string]any{"reason": map[string]any{"type": "plain_text_input", "value": reason}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := submit("short"); got.Errors["reason"] != "The reason must name a ticket." {
		t.Errorf("a reason against the pattern: %+v", got)
	}
	if got := submit("Lost phones <b>"); len(got.Errors) > 0 || !got.OK {
		t.Fatalf("a good reason: %+v", got)
	}
	w.until("the request", func() bool { _, err := w.Get(context.Background(), "FR-1"); return err == nil })
	r, _ := w.Get(context.Background(), "FR-1")
	if r.Asked.Reason != "Lost phones <b>" || r.Asked.Source.TS != up || r.Rows != 3 || r.Asked.By != "U_REQUESTER" {
		t.Errorf("the request is %+v", r.Asked)
	}
}

func TestUpload_whatIsTakenUp(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "why", "book.xls", "\xd0\xcf\x11\xe0")
	w.until("the hint", w.told("U_REQUESTER", "CSV UTF-8"))

	// Each of these is passed over; the last upload shows that they were.
	top := w.upload("U_REQUESTER", "", "picture.png", "png")
	for _, u := range []slacksim.Upload{
		{User: "U_REQUESTER", Comment: "in a thread", ThreadTS: top, Files: []slacksim.UploadedFile{{Name: "a.csv", Content: []byte(threeUsers)}}},
		{User: "U_REQUESTER", Comment: "two files", Files: []slacksim.UploadedFile{
			{Name: "a.csv", Content: []byte(threeUsers)}, {Name: "b.csv", Content: []byte(threeUsers)},
		}},
	} {
		u.Channel = "C_FACTORS"
		if _, err := w.slack.Upload(u); err != nil {
			t.Fatal(err)
		}
	}
	w.upload("U_REQUESTER", "not a table", "page.csv", "<!DOCTYPE html><html></html>")
	w.until("the refusal in the thread", w.shows("FR-1", reset.SlotReply, "isn't possible"))
	if n := w.requests(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestUpload_guestIsRefusedPrivately(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_GUEST", "why", "list.csv", threeUsers)
	w.until("the refusal", w.told("U_GUEST", "Guests can't do this"))
	if n := w.requests(); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestInbox_nothingIsAcknowledgedThatIsNotRecorded(t *testing.T) {
	w := newWorld(t).start().listens()
	w.mu.Lock()
	w.broken = errors.New("the disk is full")
	w.mu.Unlock()
	w.upload("U_REQUESTER", "why", "list.csv", threeUsers)
	w.until("a redelivery", func() bool { return w.slack.Books().Redeliver > 0 })
	if w.pending() != 0 || w.requests() != 0 {
		t.Error("it was taken up")
	}
	w.mu.Lock()
	w.broken = nil
	w.mu.Unlock()
	w.until("the request", func() bool { _, err := w.Get(context.Background(), "FR-1"); return err == nil })
	if _, err := w.Get(context.Background(), "FR-2"); err == nil {
		t.Error("a second request from one upload")
	}
}

func TestHistory_uploadsWhileTheBotWasAway(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "first", "list.csv", threeUsers)
	w.until("the request", func() bool { _, err := w.Get(context.Background(), "FR-1"); return err == nil })
	w.stop()
	w.set(`{"slack_retries": []}`)
	w.upload("U_REQUESTER", "second", "list.csv", threeUsers)
	w.start()
	w.until("the second request", func() bool { _, err := w.Get(context.Background(), "FR-2"); return err == nil })
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if _, err := w.Get(context.Background(), "FR-3"); err == nil {
		t.Error("an upload was taken up twice")
	}
}

func TestSocket_envelopeThatCannotBeDecoded(t *testing.T) {
	w := newWorld(t).start().listens()
	w.set(`{"slack_frame": {"envelope_id": "e-1", "type": "something_new", "payload": {}, "accepts_response_payload": false}}`)
	w.until("the log tells", func() bool { return strings.Contains(w.logged.String(), "not understood") })
	w.set(`{"slack_frame": {"type": "events_api", "envelope_id": "e-2", "payload": {"type": "event_callback", "event": {
		"type": "message", "subtype": "file_share", "channel": "C_FACTORS", "user": "U_REQUESTER", "ts": "1795470332.000100", "text": "why",
		"blocks": [{"type": "actions", "elements": [{"type": "hologram"}]}],
		"files": [{"id": "F_NONE", "name": "list.csv", "size": 10, "mode": "hosted", "url_private": "https://evil.example/list.csv"}]}}}}`)
	w.until("the refusal", func() bool {
		r, err := w.Get(context.Background(), "FR-1")
		return err == nil && r.Code == "unreadable"
	})
}

func TestSocket_disconnects(t *testing.T) {
	w := newWorld(t).start().listens()
	for _, reason := range []string{"warning", "refresh_requested"} {
		n := w.slack.Books().Connects
		w.set(`{"slack_disconnect": "` + reason + `"}`)
		w.until("new sockets after "+reason, func() bool { return w.slack.Books().Connects > n && w.slack.Sockets() == 2 })
	}
	n := w.slack.Books().Connects
	w.set(`{"slack_drop_sockets": true}`)
	w.until("two new sockets", func() bool { return w.slack.Books().Connects >= n+2 && w.slack.Sockets() == 2 })
	if got := w.command("U_REQUESTER", "C_FACTORS", "/factor-reset help"); !strings.Contains(got, "because") {
		t.Error(got)
	}
}

// Who presses a button in a thread is answered in that thread, at its top in the channel.
func TestClick_isAnsweredWhereItWasMade(t *testing.T) {
	w := newWorld(t).start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.approveAndRun("FR-1")
	w.until("progress", func() bool { return w.of("FR-1", reset.SlotProgress) != nil })
	top := w.message("FR-1", reset.SlotApproval).TS
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
	})
	w.until("the pause", w.shows("FR-1", reset.SlotProgress, "is paused"))
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
	w.until("it goes on", w.shows("FR-1", reset.SlotProgress, "is running"))
	w.must("FR-1", func(r *reset.Request) (reset.Fact, error) { return r.Verify(time.Now()) })
	w.click("U_APPROVER2", w.message("FR-1", reset.SlotProgress).TS, "pause")
	var answered *slacksim.Message
	w.until("the answer", func() bool {
		for _, m := range w.see("U_APPROVER2") {
			if m.Ephemeral {
				answered = m
			}
		}
		return answered != nil
	})
	if answered.ThreadTS != top {
		t.Errorf("it is answered in the thread %q, want %q", answered.ThreadTS, top)
	}
	if p := w.whispered("U_APPROVER2"); p.Method != "chat.postEphemeral" {
		t.Errorf("it is answered by %s, want chat.postEphemeral: a response URL knows no thread", p.Method)
	}
}

// whispered is the last thing that somebody alone was shown.
func (w *world) whispered(user string) slacksim.Post {
	var last slacksim.Post
	for _, p := range w.slack.Books().Posts {
		if p.User == user {
			last = p
		}
	}
	return last
}

// strictDesk lets nobody do anything.
type strictDesk struct{ *deskInMemory }

func (strictDesk) refuse() (*reset.Request, error) {
	return nil, &desk.Refusal{Code: "not_an_approver", Words: "Only approvers can do this."}
}
func (d strictDesk) Approve(context.Context, desk.Intent) (*reset.Request, error) { return d.refuse() }
func (d strictDesk) Deny(context.Context, desk.Intent) (*reset.Request, error)    { return d.refuse() }
func (d strictDesk) Cancel(context.Context, desk.Intent) (*reset.Request, error)  { return d.refuse() }
func (d strictDesk) Pause(context.Context, desk.Intent) (*reset.Request, error)   { return d.refuse() }
func (d strictDesk) Resume(context.Context, desk.Intent) (*reset.Request, error)  { return d.refuse() }
func (d strictDesk) Retry(context.Context, desk.Intent) (*reset.Request, error)   { return d.refuse() }
func (d strictDesk) MayDecide(context.Context, desk.Intent) (*reset.Request, error) {
	return d.refuse()
}

func (d strictDesk) Report(context.Context, desk.Intent) (*reset.Request, bool, error) {
	_, err := d.refuse()
	return nil, false, err
}

// Whatever button is pressed in a thread, who may not is told so there, and who can:
// never who requested it, but where it is about stopping, that person too.
func TestClick_refusedInItsThread(t *testing.T) {
	w := newWorld(t)
	w.with = func(_ *listener.Listener, h *handler.Handler) {
		h.Desk = strictDesk{w.desk}
		h.Deciders = func() view.Helpers {
			return view.Helpers{People: []reset.Person{"U_APPROVER1", "U_APPROVER2", "U_REQUESTER"}, Groups: []string{"S0LARGE"}}
		}
	}
	w.start().listens()
	w.open("op")
	w.plan("FR-1", 3)
	w.until("the request", func() bool { return w.of("FR-1", reset.SlotApproval) != nil })
	top := w.message("FR-1", reset.SlotApproval).TS
	for action, who := range map[string]string{
		view.ActionApprove:     "<@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionDeny:        "<@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionReview:      "<@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionConfirm:     "<@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionResume:      "<@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionRetryFailed: "<@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionPause:       "<@U_REQUESTER>, <@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionCancel:      "<@U_REQUESTER>, <@U_APPROVER2> or <!subteam^S0LARGE> can.",
		view.ActionNotMe:       "<@U_APPROVER2>",
	} {
		before := len(w.slack.Books().Posts)
		value := view.Value(mustGet(w, "FR-1"))
		if action == view.ActionNotMe {
			value = view.RowValue("FR-1", 1)
		}
		w.pressIn(top, "U_APPROVER1", "C_FACTORS", action, value)
		var got slacksim.Post
		w.until("an answer to "+action, func() bool {
			for _, p := range w.slack.Books().Posts[before:] {
				if p.User == "U_APPROVER1" {
					got = p
				}
			}
			return got.Method != ""
		})
		if got.Method != "chat.postEphemeral" || got.ThreadTS != top || !strings.Contains(got.Text, "Only approvers can do this. ") || !strings.Contains(got.Text, who) {
			t.Errorf("%s is answered by %s in the thread %q with %q, want %q in it", action, got.Method, got.ThreadTS, got.Text, who)
		}
	}
}

func mustGet(w *world, id reset.ID) *reset.Request {
	w.Helper()
	r, err := w.Get(context.Background(), id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}
