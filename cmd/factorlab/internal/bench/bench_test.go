package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"factorbot/cmd/internal/cli"
	"factorbot/okta/oktasim"
)

// mustBinary builds the program: a comparison starts itself again and again.
func mustBinary(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "factorlab")
	if out, err := exec.Command("go", "build", "-o", binary, "factorbot/cmd/factorlab").CombinedOutput(); err != nil {
		tb.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// mustBench runs a comparison and returns what it printed as JSON, one object a comparison.
func mustBench(tb testing.TB, binary string, args ...string) []benchResult {
	tb.Helper()
	cmd := exec.Command(binary, append([]string{"bench", "--json"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	// A missed target ends it with 1 too: what is slow on this machine is no failure of the test.
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	var results []benchResult
	for lines := json.NewDecoder(&out); lines.More(); {
		var r benchResult
		if err := lines.Decode(&r); err != nil {
			tb.Fatalf("%v\n%s", err, errs.String())
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		tb.Fatalf("no result:\n%s", errs.String())
	}
	return results
}

func TestBench(t *testing.T) {
	binary := mustBinary(t)
	t.Run("a paced job", func(t *testing.T) {
		r := mustBench(t, binary, "--users", "150", "--limit", "100", "--window", "1s", "--latency", "5ms")[0]
		if r.Ideal != 1.5 || r.Bot.NotReset != 0 || r.Bot.Throttled != 0 || r.Bot.Outcomes["reset"] != 150 || r.Bot.Forgotten != 0 {
			t.Errorf("bot %+v, ideal %v", r.Bot, r.Ideal)
		}
		if r.Bot.UserCalls < 150 || r.Bot.PeakWindow < 1 || r.Bot.PeakWindow > 100 || r.Bot.PlanCalls == 0 || r.Bot.CPU <= 0 || r.Bot.Proofs["log"] == 0 {
			t.Errorf("bot %+v", r.Bot)
		}
		if r.Loop == nil || r.Loop.UserCalls < 150 || r.Loop.CPU <= 0 {
			t.Errorf("loop %+v", r.Loop)
		}
	})
	t.Run("a row, made smaller", func(t *testing.T) {
		r := mustBench(t, binary, "--row", "faults", "--users", "40", "--org-users", "60", "--faults", "0", "--enrol-again", "0", "--log-lag", "0s", "--workers", "0")[0]
		if r.Row != "faults" || len(r.Targets) == 0 || r.missed() != 0 || r.Loop != nil {
			t.Errorf("%+v", r)
		}
	})
	t.Run("the largest, made smaller", func(t *testing.T) {
		r := mustBench(t, binary, "--row", "large", "--users", "300")[0]
		if r.missed() != 0 || r.Bot.PeakRSS == 0 || r.Bot.Outcomes["reset"] != 300 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a plan alone", func(t *testing.T) {
		for _, r := range mustBench(t, binary, "--row", "planning", "--users", "120", "--org-users", "400") {
			if r.Bot.PlanCalls == 0 || r.Bot.NotReset != 0 || r.missed() != 0 {
				t.Errorf("%+v", r)
			}
		}
	})
	t.Run("urgent ones between", func(t *testing.T) {
		r := mustBench(t, binary, "--row", "urgent", "--users", "400", "--window", "1s", "--latency", "1ms", "--urgent", "2")[0]
		if len(r.Urgent) != 2 || r.Urgent[0] <= 0 || r.Bot.Throttled != 0 {
			t.Errorf("%+v", r)
		}
	})
}

func TestBench_refusals(t *testing.T) {
	for _, c := range []struct{ name, args, setting string }{
		{"unknown row", "--row fastest", "--row"},
		{"a row and all", "--row full-limit --all", "--all"},
		{"nothing left", "--limit 100 --taken 100", "--taken"},
		{"no users", "--users 0", "--users"},
		{"a small org", "--org-users 10", "--org-users"},
		{"a share over all", "--share 101", "--share"},
		{"etcd, and a plan alone", "--etcd --plan-only", "--etcd"},
		{"more than every call", "--faults 1.5", "--faults"},
		{"an argument", "now", "arguments"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Run(context.Background(), strings.Fields(c.args), cli.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
			var setting *cli.SettingError
			if !errors.As(err, &setting) || setting.Name != c.setting {
				t.Errorf("%v, want a complaint about %s", err, c.setting)
			}
		})
	}
}

func TestBench_help(t *testing.T) {
	var out bytes.Buffer
	if err := Run(context.Background(), []string{"--help"}, cli.Env{Stdout: &out}); !errors.Is(err, pflag.ErrHelp) {
		t.Fatal(err)
	}
	for _, row := range benchRowNames() {
		if !strings.Contains(out.String(), "  "+row+" ") {
			t.Errorf("the help does not name row %s", row)
		}
	}
}

// The rows as the program is held to them: what the command line says wins.
func TestBenchRow_settings(t *testing.T) {
	for _, row := range benchRows() {
		for _, variant := range row.variants {
			c := &benchConfig{args: []string{"--latency", "7ms"}}
			s, err := row.settings(c, variant)
			if err != nil || s.Latency.Milliseconds() != 7 {
				t.Errorf("%s: %v %v", row.name, s.Latency, err)
			}
		}
	}
}

func TestBenchSettings_ideal(t *testing.T) {
	for _, c := range []struct {
		args    string
		left    int
		seconds float64
	}{
		{"", 100, 200},
		{"--reserve 20", 80, 250},
		{"--taken 40", 60, 2000.0 / 6},
		{"--share 50", 50, 400},
		{"--reserve 20 --taken 40 --share 50", 40, 500},
		{"--limit 0 --users 500", 0, 3.125},
	} {
		got, err := parseBench(strings.Fields(c.args), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.left() != c.left || got.ideal().Seconds()-c.seconds > 1e-6 || c.seconds-got.ideal().Seconds() > 1e-6 {
			t.Errorf("%q: %d left, ideal %v", c.args, got.left(), got.ideal())
		}
	}
}

// Each judgement is shown a result that passes and one that does not.
func TestBenchRows_judge(t *testing.T) {
	good := benchResult{Urgent: []float64{0.4, 0.5, 0.6, 0.7, 1.9}, Loop: &benchFigures{Rate: 18}, Etcd: &benchFigures{Resetting: 1.04, PeakRSS: 60 << 20}, Bot: benchFigures{
		Resetting: 1, Rate: 3400, UserCalls: 2000, CallsPerUser: 1.02, PlanCalls: 60, PeakWindow: 80, PeakRSS: 40 << 20,
		windows: []oktasim.Window{{Calls: 30, Throttled: 40}, {Calls: 40}, {Calls: 50}}, factors: []oktasim.Window{{Calls: 40, Throttled: 1}, {Calls: 40}}}}
	bad := benchResult{Urgent: []float64{0.4, 2.1}, Loop: &benchFigures{Rate: 18000}, Etcd: &benchFigures{Resetting: 1.1e6, PeakRSS: 170 << 20, NotReset: 1, Forgotten: 1}, Bot: benchFigures{
		Resetting: 1e6, Rate: 3300, Throttled: 500, UserCalls: 2000, CallsPerUser: 1.2, PlanCalls: 900, PeakWindow: 81, PeakRSS: 129 << 20,
		NotReset: 3, NewRemoved: 1, Forgotten: 1, Unfounded: 1, Outcomes: map[string]int{"failed": 1},
		windows: []oktasim.Window{{Calls: 81}, {}, {Calls: 50, Throttled: 50}}, factors: []oktasim.Window{{}, {Calls: 41, Throttled: 1}}}}
	for _, row := range benchRows() {
		s, err := row.settings(&benchConfig{}, row.variants[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range row.judge(s, &good) {
			if !target.Pass {
				t.Errorf("%s: %+v", row.name, target)
			}
		}
		for _, target := range row.judge(s, &bad) {
			if target.Pass {
				t.Errorf("%s passes: %+v", row.name, target)
			}
		}
	}
}

// A batch on etcd is held to the time and the memory of the same batch on a file.
func TestJudgeEtcd(t *testing.T) {
	file := benchFigures{Resetting: 40, PeakRSS: 50e6}
	missed := func(limit int, change func(*benchFigures)) int {
		other := file
		change(&other)
		r := &benchResult{Bot: file, Etcd: &other}
		r.Targets = judgeEtcd(benchSettings{Limit: limit}, r)
		return r.missed()
	}
	for _, c := range []struct {
		name   string
		limit  int
		change func(*benchFigures)
		missed int
	}{
		{"as on a file", 100, func(*benchFigures) {}, 0},
		{"slower under a limit", 100, func(f *benchFigures) { f.Resetting = 43 }, 1},
		{"slower without one", 0, func(f *benchFigures) { f.Resetting = 400 }, 0},
		{"with more memory", 0, func(f *benchFigures) { f.PeakRSS = 81e6 }, 1},
		{"a row not reset", 100, func(f *benchFigures) { f.NotReset = 1 }, 1},
	} {
		if got := missed(c.limit, c.change); got != c.missed {
			t.Errorf("%s: %d targets missed", c.name, got)
		}
	}
}
