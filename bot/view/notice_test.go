package view_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

func TestNotices_golden(t *testing.T) {
	fits := schema(t, "Message")
	all := map[string]view.Message{
		"reset": view.Reset(done(), 7),
		"sessions": view.Reset(with(done(), func(r *reset.Request) {
			r.Asked.Options.RevokeSessions, r.Asked.Options.Factors = true, []string{"sms"}
		}), 8),
		"all_told":           view.NoticesSent(done(), view.NoticeCounts{Told: 12}),
		"some":               view.NoticesSent(done(), view.NoticeCounts{Told: 31, NoAccount: 1, NotReached: 2, TooMany: 290, Max: 200}),
		"nobody":             view.NoticesSent(done(), view.NoticeCounts{}),
		"enrolled_1h":        view.EnrolledAfter(done(), hourly(done(), 60), 482, time.Hour),
		"enrolled_12h":       view.EnrolledAfter(done(), hourly(done(), 60), 482, 12*time.Hour),
		"enrolled_12h_older": view.EnrolledAfter(done(), hourly(done(), 60), 482, 12*time.Hour).Plain(),
	}
	for name, m := range all {
		if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
			t.Errorf("%s does not fit the schema: %v", name, err)
		}
	}
	golden(t, "notices", all)
}

func TestNotices_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Message")
	rapid.Check(t, func(t *rapid.T) {
		r := anyRequest(t)
		for name, m := range map[string]view.Message{"reset": view.Reset(r, 1), "sent": view.NoticesSent(r, view.NoticeCounts{Told: 1 << 40, TooMany: 9})} {
			if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
				t.Fatalf("%s does not fit: %v", name, err)
			}
			checkMessage(t, name, m)
		}
	})
}

func TestAlerts_golden(t *testing.T) {
	r := with(done(), func(r *reset.Request) { r.Asked.Options.BreakGlass, r.Plan.BreakGlassUsers = true, 3 })
	all := map[string]view.Message{
		"glass":    view.GlassAlert(r, "has ended"),
		"reported": view.ReportAlert(r, reset.Report{Row: 7, By: "U_ANA", At: noon}),
	}
	fits := schema(t, "Message")
	for name, m := range all {
		if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
			t.Errorf("%s does not fit the schema: %v", name, err)
		}
	}
	golden(t, "alerts", all)
}

func TestAlerts_stayInsideSlacksLimits(t *testing.T) {
	fits := schema(t, "Message")
	rapid.Check(t, func(t *rapid.T) {
		r := anyRequest(t)
		report := reset.Report{Row: 1, By: reset.Person(nasty().Draw(t, "reporter")), At: noon}
		for name, m := range map[string]view.Message{"glass": view.GlassAlert(r, "has ended"), "reported": view.ReportAlert(r, report)} {
			if err := misfit(fits, map[string]any{"blocks": m.Blocks}); err != nil {
				t.Fatalf("%s does not fit: %v", name, err)
			}
			checkMessage(t, name, m)
		}
	})
}
