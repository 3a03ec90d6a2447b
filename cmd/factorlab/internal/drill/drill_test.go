package drill

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta/oktasim"
)

func TestDrillFlags(t *testing.T) {
	c, err := drillFlags([]string{"--kills", "7", "--users", "50", "--faults", "0.1", "--seed", "9"}, io.Discard)
	if err != nil || c.Kills != 7 || c.Users != 50 || c.Faults != 0.1 || c.Seed != 9 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err = drillFlags([]string{"--full"}, io.Discard); err != nil || c.Kills < 400 || c.Restores < 12 || c.Faults < 0.05 {
		t.Errorf("--full: %+v, %v", c, err)
	}
	for _, args := range []string{"--kills 0", "--restores -1", "--users 39", "--users 5001", "--faults 0.3", "--faults NaN", "--faults -1", "--nonsense", "extra"} {
		var setting *cli.SettingError
		if _, err := drillFlags(strings.Fields(args), io.Discard); !errors.As(err, &setting) {
			t.Errorf("%s: %v", args, err)
		}
	}
	var help strings.Builder
	if err := Run(t.Context(), []string{"--help"}, cli.Env{Stdout: &help, Stderr: io.Discard}); !errors.Is(err, pflag.ErrHelp) || !strings.Contains(help.String(), "--kills") {
		t.Errorf("%v: %s", err, help.String())
	}
}

// A judge that finds nothing proves nothing: here nobody serves the rosters, and
// somebody resets users that nobody asked for.
func TestDrill_judge_finds_what_is_wrong(t *testing.T) {
	d, err := newDrill(t.Context(), &drillConfig{Users: 60, Kills: 1, Seed: 1}, t.TempDir(), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := d.ask(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.org.Set(sandbox.Settings(map[string]any{"enrol_again": 0, "latency": "0s"})); err != nil {
		t.Fatal(err)
	}
	answered := func(status int, method, path string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, d.url+"/api/v1/users/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "SSWS "+sandbox.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status {
			t.Fatalf("%s %s: %s", method, path, resp.Status)
		}
	}
	call := func(method, path string) { answered(http.StatusOK, method, path) }
	const again = "/lifecycle/reset_factors"
	users := d.rounds[0].users
	call(http.MethodPost, users[0]+again) // enrols again, is seen to have done so, and is reset again
	if err := d.org.Enrol(users[0], "push"); err != nil {
		t.Fatal(err)
	}
	call(http.MethodGet, users[0]+"/factors")
	call(http.MethodPost, users[0]+again)
	call(http.MethodPost, users[1]+again) // the same, between the look and the call
	call(http.MethodGet, users[1]+"/factors")
	if err := d.org.Enrol(users[1], "push"); err != nil {
		t.Fatal(err)
	}
	call(http.MethodPost, users[1]+again)
	call(http.MethodPost, users[4]+again) // twice at once
	call(http.MethodPost, users[4]+again)
	d.judge()
	f := &d.figures
	if f.Doubled != 1 || f.Overtaken != 0 {
		t.Errorf("%d were reset twice without a look between, %d overtaken", f.Doubled, f.Overtaken)
	}
	if f.NewRemoved != 1 || f.Unclosable != 1 || f.Protected != 3 {
		t.Errorf("%d new factors removed, %d within the unclosable moment, %d touched without a plan", f.NewRemoved, f.Unclosable, f.Protected)
	}
	for _, words := range []string{"3 rosters were never asked for", "FR-1 approval was posted 0 times", "FR-3-results.csv was shared 0 times", "is protected or in no plan"} {
		if !slices.ContainsFunc(f.Wrong, func(w string) bool { return strings.Contains(w, words) }) {
			t.Errorf("not found: %s", words)
		}
	}
	forgotten, _ := d.org.User(users[2])
	d.org.FailNext("POST", again, oktasim.Part, 1)
	answered(http.StatusInternalServerError, http.MethodPost, users[3]+again)
	halved, _ := d.org.User(users[3])
	d.judgeUser(halved, []drillRow{{"FR-1", "reset", "", "log"}}, 1)
	if f.StillOld != 1 {
		t.Errorf("%d users are told to be reset with an old factor", f.StillOld)
	}
	d.judgeUser(forgotten, []drillRow{{"FR-1", "reset", "", "log"}}, 0)
	d.judgeUser(forgotten, []drillRow{{"FR-1", "reset", "", "log"}, {"FR-2", "reset", "", "log"}}, 2)
	if f.Forgotten != 1 {
		t.Errorf("%d forgotten", f.Forgotten)
	}
}

// A drill of one kill, for a look, is over when each point was met once; a longer one goes on.
func TestDrill_short_is_over_sooner(t *testing.T) {
	met := map[string]int{}
	for _, p := range pointsOnTheWay() {
		met[p.name] = 1
	}
	for _, c := range []struct {
		kills   int
		over    bool
		counted int
	}{{1, true, 1}, {2, false, 2}, {60, false, 30}} {
		d := &drill{drillConfig: &drillConfig{Kills: c.kills}, share: c.kills, least: min(eachPoint, c.kills), figures: drillFigures{drillCounts: drillCounts{Kills: 30}, Points: met}}
		if over := d.unmet() == ""; over != c.over || d.counted() != c.counted {
			t.Errorf("%d kills: over is %v, the share is of %d", c.kills, over, d.counted())
		}
	}
}
