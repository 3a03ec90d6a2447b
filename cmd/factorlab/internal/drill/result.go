package drill

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"factorbot/cmd/factorlab/internal/process"
)

// drillFigures are what a drill comes to.
type drillFigures struct {
	Config *drillConfig `json:"config"`
	drillCounts
	Points   map[string]int  `json:"points"` // kills by the point at which the bot ended itself; "": at a random moment
	Outcomes map[string]int  `json:"outcomes"`
	Reasons  map[string]int  `json:"reasons"`
	Several  *severalFigures `json:"several,omitempty"` // with etcd
	Seconds  float64         `json:"seconds"`
	Wrong    []string        `json:"wrong"` // the first findings

	began  time.Time
	wrongs int // all of them
}

// drillCounts are those figures that add up over worlds.
type drillCounts struct {
	Kills    int `json:"kills"`
	InFlight int `json:"in_flight"` // kills with a reset on its way
	Calling  int `json:"calling"`   // kills with any call to Okta on its way
	Faults   int `json:"faults"`    // calls to Okta and Slack that went wrong

	Halves    int `json:"halves"`     // resets that removed one factor of several and answered 500
	Outages   int `json:"outages"`    // lives of the bot during which one method of Slack failed
	Clocks    int `json:"clocks"`     // times that Okta's clock was set, by minutes
	OwnClocks int `json:"own_clocks"` // lives of the bot with a clock that was set, by minutes
	Results   int `json:"results"`    // result files that were judged as soon as they were there
	Restores  int `json:"restores"`   // backups that were put back
	Ramps     int `json:"ramps"`      // those of them in the middle of waves
	Pauses    int `json:"pauses"`     // those of them with a request that was paused
	Slow      int `json:"slow"`       // lives whose commits took over two seconds
	Deleted   int `json:"deleted"`    // users who were deleted in the middle

	Requests      int `json:"requests"`
	Rows          int `json:"rows"`
	RestoredUsers int `json:"restored_users"` // of the requests of which a backup was put back
	Users         int `json:"users"`          // that an approved plan names to be reset
	Reset         int `json:"reset"`          // by Okta's books
	Again         int `json:"again"`          // reset more than once, before they enrolled again
	Doubled       int `json:"doubled"`        // reset again without a look at the factors between
	Overtaken     int `json:"overtaken"`      // reset again, where Okta carried one of the two out after its call was over
	Forgotten     int `json:"forgotten"`
	Protected     int `json:"protected"`   // touched though protected or in no plan
	Enrolled      int `json:"enrolled"`    // have a factor of after their reset
	NewRemoved    int `json:"new_removed"` // factors removed that were enrolled after a reset, though Okta had shown them
	Unclosable    int `json:"unclosable"`  // the same, enrolled between the last look and the call
	StillOld      int `json:"still_old"`   // told to be reset, though a factor of before is listed
	Unsure        int `json:"unsure"`      // failed for another reason than enrolled_meanwhile
	Messages      int `json:"messages"`
	Files         int `json:"files"`
}

func (f *drillFigures) begin(c *drillConfig) {
	f.Config, f.began = c, time.Now()
	f.Points, f.Outcomes, f.Reasons = map[string]int{}, map[string]int{}, map[string]int{}
}

// add takes in the figures of another world.
func (f *drillFigures) add(o *drillFigures) {
	sums, more := reflect.ValueOf(&f.drillCounts).Elem(), reflect.ValueOf(o.drillCounts)
	for i := range sums.NumField() {
		sums.Field(i).SetInt(sums.Field(i).Int() + more.Field(i).Int())
	}
	for sum, more := range map[*map[string]int]map[string]int{&f.Points: o.Points, &f.Outcomes: o.Outcomes, &f.Reasons: o.Reasons} {
		for key, n := range more {
			(*sum)[key] += n
		}
	}
	f.Seconds = max(f.Seconds, o.Seconds)
	f.Wrong, f.wrongs = append(f.Wrong, o.Wrong...), f.wrongs+o.wrongs
}

// killed counts a kill at a point, "" for a random moment.
func (f *drillFigures) killed(point string, writes, calls int) {
	f.Kills++
	f.Points[point]++
	if writes > 0 {
		f.InFlight++
	}
	if calls > 0 {
		f.Calling++
	}
}

// print writes the table.
func (f *drillFigures) print(out io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	line := func(name string, figure any) { fmt.Fprintf(t, "%s\t%v\n", name, figure) }
	if f.Several != nil {
		f.Several.print(line)
	} else {
		line("kills", fmt.Sprintf("%d, %d with resets in flight", f.Kills, f.InFlight))
		for _, p := range pointsOnTheWay() {
			line("  at "+p.name, f.Points[p.name])
		}
	}
	line("faults injected", f.Faults)
	line("  half a reset", f.Halves)
	line("lives with a method of Slack away", f.Outages)
	line("lives with slow commits", f.Slow)
	line("times that Okta's clock was set", f.Clocks)
	line("lives with the bot's clock set", f.OwnClocks)
	line("backups put back", fmt.Sprintf("%d, %d amid waves, %d while paused", f.Restores, f.Ramps, f.Pauses))
	line("result files judged at once", f.Results)
	line("users deleted in the middle", f.Deleted)
	line("requests, rows", fmt.Sprintf("%d, %d", f.Requests, f.Rows))
	line("users to reset", f.Users)
	line("users reset", f.Reset)
	line("  sent again after a lost answer", f.Again)
	line("  sent twice without a look between", f.Doubled)
	line("  overtaken by a late effect", f.Overtaken)
	line("  enrolled again", f.Enrolled)
	line("users forgotten", f.Forgotten)
	line("protected users touched", f.Protected)
	line("new factors removed", f.NewRemoved)
	line("  within the unclosable moment", f.Unclosable)
	line("told to be reset with an old factor", f.StillOld)
	line("messages, files, each once", fmt.Sprintf("%d, %d", f.Messages, f.Files))
	line("outcomes", process.Counts(f.Outcomes))
	line("reasons", process.Counts(f.Reasons))
	line("time", process.Seconds(f.Seconds))
	_ = t.Flush() // into memory
	for _, w := range f.Wrong {
		fmt.Fprintf(&b, "WRONG: %s\n", w)
	}
	if more := f.wrongs - len(f.Wrong); more > 0 {
		fmt.Fprintf(&b, "WRONG: and %d more\n", more)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
