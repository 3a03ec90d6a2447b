package view_test

import (
	"testing"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// verbs is one answer of each verb that lists or tells something.
func verbs() map[string]view.Message {
	s := states()
	heads := view.Heads{Request: "dddd567890123456789012345678901234567890123456789012345678901234", Org: "eeee"}
	return map[string]view.Message{
		"history":      view.History("of the last 30 days", []*reset.Request{s["done"], s["dry_run"], s["denied"], s["group"]}, false),
		"no_history":   view.History("", nil, false),
		"whoami":       view.WhoAmI(view.Who{Person: "U_APPROVER1", Approver: true, Requester: true, BreakGlass: true, Channels: []reset.Channel{"C_FACTORS"}, Waiting: []*reset.Request{s["pending"]}, Open: []*reset.Request{s["running"]}}),
		"whoami_guest": view.WhoAmI(view.Who{Person: "U_GUEST", Why: "Only full members may do this, not <guests>."}),
		"frozen":       view.Frozen(reset.Freeze{By: "U_APPROVER1", At: noon, Why: "somebody called <!channel>"}),
		"thaw_asked":   view.ThawAsked([]reset.Person{"U_APPROVER1"}),
		"thawed":       view.Thawed([]reset.Person{"U_APPROVER1", "U_APPROVER2"}),
		"enrolled":     view.Enrolled(s["done"], 41, 50),
		"enrolled_one": view.Enrolled(s["done"], 1, 1),
		"enrolled_not": view.Enrolled(s["pending"], 0, 0),
		"receipt":      view.Receipt(s["done"], heads),
		"receipt_new":  view.Receipt(s["denied"], view.Heads{}),
		"taken_out":    view.TakenOut(s["planning"], 2),
		"ask_number":   view.AskNumber(s["pending"], 495),
		"elsewhere":    view.AskElsewhere([]reset.Channel{"C_FACTORS", "C_OTHER"}),
		"nowhere":      view.AskElsewhere(nil),
	}
}

func TestVerbs_golden(t *testing.T) {
	fits := schema(t, "Message")
	for name, m := range verbs() {
		if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
			t.Errorf("%s does not fit the schema: %v", name, err)
		}
		if m.Text == "" {
			t.Errorf("%s has no fallback text", name)
		}
	}
	golden(t, "verbs", verbs())
}

func TestVerbs_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Message")
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string { return nasty().Draw(t, label) }
		r := anyRequest(t)
		r.ID = "FR-42"
		many := make([]*reset.Request, rapid.IntRange(1, 60).Draw(t, "n"))
		for i := range many {
			many[i] = r
		}
		for name, m := range map[string]view.Message{
			"history":    view.History("of the last 30 days", many, true),
			"whoami":     view.WhoAmI(view.Who{Person: reset.Person(draw("who")), Why: draw("refusal"), Open: many, Waiting: many}),
			"frozen":     view.Frozen(reset.Freeze{By: reset.Person(draw("by")), At: noon, Why: draw("why")}),
			"thaw_asked": view.ThawAsked([]reset.Person{reset.Person(draw("by"))}),
			"receipt":    view.Receipt(r, view.Heads{Request: draw("head"), Org: draw("org head")}),
			"enrolled":   view.Enrolled(r, 1, rapid.IntRange(0, 9).Draw(t, "of")),
			"refused":    view.Refused(draw("words")),
			"not_csv":    view.NotCSV(draw("file")),
			"elsewhere":  view.AskElsewhere([]reset.Channel{reset.Channel(draw("channel"))}),
		} {
			if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
				t.Fatalf("%s does not fit: %v", name, err)
			}
			checkMessage(t, name, m)
		}
	})
}
