package slacksim

import "strings"

// tourStep is one of the three steps at the top of the page.
type tourStep struct {
	Number int
	Words  string
	Done   bool
	Now    bool // the first that is not done
}

// tour tells how far whoever tries the sandbox is: something waits for a
// decision, it was approved, and the result file is there.
func (w *Workspace) tour(c *conversation) []tourStep {
	asked, decided, done := false, false, false
	for _, m := range c.messages {
		if m.User == BotUser && offers(m.shown, "approve") {
			asked = true
			decided = decided || !offers(elements(m.Blocks), "approve")
		}
		for _, id := range m.fileIDs {
			f := w.files[id]
			done = done || f.user == BotUser && strings.HasSuffix(f.name, "-results.csv")
		}
	}
	steps := []tourStep{
		{Words: "Drop the sample file", Done: asked},
		{Words: "Approve it as Avery and Alex", Done: decided},
		{Words: "Take the result file from the thread", Done: done},
	}
	now := true
	for i := range steps {
		steps[i].Number = i + 1
		steps[i].Now = now && !steps[i].Done
		now = now && steps[i].Done
	}
	return steps
}

// offers says whether one of the elements has this action.
func offers(all []element, action string) bool {
	for _, e := range all {
		if e.action() == action {
			return true
		}
	}
	return false
}
