package view_test

import (
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// Whoever reads one message alone knows what is not an ordinary reset.
func TestMessages_markWhatIsNotOrdinary(t *testing.T) {
	for _, c := range []struct {
		mark string
		set  func(*reset.Request)
	}{
		{"break glass", func(r *reset.Request) { r.Asked.Options.BreakGlass = true }},
		{"dry run", func(r *reset.Request) { r.Asked.Options.DryRun = true }},
		{"export", func(r *reset.Request) { r.Asked.Kind = reset.KindExport }},
	} {
		for state, r := range states() {
			if r.Asked.Kind == reset.KindExport && c.mark != "export" {
				continue // nobody is reset by it
			}
			c.set(r)
			for name, m := range rendered(r) {
				if !strings.Contains(strings.ToLower(m.Text), c.mark) {
					t.Errorf("%s of %s does not say %q: %s", name, state, c.mark, m.Text)
				}
			}
			for name, s := range map[string]string{"plan note": view.PlanNote(r), "result note": view.ResultNote(r)} {
				if !strings.Contains(strings.ToLower(s), c.mark) {
					t.Errorf("%s of %s does not say %q: %s", name, state, c.mark, s)
				}
			}
		}
	}
}

// No message says twice that a request is break-glass.
func TestMessages_sayBreakGlassOnce(t *testing.T) {
	for _, state := range []string{"break_glass", "glass_asked"} {
		for name, m := range rendered(states()[state]) {
			if strings.Count(m.Text, "BREAK GLASS") > 1 || strings.Count(strings.ToLower(m.Text), "protected users are included") > 1 {
				t.Errorf("%s of %s: %s", name, state, m.Text)
			}
		}
	}
}

func TestFileNames(t *testing.T) {
	r := &reset.Request{ID: "FR-42"}
	second := &reset.Request{ID: "FR-42", Plan: reset.Plan{Revision: 2}}
	for want, got := range map[string]string{
		"FR-42-plan.csv": view.PlanFile(r), "FR-42-plan-2.csv": view.PlanFile(second), "FR-42-results.csv": view.ResultsFile(r), "FR-42-export.csv": view.ExportFile(r),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
