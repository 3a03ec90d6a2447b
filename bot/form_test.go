package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slacksim"
	"factorbot/bot/view"
)

func TestFactorChoices_areKnownToTheCommandLanguage(t *testing.T) {
	var offered *slack.MultiSelectBlockElement
	for _, b := range view.RequestModal(view.Frame{More: true}).Blocks.BlockSet {
		if field, ok := b.(*slack.InputBlock); ok && field.BlockID == view.FieldFactors {
			offered = field.Element.(*slack.MultiSelectBlockElement)
		}
	}
	if offered == nil || len(offered.Options) < 10 {
		t.Fatalf("the form offers %+v", offered)
	}
	for _, o := range offered.Options {
		if types, err := roster.FactorTypes([]string{o.Value}); err != nil || len(types) == 0 {
			t.Errorf("%q: %v, %v", o.Value, types, err)
		}
	}
}

// large makes the only request one whose number of users must be typed.
func (w *world) large(id reset.ID, n int) {
	w.must(id, func(r *reset.Request) (reset.Fact, error) {
		r.Terms.Confirm = n
		return reset.Fact{Name: "grown", At: time.Now()}, nil
	})
}

func TestNumber_isAskedForByAButtonWhereTheModalDoesNotOpen(t *testing.T) {
	w := newWorld(t).start().listens()
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com u1@example.com x@example.com because lost phone")
	w.plan("FR-1", 3)
	w.large("FR-1", 2)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "Approve"))
	ts := w.message("FR-1", reset.SlotApproval).TS
	w.set(`{"slack_fail_next": [{"method": "views.open", "kind": "internal", "times": 1}]}`)
	w.click("U_APPROVER1", ts, "approve")
	w.until("the button", w.told("U_APPROVER1", "Type the number"))
	var ask *slacksim.Message
	for _, m := range w.see("U_APPROVER1") {
		if m.Ephemeral && strings.Contains(said(m), `"confirm"`) {
			ask = m
		}
	}
	res := w.click("U_APPROVER1", ask.TS, "confirm")
	if res.View == nil {
		t.Fatalf("no modal: %+v\n%s", res, w.transcript())
	}
	submit := func(number string) slacksim.Result {
		got, err := w.slack.Submit(context.Background(), "U_APPROVER1", res.View["id"].(string), map[string]any{
			"users": map[string]any{"users": number},
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for number, words := range map[string]string{"3": "isn't the number", "20": "isn't the number", "two": "valid number"} {
		if got := submit(number); !strings.Contains(got.Errors["users"], words) {
			t.Errorf("%s: %+v", number, got)
		}
	}
	if got := submit("2"); !got.OK {
		t.Fatalf("the number: %+v", got)
	}
	w.until("the approval", w.shows("FR-1", reset.SlotApproval, "Approved"))
}

// Review has Approve beside the users, and it judges as in the channel: never
// over ticks that wait to be removed, and with the number of a large batch.
func TestReview_approvesAsTheChannelDoes(t *testing.T) {
	w := newWorld(t).start().listens()
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com u1@example.com x@example.com because lost phone")
	w.plan("FR-1", 3)
	w.large("FR-1", 2)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "Approve"))
	ts := w.message("FR-1", reset.SlotApproval).TS
	review := func(user string) map[string]any {
		res := w.click(user, ts, "review")
		if res.View == nil {
			t.Fatalf("no review: %+v\n%s", res, w.transcript())
		}
		return res.View
	}
	press := func(user string, v map[string]any, action string, values map[string]any) map[string]any {
		res, err := w.slack.Click(context.Background(), slacksim.Click{User: user, View: v["id"].(string), ActionID: action, Values: values})
		if err != nil || res.View == nil {
			t.Fatalf("%s: %+v, %v\n%s", action, res, err, w.transcript())
		}
		return res.View
	}
	words := func(v map[string]any) string { b, _ := json.Marshal(v); return string(b) }

	if looking := review("U_REQUESTER"); strings.Contains(words(looking), `"approve"`) {
		t.Errorf("the requester may approve: %s", words(looking))
	}
	first := review("U_APPROVER1")
	boxes := "rows:1"
	ticks := map[string]any{boxes: map[string]any{boxes: []any{"1"}}}
	if got := press("U_APPROVER1", first, "approve", ticks); !strings.Contains(words(got), "Not approved: some users are ticked") {
		t.Errorf("approved over ticks: %s", words(got))
	}
	if r, _ := w.Get(context.Background(), "FR-1"); r.State != reset.Pending || len(r.Approved) != 0 {
		t.Fatalf("it counted: %s, %v", r.State, r.Approved)
	}
	number := press("U_APPROVER2", review("U_APPROVER2"), "approve", nil)
	if !strings.Contains(words(number), "Type 2 to approve") {
		t.Fatalf("the number is not asked for in the modal: %s", words(number))
	}
	got, err := w.slack.Submit(context.Background(), "U_APPROVER2", number["id"].(string), map[string]any{"users": map[string]any{"users": "2"}})
	if err != nil || !got.OK {
		t.Fatalf("the number: %+v, %v", got, err)
	}
	w.until("the approval", w.shows("FR-1", reset.SlotApproval, "Approved"))
}

