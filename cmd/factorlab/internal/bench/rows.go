package bench

import (
	"fmt"
	"slices"
	"strings"

	"factorbot/cmd/internal/cli"
)

// benchRow is one row of the table that the program is held to: settings, and
// what must come of them.
type benchRow struct {
	name     string
	about    string
	variants [][]string // flags; each is a comparison of its own
	judge    func(benchSettings, *benchResult) []benchTarget
}

// benchTarget is one thing that must be reached, and what was.
type benchTarget struct {
	Name string `json:"name"`
	Want string `json:"want"`
	Got  string `json:"got"`
	Pass bool   `json:"pass"`
}

func benchRows() []benchRow {
	one := func(flags ...string) [][]string { return [][]string{flags} }
	return []benchRow{
		{"full-limit", "the whole limit used, and never touched", one(), judgeFullLimit},
		{"reserve", "20 % of the limit stay with others", one("--reserve=20"), judgeReserve},
		{"taken", "others take 40 calls per window", one("--taken=40"), judgeTaken},
		{"share", "the token may use half of the limit, in no header", one("--share=50"), judgeShare},
		{"two-buckets", "resets and readings of factors have other limits and windows", one("--users=400", "--reserve=20", "--limit-of-factors=50", "--workers=0"), judgeTwoBuckets},
		{"urgent", "3 users, asked for while 10,000 run", one("--users=10000", "--urgent=5", "--workers=0"), judgeUrgent},
		{"unpaced", "10,000 users, nothing limits", one("--users=10000", "--limit=0", "--latency=0s"), judgeUnpaced},
		{"far-limit", "the same under a limit that is far away", one("--users=10000", "--limit=1000000", "--window=60s", "--latency=0s"), judgeUnpaced},
		{"large", "100,000 users in one request, nothing limits", one("--users=100000", "--limit=0", "--latency=0s", "--workers=0"), judgeLarge},
		{"etcd", "the record in etcd, with a limit and without", [][]string{
			{"--users=400", "--etcd=true", "--workers=0"},
			{"--users=5000", "--limit=0", "--latency=0s", "--etcd=true", "--workers=0"},
		}, judgeEtcd},
		{"latency", "500 users, 50 ms a call, 8 at once", one("--users=500", "--limit=0", "--workers=1"), judgeLatency},
		{"faults", "errors, lost answers, users who enrol again", one("--users=1000", "--limit=0", "--latency=20ms", "--faults=0.06", "--enrol-again=0.3", "--log-lag=5s"), judgeFaults},
		{"planning", "10,000 logins in few calls", [][]string{
			{"--users=10000", "--limit=0", "--latency=0s", "--plan-only=true", "--workers=0", "--org-users=150000", "--search-terms=20"},
			{"--users=10000", "--limit=0", "--latency=0s", "--plan-only=true", "--workers=0", "--org-users=150000", "--search-terms=60"},
			{"--users=10000", "--limit=0", "--latency=0s", "--plan-only=true", "--workers=0", "--org-users=12000", "--search-terms=60"},
		}, judgePlanning},
	}
}

func benchRowNames() []string {
	var names []string
	for _, r := range benchRows() {
		names = append(names, r.name)
	}
	return names
}

func benchRowNamed(name string) *benchRow {
	rows := benchRows()
	if i := slices.IndexFunc(rows, func(r benchRow) bool { return r.name == name }); i >= 0 {
		return &rows[i]
	}
	return nil
}

// settings are a variant's, under what the command line says.
func (r *benchRow) settings(c *benchConfig, variant []string) (benchSettings, error) {
	own := &benchConfig{}
	if err := cli.ParseFlags(benchFlags(own), slices.Concat(variant, c.args)); err != nil {
		return benchSettings{}, err
	}
	return own.benchSettings, own.benchSettings.check()
}

// atMost compares a figure with the most that it may be.
func atMost(name string, got, want float64, format string) benchTarget {
	return benchTarget{name, "at most " + fmt.Sprintf(format, want), fmt.Sprintf(format, got), got <= want}
}

