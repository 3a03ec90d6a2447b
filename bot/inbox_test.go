package bot_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"factorbot/bot/handler"
	"factorbot/bot/listener"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// opened reports whether there are just n requests.
func (w *world) opened(n int) func() bool {
	return func() bool {
		_, last := w.Get(context.Background(), reset.NewID(n))
		_, more := w.Get(context.Background(), reset.NewID(n+1))
		return last == nil && more != nil
	}
}

// served is how often each intent was given to the desk.
func (w *world) served() map[string]int {
	w.desk.mu.Lock()
	defer w.desk.mu.Unlock()
	n := map[string]int{}
	for _, op := range w.desk.ops {
		n[op]++
	}
	return n
}

func TestInbox_oneEnvelopeOnTwoSockets(t *testing.T) {
	w := newWorld(t).start().listens()
	w.set(`{"slack_duplicates": 1}`)
	w.upload("U_REQUESTER", "why", "list.csv", threeUsers)
	w.until("the request", w.opened(1))
	w.until("its private answer", func() bool { return w.pending() == 0 })
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset ana@example.com because lost phone")
	w.until("the second request", w.opened(2))
	w.plan("FR-1", 3)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "approve"))
	w.click("U_APPROVER1", w.of("FR-1", reset.SlotApproval).TS, "approve")
	w.until("the approval", w.shows("FR-1", reset.SlotDecision, "U_APPROVER1"))
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if !w.opened(2)() {
		t.Error("a third request from two envelopes")
	}
	for op, n := range w.served() {
		if n != 1 {
			t.Errorf("%s was served %d times", op, n)
		}
	}
	if w.slack.Books().Duplicates < 3 {
		t.Errorf("%d envelopes came twice: the test shows nothing", w.slack.Books().Duplicates)
	}
}

// The process dies between the record and the work, and between the work and its end.
func TestInbox_whatIsRecordedIsFinishedAfterARestart(t *testing.T) {
	w := newWorld(t).start().listens()
	w.stop()
	envelope := func(op string) string {
		return fmt.Sprintf(`{"kind":"command","by":"U_REQUESTER","team":"T_SANDBOX","channel":"C_FACTORS","text":"ana@example.com because %s"}`, op)
	}
	ctx := context.Background()
	if fresh, err := w.Receive(ctx, "command:1", []byte(envelope("lost"))); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	w.start()
	w.until("the request", w.opened(1))
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	w.stop()

	w.mu.Lock()
	w.inbox = append(w.inbox, listener.Envelope{Key: "command:1", Body: []byte(envelope("lost")), At: time.Now()})
	w.mu.Unlock()
	w.start()
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if !w.opened(1)() {
		t.Error("an envelope that was served made a second request")
	}
	if n := w.served()["command:1"]; n != 2 {
		t.Errorf("the desk was asked %d times: the test shows nothing", n)
	}
}

// Whatever ends a socket, what is uploaded around it is taken up once.
func TestSocket_everyEndOfASocketLosesNothing(t *testing.T) {
	w := newWorld(t).start().listens()
	ends := map[string]string{"cut": `{"slack_drop_sockets": true}`}
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets"} {
		ends[reason] = `{"slack_disconnect": "` + reason + `"}`
	}
	names := slices.Sorted(maps.Keys(ends))
	for i, name := range names {
		connects := w.slack.Books().Connects
		w.upload("U_REQUESTER", name, "before.csv", threeUsers)
		w.set(ends[name])
		w.upload("U_REQUESTER", name, "after.csv", threeUsers)
		w.until("new sockets after "+name, func() bool { return w.slack.Books().Connects >= connects+2 && w.slack.Sockets() == 2 })
		w.until("both requests after "+name, w.opened(2*i+2))
	}
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if !w.opened(2 * len(names))() {
		t.Error("an upload was taken up twice")
	}
}

// Both sockets are away for a while, and Slack does not send again what it could not deliver.
func TestHistory_afterASocketGap(t *testing.T) {
	w := newWorld(t).start().listens()
	w.set(`{"slack_retries": []}`)
	w.set(`{"slack_down": true}`)
	w.until("no socket", func() bool { return w.slack.Sockets() == 0 })
	w.upload("U_REQUESTER", "while away", "list.csv", threeUsers)
	w.set(`{"slack_down": false}`)
	w.until("the request", w.opened(1))
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if !w.opened(1)() {
		t.Error("an upload was taken up twice")
	}
}

// A click has its age by Slack's clock, which dated it: a bot whose own clock is wrong by
// minutes calls no fresh click too old, and no old one fresh.
func TestListener_ageOfAClickIsBySlacksClock(t *testing.T) {
	for _, wrong := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		w := newWorld(t)
		ours := func() time.Time { return time.Now().Add(wrong) }
		clock := &slackapi.Clock{}
		w.with = func(l *listener.Listener, h *handler.Handler) {
			l.Now, h.Now, l.Clock = ours, ours, clock
			l.Slack = slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, clock.Through(w.transport))
			h.Slack = l.Slack
		}
		w.start().listens()
		w.open("op")
		w.plan("FR-1", 4)
		w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "FR-1"))
		w.click("U_APPROVER1", w.message("FR-1", reset.SlotApproval).TS, "approve")
		var asked time.Time
		w.until("the decision", func() bool {
			w.desk.mu.Lock()
			defer w.desk.mu.Unlock()
			asked = w.desk.at
			return len(w.desk.ops) > 0
		})
		if age := ours().Sub(asked); age < -10*time.Second || age > 40*time.Second {
			t.Errorf("our clock is wrong by %s: the click counts as %s old", wrong, age)
		}
		w.stop()
	}
}