// The green button of a review removes nobody, and does not lose ticks either.
func TestReview_itsOwnButtonRemovesNobody(t *testing.T) {
	w := newWorld(t).start().listens()
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com u1@example.com x@example.com because lost phone")
	w.plan("FR-1", 3)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "Approve"))
	v := w.click("U_APPROVER1", w.message("FR-1", reset.SlotApproval).TS, "review").View
	submit := func(ticked ...any) slacksim.Result {
		t.Helper()
		res, err := w.slack.Submit(context.Background(), "U_APPROVER1", v["id"].(string), map[string]any{"rows:1": map[string]any{"rows:1": ticked}})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if got := submit("1"); got.OK || !strings.Contains(fmt.Sprint(got), "1 user is ticked. Press Remove ticked above, or take off the tick.") {
		t.Errorf("with a tick: %+v", got)
	}
	if got := submit(); !got.OK {
		t.Errorf("without one: %+v", got)
	}
	w.until("it is served", func() bool { return w.pending() == 0 })
	if r := mustGet(w, "FR-1"); r.State != reset.Pending {
		t.Errorf("FR-1 is %s: somebody was removed", r.State)
	}
}

// A tick alone asks for nothing: it is acknowledged and answered with nothing.
func TestReview_tickIsNoIntent(t *testing.T) {
	w := newWorld(t).start().listens()
	before := len(w.slack.Books().Posts)
	acks := w.slack.Books().LateAcks
	w.press("U_APPROVER1", "C_FACTORS", "rows:1", "1")
	w.until("it is acknowledged", func() bool { return w.slack.Books().LateAcks > acks })
	w.press("U_APPROVER1", "C_FACTORS", "nonsense", "1")
	w.until("a button that is none of ours is answered", func() bool { return len(w.slack.Books().Posts) > before && w.pending() == 0 })
	if got := w.slack.Books().Posts[before:]; len(got) != 1 {
		t.Errorf("a tick is answered: %+v", got)
	}
}

func TestReview_saysThatItApprovedOrRemoved(t *testing.T) {
	w := newWorld(t).start().listens()
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com u1@example.com x@example.com because lost phone")
	w.plan("FR-1", 3)
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "Approve"))
	ts := w.message("FR-1", reset.SlotApproval).TS
	boxes := "rows:1"
	for _, c := range []struct {
		user, action string
		ticked       []any
		want         string
	}{
		{"U_APPROVER1", "review_remove", nil, "Nobody was ticked"},
		{"U_APPROVER1", "approve", nil, "Your approval of FR-1 counts"},
		{"U_APPROVER2", "approve", nil, "already"},
	} {
		v := w.click(c.user, ts, "review").View
		if v == nil && c.want == "already" {
			continue
		}
		res, err := w.slack.Click(context.Background(), slacksim.Click{
			User: c.user, View: v["id"].(string), ActionID: c.action, Values: map[string]any{boxes: map[string]any{boxes: c.ticked}},
		})
		if b, _ := json.Marshal(res.View); err != nil || !strings.Contains(string(b), c.want) {
			t.Errorf("%s by %s: %s, %v", c.action, c.user, b, err)
		}
	}
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com u1@example.com x@example.com because lost phone")
	w.plan("FR-2", 3)
	w.until("the second message", w.shows("FR-2", reset.SlotApproval, "Approve"))
	v := w.click("U_APPROVER1", w.message("FR-2", reset.SlotApproval).TS, "review").View
	res, err := w.slack.Click(context.Background(), slacksim.Click{
		User: "U_APPROVER1", View: v["id"].(string), ActionID: "review_remove", Values: map[string]any{boxes: map[string]any{boxes: []any{"1"}}},
	})
	if b, _ := json.Marshal(res.View); err != nil || !strings.Contains(string(b), "FR-2: removed 1 user") {
		t.Errorf("removed: %s, %v", b, err)
	}
	if r, _ := w.Get(context.Background(), "FR-2"); r.State != reset.Planning {
		t.Errorf("FR-2 is %s", r.State)
	}
}