func atLeast(name string, got, want float64, format string) benchTarget {
	return benchTarget{name, "at least " + fmt.Sprintf(format, want), fmt.Sprintf(format, got), got >= want}
}

func none(name string, got int) benchTarget {
	return benchTarget{name, "none", fmt.Sprint(got), got == 0}
}

const ratio = "%.3f"

func overIdeal(s benchSettings, r *benchResult, most float64) benchTarget {
	return atMost("time of the resets / ideal", r.Bot.Resetting/s.ideal().Seconds(), most, ratio)
}

func judgeFullLimit(s benchSettings, r *benchResult) []benchTarget {
	return []benchTarget{
		overIdeal(s, r, 1.05), none("calls answered 429", r.Bot.Throttled),
		atMost("calls per user in the users bucket", r.Bot.CallsPerUser, 1.1, ratio), none("rows not reset", r.Bot.NotReset),
	}
}

func judgeReserve(s benchSettings, r *benchResult) []benchTarget {
	return []benchTarget{
		atMost("most calls in one window", float64(r.Bot.PeakWindow), float64(s.left()), "%.0f"),
		overIdeal(s, r, 1.05), none("calls answered 429", r.Bot.Throttled), none("rows not reset", r.Bot.NotReset),
	}
}

// percentOfCalls is how many percent of the users bucket's calls n are.
func percentOfCalls(n, calls int) float64 { return 100 * float64(n) / float64(max(1, calls)) }

func judgeTaken(s benchSettings, r *benchResult) []benchTarget {
	return []benchTarget{
		overIdeal(s, r, 1.10), atMost("calls answered 429", percentOfCalls(r.Bot.Throttled, r.Bot.UserCalls), 1, "%.2f %%"),
		none("rows failed", r.Bot.Outcomes["failed"]), none("rows not reset", r.Bot.NotReset),
	}
}

func judgeShare(s benchSettings, r *benchResult) []benchTarget {
	var later, calls int
	for i, w := range r.Bot.windows {
		if i >= 2 {
			later, calls = later+w.Throttled, calls+w.Calls+w.Throttled
		}
	}
	return []benchTarget{
		atMost("calls answered 429 after two windows", percentOfCalls(later, calls), 1, "%.2f %%"),
		none("rows failed", r.Bot.Outcomes["failed"]), none("rows not reset", r.Bot.NotReset),
	}
}

func judgeTwoBuckets(s benchSettings, r *benchResult) []benchTarget {
	var refused, peakResets, peakFactors int
	for i, w := range r.Bot.windows {
		if peakResets = max(peakResets, w.Calls); i > 0 {
			refused += w.Throttled
		}
	}
	for i, w := range r.Bot.factors {
		if peakFactors = max(peakFactors, w.Calls); i > 0 {
			refused += w.Throttled
		}
	}
	return []benchTarget{
		none("calls answered 429 after the first window", refused),
		atMost("most resets in one window", float64(peakResets), float64(s.left()), "%.0f"),
		atMost("most readings of factors in one window", float64(peakFactors), float64(s.OfFactors*(100-s.Reserve)/100), "%.0f"),
		none("rows not reset", r.Bot.NotReset),
	}
}

func judgeUrgent(s benchSettings, r *benchResult) []benchTarget {
	worst := slices.Max(append(r.Urgent, 0))
	return []benchTarget{
		{"small requests finished", fmt.Sprint(s.Urgent), fmt.Sprint(len(r.Urgent)), len(r.Urgent) == s.Urgent},
		atMost("slowest, from approval to the last reset", worst, 2, "%.2f s"), none("calls answered 429", r.Bot.Throttled),
	}
}

const (
	newmanRate = 112   // rows per second of Newman 6.2.2, one request at a time, no latency
	mostMemory = 64e6  // bytes
	mostLarge  = 128e6 // bytes, of the largest request
)

