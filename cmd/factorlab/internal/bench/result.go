package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/okta/oktasim"
)

// benchResult is what one comparison measured.
type benchResult struct {
	Row      string        `json:"row,omitempty"`
	About    string        `json:"about,omitempty"`
	What     string        `json:"what"` // the settings in words
	Settings benchSettings `json:"settings"`
	Ideal    float64       `json:"ideal_s"`
	Bot      benchFigures  `json:"factorbot"`
	Loop     *benchFigures `json:"sdk_loop,omitempty"`
	Etcd     *benchFigures `json:"on_etcd,omitempty"`
	Urgent   []float64     `json:"urgent_s,omitempty"` // from approval to last reset, of each small request
	Targets  []benchTarget `json:"targets,omitempty"`
}

// benchFigures are those of one side.
type benchFigures struct {
	Resetting    float64 `json:"resetting_s"`    // first to last reset that took effect
	Job          float64 `json:"job_s"`          // upload to result file; of the loop, start to end
	Rate         float64 `json:"resets_per_s"`   // while resetting
	Throttled    int     `json:"throttled"`      // calls answered 429
	UserCalls    int     `json:"user_calls"`     // in the users bucket, 429s too
	CallsPerUser float64 `json:"calls_per_user"` // in the users bucket, the plan's too
	PlanCalls    int     `json:"plan_calls"`     // in all buckets, until the plan stood
	PeakWindow   int     `json:"peak_window"`    // most calls in one window of the users bucket
	NotReset     int     `json:"not_reset"`      // rows
	NewRemoved   int     `json:"new_removed"`    // factors removed though enrolled after a reset
	Forgotten    int     `json:"forgotten"`      // rows that say reset, of users for which nothing took effect
	Unfounded    int     `json:"unfounded"`      // the same with a proof
	PeakRSS      int64   `json:"peak_rss_bytes"`
	CPU          float64 `json:"cpu_ms_per_user"`

	Outcomes map[string]int `json:"outcomes,omitempty"`
	Reasons  map[string]int `json:"reasons,omitempty"`
	Proofs   map[string]int `json:"proofs,omitempty"`

	Examples []string `json:"examples,omitempty"` // rows whose file and books disagree, some of them

	windows []oktasim.Window
	factors []oktasim.Window // of the bucket of factors
	reached int              // users for which a reset took effect
}

// figures are what the org's books tell of these users.
func (c *comparison) figures(w *world, users []oktasim.User, took time.Duration) benchFigures {
	books := w.org.Books()
	f := benchFigures{
		Job: took.Seconds(), Throttled: books.Throttled, NewRemoved: books.NewRemoved, UserCalls: books.Calls[usersBucket],
		windows: w.org.Windows(usersBucket), factors: w.org.Windows(factorsBucket),
	}
	var all []oktasim.Reset
	for _, u := range users {
		resets := w.org.Resets(u.ID)
		f.reached += min(len(resets), 1)
		all = append(all, resets...)
	}
	byTime := func(a, b oktasim.Reset) int { return a.At.Compare(b.At) }
	if len(all) > 0 {
		f.Resetting = slices.MaxFunc(all, byTime).At.Sub(slices.MinFunc(all, byTime).At).Seconds()
	}
	if f.Resetting > 0 {
		f.Rate = float64(f.reached) / f.Resetting
	}
	for _, w := range f.windows {
		f.PeakWindow = max(f.PeakWindow, w.Calls)
		f.UserCalls += w.Throttled
	}
	f.CallsPerUser = float64(f.UserCalls) / float64(c.Users)
	return f
}

// judge holds the result file against the books.
func (f *benchFigures) judge(rows []map[string]string, org *oktasim.Org) {
	f.Outcomes, f.Reasons, f.Proofs = map[string]int{}, map[string]int{}, map[string]int{}
	for _, row := range rows {
		user, outcome, proof := row["user_id"], row["outcome"], row["proof"]
		f.Outcomes[outcome]++
		f.Reasons[row["reason"]]++
		f.Proofs[proof]++
		took := len(org.Resets(user)) > 0
		if outcome != "reset" {
			f.NotReset++
		}
		if !took && (proof == "log" || proof == "factors") {
			f.Unfounded++
		}
		if !took && outcome == "reset" {
			f.Forgotten++
			if len(f.Examples) < mostExamples {
				f.Examples = append(f.Examples, fmt.Sprintf("%s %s proof=%s", user, outcome, proof))
			}
		}
	}
	delete(f.Reasons, "")
	delete(f.Proofs, "")
}

// mostExamples is how many rows are shown where file and books disagree.
const mostExamples = 5