func TestSuggestions(t *testing.T) {
	w := newWorld(t)
	w.schema = &schemaInMemory{}
	for i := range 150 {
		w.schema.all = append(w.schema.all, view.Attribute{Name: fmt.Sprintf("own%d", i), Title: fmt.Sprintf("Our %d", i), Custom: true})
	}
	w.start().listens()
	a, err := w.slack.Command(context.Background(), "U_REQUESTER", "C_FACTORS", "/factor-reset export")
	if err != nil || a.View == nil {
		t.Fatalf("%+v, %v", a, err)
	}
	for typed, want := range map[string]int{"": 100, "own14": 11, "OUR 149": 1, "<!channel>": 0} {
		got, err := w.slack.Suggest(context.Background(), slacksim.Click{
			User: "U_REQUESTER", View: a.View["id"].(string), ActionID: view.FieldColumns, Value: typed,
		})
		if options, _ := got["options"].([]any); err != nil || len(options) != want {
			t.Errorf("%q: %d options, %v", typed, len(options), err)
		}
	}
}

func TestExportForm_withoutTheSchema(t *testing.T) {
	w := newWorld(t)
	w.schema = &schemaInMemory{err: errors.New("Okta is away")}
	w.start().listens()
	a, err := w.slack.Command(context.Background(), "U_REQUESTER", "C_FACTORS", "/factor-reset export")
	b, _ := json.Marshal(a.View)
	if err != nil || !strings.Contains(string(b), "Okta didn't answer in time") || !strings.Contains(string(b), "department") {
		t.Errorf("%s, %v", b, err)
	}
	if strings.Contains(string(b), "Okta is away") {
		t.Error("an error is shown")
	}
}

// schemaInMemory is an org's schema.
type schemaInMemory struct {
	all []view.Attribute
	err error
}

func (s *schemaInMemory) Attributes(context.Context) ([]view.Attribute, error) { return s.all, s.err }

// press sends a click as Slack would, of a button that no message here shows.
func (w *world) press(user, channel, action, value string) {
	w.Helper()
	w.pressIn("", user, channel, action, value)
}

// pressIn is press, of a button in a thread.
func (w *world) pressIn(thread, user, channel, action, value string) {
	w.Helper()
	w.pressed++
	container := map[string]any{"type": "message", "channel_id": channel, "message_ts": "1795470332.000100"}
	if thread != "" {
		container["thread_ts"] = thread
	}
	frame, err := json.Marshal(map[string]any{"slack_frame": map[string]any{
		"type": "interactive", "envelope_id": fmt.Sprintf("press-%d", w.pressed), "accepts_response_payload": true,
		"payload": map[string]any{
			"type": "block_actions", "user": map[string]any{"id": user, "team_id": "T_SANDBOX"}, "channel": map[string]any{"id": channel},
			"container": container,
			"actions":   []any{map[string]any{"type": "button", "action_id": action, "value": value, "action_ts": fmt.Sprintf("1795470333.%06d", w.pressed)}},
		},
	}})
	if err != nil {
		w.Fatal(err)
	}
	w.set(string(frame))
}

func TestClick_retryAndReport(t *testing.T) {
	w := newWorld(t).start().listens()
	w.command("U_REQUESTER", "C_FACTORS", "/factor-reset u0@example.com x@example.com because lost phone")
	w.plan("FR-1", 2)

	w.press("U_APPROVER1", "C_FACTORS", "not_me", "FR-1:1")
	w.until("a report of what has not run is refused", w.told("U_APPROVER1", "FR-1 is already"))
	for _, c := range []struct{ action, value string }{{"not_me", "FR-1:0"}, {"not_me", "FR-1"}, {"retry_failed", "FR-1"}, {"retry_failed", "x:-"}, {"review", ""}} {
		w.press("U_APPROVER2", "C_FACTORS", c.action, c.value)
		w.until(c.action+" "+c.value+" is passed over", w.told("U_APPROVER2", "out of date"))
	}
	w.press("U_REQUESTER", "C_FACTORS", "retry_failed", "FR-1:-")
	w.until("the second request", w.told("U_REQUESTER", "FR-2: planning"))
	if r, err := w.Get(context.Background(), "FR-2"); err != nil || r.Asked.Again != "FR-1" {
		t.Errorf("%+v, %v", r, err)
	}
	w.press("U_REQUESTER", "C_FACTORS", "explode", "FR-1:-")
	w.until("an unknown button is logged", func() bool { return w.hasLog("unknown button") })
}