// judgeUnpaced holds a job that nothing limits against Newman; the loop's figure, which
// keeps no record, is printed only: every real org limits both long before.
func judgeUnpaced(_ benchSettings, r *benchResult) []benchTarget {
	return []benchTarget{
		atLeast("resets/s, against Newman's", r.Bot.Rate/newmanRate, 30, "%.1f"),
		atMost("peak RSS", float64(r.Bot.PeakRSS)/1e6, mostMemory/1e6, "%.1f MB"), none("rows not reset", r.Bot.NotReset),
	}
}

func judgeLarge(_ benchSettings, r *benchResult) []benchTarget {
	return []benchTarget{
		atMost("peak RSS", float64(r.Bot.PeakRSS)/1e6, mostLarge/1e6, "%.0f MB"), none("rows not reset", r.Bot.NotReset),
		none("rows that say reset, without effect", r.Bot.Forgotten),
	}
}

// judgeEtcd holds the record in etcd against the one in a file. Without a limit the
// members of etcd take their share of the same processors: that figure is printed only.
func judgeEtcd(s benchSettings, r *benchResult) []benchTarget {
	targets := []benchTarget{
		atMost("peak RSS, over that with a file", float64(r.Etcd.PeakRSS-r.Bot.PeakRSS)/1e6, 30, "%.1f MB"),
		none("rows not reset", r.Bot.NotReset+r.Etcd.NotReset), none("rows that say reset, without effect", r.Etcd.Forgotten),
	}
	if s.Limit > 0 {
		targets = append(targets, atMost("time of the resets, to that with a file", r.Etcd.Resetting/r.Bot.Resetting, 1.05, ratio))
	}
	return targets
}

func judgeLatency(s benchSettings, r *benchResult) []benchTarget {
	sequential := 1 / s.Latency.Seconds()
	if r.Loop != nil && s.Workers == 1 {
		sequential = r.Loop.Rate
	}
	return []benchTarget{atLeast("resets/s, against one at a time", r.Bot.Rate/sequential, 6, "%.2f"), none("rows not reset", r.Bot.NotReset)}
}

func judgeFaults(s benchSettings, r *benchResult) []benchTarget {
	return []benchTarget{
		none("rows neither reset nor enrolled_meanwhile", r.Bot.NotReset-r.Bot.Reasons["enrolled_meanwhile"]),
		none("rows that say reset, without effect", r.Bot.Forgotten), none("new factors removed", r.Bot.NewRemoved),
		none("proofs of what did not happen", r.Bot.Unfounded),
	}
}

func judgePlanning(s benchSettings, r *benchResult) []benchTarget {
	most := map[bool]float64{true: 210, false: 520}[s.SearchTerms >= 60]
	if s.OrgUsers < 2*s.Users {
		most = 80
	}
	return []benchTarget{
		atMost("calls for the plan", float64(r.Bot.PlanCalls), most, "%.0f"),
		atMost("peak RSS", float64(r.Bot.PeakRSS)/1e6, mostMemory/1e6, "%.1f MB"), none("rows not found", r.Bot.NotReset),
	}
}

// describe says in one line what is compared.
func (s *benchSettings) describe() string {
	parts := []string{fmt.Sprintf("%d users", s.Users)}
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(s.OrgUsers > s.Users, "of %d", s.OrgUsers)
	add(s.Limit > 0, "limit %d per %s and bucket", s.Limit, s.Window)
	add(s.Limit == 0, "no limit")
	add(s.Latency > 0, "latency %s", s.Latency)
	add(s.Reserve > 0, "reserve %d %%", s.Reserve)
	add(s.OfFactors > 0, "%d for readings of factors", s.OfFactors)
	add(s.Share > 0, "token share %d %%", s.Share)
	add(s.Taken > 0, "%d per window taken by others", s.Taken)
	add(s.Faults > 0, "faults %.3g", s.Faults)
	add(s.EnrolAgain > 0, "%.0f %% enrol again", 100*s.EnrolAgain)
	add(s.LogLag > 0, "log %s late", s.LogLag)
	add(s.Etcd, "with the record in a file and in etcd")
	add(s.PlanOnly, "%d terms a search, plan only", s.SearchTerms)
	return strings.Join(parts, ", ")
}