func sum(counts map[string]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// missed is how many targets were not reached.
func (r *benchResult) missed() int {
	n := 0
	for _, t := range r.Targets {
		if !t.Pass {
			n++
		}
	}
	return n
}

// print writes both sides beside each other, and the targets.
func (r *benchResult) print(out io.Writer) error {
	var b strings.Builder
	if r.Row != "" {
		fmt.Fprintf(&b, "%s: %s\n", r.Row, r.About)
	}
	fmt.Fprintf(&b, "%s\n\n", r.What)
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	head := "  \tfactorbot"
	if r.Loop != nil {
		head += fmt.Sprintf("\tSDK loop, %d workers", r.Settings.Workers)
	}
	if r.Etcd != nil {
		head += "\ton etcd"
	}
	fmt.Fprintln(t, head)
	for _, l := range r.lines() {
		line := "  " + l.name + "\t" + l.figure(&r.Bot)
		if r.Loop != nil && !l.botOnly {
			line += "\t" + l.figure(r.Loop)
		}
		if r.Etcd != nil {
			line += "\t" + l.figure(r.Etcd)
		}
		fmt.Fprintln(t, line)
	}
	if len(r.Targets) > 0 {
		fmt.Fprintln(t, "\ntarget\tmust be\tis")
	}
	for _, target := range r.Targets {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", target.Name, target.Want, target.Got, map[bool]string{true: "pass", false: "FAIL"}[target.Pass])
	}
	_ = t.Flush() // into memory
	b.WriteString("\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// benchLine is one line of the table.
type benchLine struct {
	name    string
	botOnly bool
	figure  func(*benchFigures) string
}

func (r *benchResult) lines() []benchLine {
	if r.Settings.PlanOnly {
		return []benchLine{
			{"whole plan", true, func(f *benchFigures) string { return process.Seconds(f.Job) }},
			{"calls, all buckets", true, func(f *benchFigures) string { return fmt.Sprint(f.PlanCalls) }},
			{"peak RSS", true, func(f *benchFigures) string { return mebibytes(f.PeakRSS) }},
		}
	}
	if r.Settings.Urgent > 0 {
		return []benchLine{
			{"from approval to the last reset", true, func(*benchFigures) string { return fmt.Sprintf("%.2f s", r.Urgent) }},
			{"calls answered 429", true, func(f *benchFigures) string { return fmt.Sprint(f.Throttled) }},
			{"most calls in one window", true, func(f *benchFigures) string { return fmt.Sprint(f.PeakWindow) }},
			{"peak RSS", true, func(f *benchFigures) string { return mebibytes(f.PeakRSS) }},
		}
	}
	lines := []benchLine{
		{"time of the resets", false, func(f *benchFigures) string { return process.Seconds(f.Resetting) }},
		{"resets per second", false, func(f *benchFigures) string { return fmt.Sprintf("%.1f", f.Rate) }},
		{"whole job", false, func(f *benchFigures) string { return process.Seconds(f.Job) }},
		{"calls answered 429", false, func(f *benchFigures) string { return fmt.Sprint(f.Throttled) }},
		{"calls per user, users bucket", false, func(f *benchFigures) string { return fmt.Sprintf("%.3f", f.CallsPerUser) }},
		{"most calls in one window", false, func(f *benchFigures) string { return fmt.Sprint(f.PeakWindow) }},
		{"rows not reset", false, func(f *benchFigures) string { return fmt.Sprint(f.NotReset) }},
		{"new factors removed", false, func(f *benchFigures) string { return fmt.Sprint(f.NewRemoved) }},
		{"peak RSS", false, func(f *benchFigures) string { return mebibytes(f.PeakRSS) }},
		{"CPU per user", false, func(f *benchFigures) string { return fmt.Sprintf("%.3f ms", f.CPU) }},
		{"outcomes", true, func(f *benchFigures) string { return process.Counts(f.Outcomes) }},
		{"reasons", true, func(f *benchFigures) string { return process.Counts(f.Reasons) }},
		{"proofs", true, func(f *benchFigures) string { return process.Counts(f.Proofs) }},
	}
	if len(r.Bot.Examples) > 0 {
		lines = append(lines, benchLine{"file and books disagree", true, func(f *benchFigures) string { return strings.Join(f.Examples, ", ") }})
	}
	if r.Ideal > 0 && r.Settings.Urgent == 0 {
		ideal := benchLine{fmt.Sprintf("against the ideal of %s", process.Seconds(r.Ideal)), false,
			func(f *benchFigures) string { return fmt.Sprintf("%.3f", f.Resetting/r.Ideal) }}
		lines = append(lines[:1], append([]benchLine{ideal}, lines[1:]...)...)
	}
	return lines
}

func mebibytes(n int64) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
