package event

import (
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// Task is what an event asks for, as far as that decides who serves it, and after what.
type Task struct {
	Request reset.ID    // "" where it is about none, or about all
	Verb    roster.Verb // "" where it is none of these
	Stops   bool        // it only stops something
	Starts  bool        // it lets something go on that was stopped
	Slow    bool
	Key     string // tasks with the same key are served in order
}

// Task reads off an event what it asks for.
func (a *Event) Task() Task {
	t := Task{Key: a.Key}
	switch a.Kind {
	case KindUpload:
		t.Slow = true // its download may be
	case KindClick:
		t.Request, _, _ = view.ParseValue(a.Value)
		t.Stops = a.Action == view.ActionPause || a.Action == view.ActionCancel
		t.Starts = a.Action == view.ActionResume
		if a.Action == view.ActionNotMe {
			t.Request, _, _ = view.ParseRowValue(a.Value)
			t.Stops = true
		}
		if t.Slow = a.Action == view.ActionChooseColumn; !t.Slow { // else the file is downloaded again
			t.Key = string(a.By)
		}
	case KindSubmission:
		t.Stops = a.Callback == view.DenyCallback
		t.Slow = a.Callback == view.ReasonCallback || len(a.Fields[view.FieldFile].Files) > 0
	case KindStepUp:
		if f, err := a.Frame(); err == nil {
			t.Request = f.Request
			t.Starts = f.Act == view.ActResume || f.Act == view.ActThaw
			if f.Act == view.ActThaw {
				t.Verb = roster.VerbThaw
			}
		}
	case KindCommand:
		t = a.commandTask()
	}
	if t.Request != "" && !t.Slow {
		t.Key = string(t.Request)
	}
	return t
}

// Overtakes reports whether a stop is about what the start lets go on. A freeze stops everything.
func (t Task) Overtakes(start Task) bool {
	return t.Verb == roster.VerbFreeze || t.Request != "" && t.Request == start.Request
}

// commandTask orders the commands about a request with each other, and those
// of a person that open requests; the others wait for nobody.
func (a *Event) commandTask() Task {
	c, err := roster.ParseCommand(a.Text)
	if err != nil {
		return Task{Key: a.Key}
	}
	t := Task{Verb: c.Verb, Key: a.Key}
	switch c.Verb {
	case roster.VerbPause, roster.VerbCancel, roster.VerbFreeze:
		t.Stops = true
	case roster.VerbResume, roster.VerbThaw:
		t.Starts = true
	case roster.VerbRetry:
	case roster.VerbEnrolled:
		t.Slow = true
	case roster.VerbReset, roster.VerbDryRun, roster.VerbBreakGlass, roster.VerbExport:
		t.Key = string(a.By)
		return t
	default:
		return t
	}
	if len(c.Args) == 1 && len(c.Users) == 0 {
		t.Request, _ = reset.ParseID(c.Args[0])
	}
	return t
}
