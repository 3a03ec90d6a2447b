package drill

import (
	"os"
	"path/filepath"
	"testing"

	"factorbot/bot/slacksim"
)

// Who leads is told by the terms in the logs, whatever order they are read in: a lead that
// went away and came back between two looks is found, and one that was lost is not.
func TestSeveral_leading(t *testing.T) {
	s := &several{}
	for _, log := range []string{
		`{"msg":"this process leads","term":7}` + "\n" + `{"msg":"this process leads","term":9}` + "\n",
		`{"msg":"this process leads","term":8}` + "\n",
		`{"msg":"this process leads","term":10}` + "\n" + `{"msg":"this process follows again"}` + "\n",
		`{"msg":"following","leader":"a"}` + "\n" + `{"msg":"this process leads","term":11}`, // not all of it is there
	} {
		path := filepath.Join(t.TempDir(), "bot.log")
		if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		s.bots = append(s.bots, &severalBot{drillBot: &drillBot{logs: path}})
	}
	if lead := s.leading(); lead != 0 || s.bots[0].term != 9 {
		t.Errorf("bot %d leads", lead)
	}
	last := s.bots[3].logs
	file, err := os.OpenFile(last, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString("\n")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if lead := s.leading(); lead != 3 {
		t.Errorf("bot %d leads, not the one that has just begun to", lead)
	}
}

// A press that was heard is not made again soon; without patience it is.
func TestPatience(t *testing.T) {
	approve := slacksim.Click{Message: "1.2", ActionID: "approve", Value: "FR-1:-"}
	other := approve
	other.Value = "FR-2:-"
	p := newPatience()
	if !p.due(approve) {
		t.Error("nobody presses")
	}
	p.heard(approve)
	if p.due(approve) || !p.due(other) {
		t.Errorf("after it was heard: due %t, another one %t", p.due(approve), p.due(other))
	}
	if p = nil; !p.due(approve) {
		t.Error("without patience it is not pressed again")
	}
}
