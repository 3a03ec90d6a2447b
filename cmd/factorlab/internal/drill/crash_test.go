package drill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"factorbot/cmd/factorlab/internal/process"
)

// mustBuildLab builds the laboratory without the race detector, as the bot is for people.
func mustBuildLab(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "factorlab")
	if out, err := exec.Command("go", "build", "-o", binary, "factorbot/cmd/factorlab").CombinedOutput(); err != nil {
		tb.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// The bot is killed at every named point of a request's way and at random moments,
// while calls to Okta and Slack go wrong and requests share users. The drill
// judges by the simulators' books; here its figures are held to what was promised.
func TestCrash_killed_anywhere(t *testing.T) {
	t.Parallel() // it waits for most of its time
	kills := 200
	if testing.Short() {
		kills = 20 // the points are met all the same
	}
	cmd := exec.CommandContext(t.Context(), mustBuildLab(t), "drill", "--json", "--kills", fmt.Sprint(kills))
	var out, logs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &logs
	failed := cmd.Run()
	var f drillFigures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatalf("%v; %v: %s\n%s", failed, err, out.Bytes(), logs.Bytes()[max(0, logs.Len()-4000):])
	}
	for _, w := range f.Wrong {
		t.Error(w)
	}
	switch {
	case failed != nil:
		t.Error(failed)
	case f.Kills < kills || float64(f.InFlight) < inFlight*float64(f.Kills):
		t.Errorf("%d kills, %d with resets in flight", f.Kills, f.InFlight)
	case f.Faults < 50 || f.Reset < 500 || f.Enrolled < f.Reset/5 || f.Reasons["reset_since_plan"] == 0 || f.Reasons["settled_after_restart"] == 0:
		t.Errorf("the drill was too easy: %+v", f)
	}
	for _, p := range slices.Sorted(maps.Keys(f.Points)) {
		if f.Points[p] < eachPoint {
			t.Errorf("%s was met %d times", p, f.Points[p])
		}
	}
	f.Points["(a random moment)"] = f.Points[""]
	delete(f.Points, "")
	if len(f.Points) < 20 {
		t.Errorf("only %d points were met", len(f.Points))
	}
	// The lines that begin with "figure" are printed at the end of a run of CI.
	t.Logf("figure: crash test, kills: %d in %.0f s, %d with resets in flight, %d with any call to Okta", f.Kills, f.Seconds, f.InFlight, f.Calling)
	t.Logf("figure: crash test, kills by point: %s", process.Counts(f.Points))
	t.Logf("figure: crash test, faults: %d", f.Faults)
	t.Logf("figure: crash test, halves: %d", f.Halves)
	t.Logf("figure: crash test, users reset: %d of %d in %d requests, %d more than once, %d enrolled anew", f.Reset, f.Users, f.Requests, f.Again, f.Enrolled)
	t.Logf("figure: crash test, users forgotten: %d", f.Forgotten)
	t.Logf("figure: crash test, new factors removed: %d, and %d sends within the unclosable moment", f.NewRemoved, f.Unclosable)
	t.Logf("figure: crash test, told to be reset with an old factor: %d", f.StillOld)
	t.Logf("figure: crash test, sent once each: %d messages, %d files", f.Messages, f.Files)
}
