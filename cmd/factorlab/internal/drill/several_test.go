package drill

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"factorbot/bot/slacksim"
	"factorbot/cmd/factorlab/internal/process"
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
		s.bots = append(s.bots, &severalBot{Process: &process.Process{Logs: path}})
	}
	if lead := s.leading(); lead != 0 || s.bots[0].term != 9 {
		t.Errorf("bot %d leads", lead)
	}
	last := s.bots[3].Logs
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

// What people have said cannot be read again in a drill of several bots; a post of the bot
// itself, whose answer was lost, can be looked for.
func TestCatchesUp(t *testing.T) {
	for _, c := range []struct {
		path, body string
		want       bool
	}{
		{"/api/conversations.history", "channel=C_FACTORS&include_all_metadata=0&oldest=1.2", true},
		{"/api/conversations.history", "channel=C_FACTORS&oldest=1.2", true},
		{"/api/conversations.history", "channel=C_FACTORS&include_all_metadata=1", false},
		{"/api/conversations.replies", "channel=C_FACTORS&include_all_metadata=0", false},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
		if got := catchesUp(r); got != c.want {
			t.Errorf("%s %s: %t", c.path, c.body, got)
		}
		if left, err := io.ReadAll(r.Body); err != nil || string(left) != c.body {
			t.Errorf("%s is served with %q, %v", c.path, left, err)
		}
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

// The judge of several bots finds what is wrong: rounds with nothing on its way, times over
// what was promised where they are, and kinds of envelopes that nobody has acknowledged.
func TestSeveral_judgeRounds(t *testing.T) {
	good := severalFigures{Rounds: 3, InFlight: 2, Takeovers: []float64{14, 3}, Handover: 1.9, Acked: map[string]int{"upload": 1, "click": 1, "command": 1}}
	for _, c := range []struct {
		name   string
		full   bool
		change func(*severalFigures)
		wrongs int
	}{
		{"as promised", true, func(*severalFigures) {}, 0},
		{"nothing on its way", false, func(f *severalFigures) { f.InFlight = 1 }, 1},
		{"a slow takeover", true, func(f *severalFigures) { f.Takeovers = []float64{16, 3} }, 1},
		{"a slow handover", true, func(f *severalFigures) { f.Handover = 2.1 }, 1},
		{"slow, beside other things", false, func(f *severalFigures) { f.Takeovers, f.Handover = []float64{16}, 2.1 }, 0},
		{"no click acknowledged", false, func(f *severalFigures) { f.Acked = map[string]int{"upload": 1, "command": 1} }, 1},
	} {
		f := good
		c.change(&f)
		s := &several{drill: &drill{drillConfig: &drillConfig{Full: c.full, TTL: 10}}, figures: &f}
		s.judgeRounds()
		if got := len(s.drill.figures.Wrong); got != c.wrongs {
			t.Errorf("%s: %d findings, %q", c.name, got, s.drill.figures.Wrong)
		}
	}
}
