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

// mustBuildLab builds the laboratory without the race detector, as the bot is for people,
// with a clock that can be set.
func mustBuildLab(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	binary := filepath.Join(dir, "factorlab")
	if err := buildLab(tb.Context(), dir, binary); err != nil {
		tb.Fatal(err)
	}
	return binary
}

// The bot is killed at every named point of a request's way and at random moments,
// while calls to Okta and Slack go wrong and requests share users. The drill
// judges by the simulators' books; here its figures are held to what was promised.
func TestCrash_killed_anywhere(t *testing.T) {
	t.Parallel() // it waits for most of its time
	kills, faults, restores := 200, 500, 4
	if testing.Short() {
		kills, faults, restores = 20, 50, 1 // the points are still met
	}
	cmd := exec.CommandContext(t.Context(), mustBuildLab(t), "drill", "--json", "--faults", "0.06", "--kills", fmt.Sprint(kills), "--restores", fmt.Sprint(restores))
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
	case f.Faults < faults || f.Reset < 500 || f.Enrolled < f.Reset/5 || f.Reasons["reset_since_plan"] == 0 || f.Reasons["settled_after_restart"] == 0:
		t.Errorf("the drill was too easy: %+v", f)
	}
	for what, n := range map[string]int{
		"halves": f.Halves, "deleted users": f.Deleted, "methods of Slack away": f.Outages, "Okta's clock": f.Clocks, "the bot's clock": f.OwnClocks,
		"slow commits": f.Slow, "backups": f.Restores - restores + 1, "result files judged at once": f.Results,
	} {
		if n == 0 && !testing.Short() {
			t.Errorf("%s: none", what)
		}
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
	t.Logf("figure: crash test, faults a second: %.1f", float64(f.Faults)/f.Seconds)
	t.Logf("figure: crash test, troubles: %d halves, %d users deleted, %d lives with a method of Slack away, %d with slow commits, %d with the bot's clock set, Okta's set %d times", f.Halves, f.Deleted, f.Outages, f.Slow, f.OwnClocks, f.Clocks)
	t.Logf("figure: crash test, backups put back: %d with %d users, %d amid waves, %d while paused", f.Restores, f.RestoredUsers, f.Ramps, f.Pauses)
	t.Logf("figure: crash test, result files judged at once: %d", f.Results)
	t.Logf("figure: crash test, users reset: %d of %d in %d requests, %d more than once, %d enrolled again", f.Reset, f.Users, f.Requests, f.Again, f.Enrolled)
	t.Logf("figure: crash test, users forgotten: %d", f.Forgotten)
	t.Logf("figure: crash test, new factors removed: %d, and %d sends within the unclosable moment", f.NewRemoved, f.Unclosable)
	t.Logf("figure: crash test, told to be reset with an old factor: %d", f.StillOld)
	t.Logf("figure: crash test, sent once each: %d messages, %d files", f.Messages, f.Files)
}
