package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// mustBuild builds the program as people run it: without the race detector.
func mustBuild(tb testing.TB, flags ...string) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "factorbot")
	if out, err := exec.Command("go", append(append([]string{"build"}, flags...), "-o", binary, ".")...).CombinedOutput(); err != nil {
		tb.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// The bot is killed at every named point of a request's way and at random moments,
// while calls to Okta and Slack go wrong and requests share users. The drill
// judges by the simulators' books; here its figures are held to what was promised.
func TestCrash_killed_anywhere(t *testing.T) {
	kills := 200
	if testing.Short() {
		kills = 20 // the points are met all the same
	}
	cmd := exec.CommandContext(t.Context(), mustBuild(t, "-tags", "failpoints"), "drill", "--json", "--kills", fmt.Sprint(kills))
	var out, logs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &logs
	failed := cmd.Run()
	var f drillFigures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatalf("%v; %v: %s\n%s", failed, err, out.Bytes(), tail(logs.String(), 4000))
	}
	for _, w := range f.Wrong {
		t.Error(w)
	}
	switch {
	case failed != nil:
		t.Error(failed)
	case f.Kills < kills || float64(f.InFlight) < inFlight*float64(f.Kills):
		t.Errorf("%d kills, %d with resets in flight", f.Kills, f.InFlight)
	case f.Faults < 50 || f.Reset < 500 || f.Enrolled < f.Reset/5 || f.Again == 0 || f.Reasons["reset_since_plan"] == 0 || f.Reasons["settled_after_restart"] == 0:
		t.Errorf("the drill was too easy: %+v", f)
	}
	for name, n := range f.Points {
		if n < eachPoint {
			t.Errorf("%s was met %d times", name, n)
		}
		t.Logf("figure: kills at %s: %d", name, n)
	}
	t.Logf("figure: crash test: %d kills, %d with resets in flight; %d faults; %d requests, %d of %d users reset, %d more than once, %d enrolled anew in %.0f s",
		f.Kills, f.InFlight, f.Faults, f.Requests, f.Reset, f.Users, f.Again, f.Enrolled, f.Seconds)
	t.Logf("figure: crash test: %d forgotten, %d protected touched, %d new factors removed, %d sends within the unclosable moment; %d messages and %d files, each once",
		f.Forgotten, f.Protected, f.NewRemoved, f.Unclosable, f.Messages, f.Files)
}
