package event

import "testing"

func TestEvent_Task(t *testing.T) {
	command := func(text string) Event {
		return Event{Kind: KindCommand, By: "U1", Text: text, Key: "k"}
	}
	click := func(action, value string) Event {
		return Event{Kind: KindClick, By: "U1", Action: action, Value: value, Key: "k"}
	}
	for _, c := range []struct {
		a             Event
		lane          string
		stops, starts bool
		slow          bool
	}{
		{command("pause FR-1"), "FR-1", true, false, false},
		{command("cancel FR-1 because wrong list"), "FR-1", true, false, false},
		{command("freeze because attack"), "k", true, false, false},
		{command("thaw"), "k", false, true, false},
		{command("resume FR-1"), "FR-1", false, true, false},
		{command("enrolled FR-1"), "k", false, false, true},
		{command("status"), "k", false, false, false},
		{command("ana@example.com because lost phone"), "U1", false, false, false},
		{command("what?"), "k", false, false, false},
		{click("pause", "FR-1:0123456789ab"), "FR-1", true, false, false},
		{click("cancel", "FR-1:-"), "FR-1", true, false, false},
		{click("not_me", "FR-1:3"), "FR-1", true, false, false},
		{click("resume", "FR-1:0123456789ab"), "FR-1", false, true, false},
		{click("approve", "FR-1:0123456789ab"), "FR-1", false, false, false},
		{Event{Kind: KindSubmission, Callback: "deny", Key: "k"}, "k", true, false, false},
		{Event{Kind: KindUpload, Key: "k"}, "k", false, false, true},
	} {
		got := c.a.Task()
		if got.Key != c.lane || got.Stops != c.stops || got.Starts != c.starts || got.Slow != c.slow {
			t.Errorf("%s %q %s %s: %+v", c.a.Kind, c.a.Text, c.a.Action, c.a.Callback, got)
		}
	}
}
