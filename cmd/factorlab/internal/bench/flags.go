package bench

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"factorbot/cmd/internal/cli"

	"github.com/spf13/pflag"
)

// benchSettings is what one comparison is made of: the org, the bot's pace, the loop.
type benchSettings struct {
	Users       int           `json:"users"`     // rows of the roster
	OrgUsers    int           `json:"org_users"` // users of the org; 0: as many as the roster has
	Limit       int           `json:"limit"`     // calls per window and bucket; 0: no limit
	Window      time.Duration `json:"-"`
	Latency     time.Duration `json:"-"`
	Reserve     int           `json:"reserve"`          // percent
	Share       int           `json:"share"`            // percent; 0: the token may use the whole bucket
	Taken       int           `json:"taken"`            // calls per window that others make
	OfFactors   int           `json:"limit_of_factors"` // calls per window that read factors, in a bucket of their own; 0: in the users bucket
	Faults      float64       `json:"faults"`
	EnrolAgain  float64       `json:"enrol_again"`
	LogLag      time.Duration `json:"-"`
	Concurrency int           `json:"concurrency"`
	Workers     int           `json:"workers"`      // of the loop; 0: no loop
	SearchTerms int           `json:"search_terms"` // that one search takes
	Urgent      int           `json:"urgent"`       // small requests asked for while the large one runs
	PlanOnly    bool          `json:"plan_only"`
	Etcd        bool          `json:"etcd,omitempty"` // the bot once more, on etcd
}

// benchConfig is what "factorlab bench" can be told.
type benchConfig struct {
	benchSettings
	Row     string // name of a row, "" for the settings alone
	All     bool
	JSON    bool
	Profile string // directory for the bot's profiles, "" for none
	Server  string // the program that is one member of etcd; "": it is built

	args []string // the command line, which wins over a row
}

// benchFlags are the flags, with the defaults in c.
func benchFlags(c *benchConfig) *pflag.FlagSet {
	f := cli.NewFlags("bench")
	f.IntVar(&c.Users, "users", 2000, "`NUMBER` of users to reset")
	f.IntVar(&c.Limit, "limit", 100, "Okta `CALLS` per window and bucket; 0: no limit")
	cli.DurationVar(f, &c.Window, "window", 10*time.Second, "`TIME` of a rate-limit window")
	cli.DurationVar(f, &c.Latency, "latency", 50*time.Millisecond, "`TIME` that an Okta call takes")
	f.IntVar(&c.Reserve, "reserve", 0, "`PERCENT` of the limit that the bot leaves to others")
	f.IntVar(&c.Share, "share", 0, "`PERCENT` of the limit that the token may use, which no header shows; 0: all")
	f.IntVar(&c.Taken, "taken", 0, "`CALLS` per window that others make without notice")
	f.IntVar(&c.OfFactors, "limit-of-factors", 0, "`CALLS` per window that read factors, counted apart from the resets in windows a third later; each user's are read after the reset; 0: no such limit")
	f.Float64Var(&c.Faults, "faults", 0, "`SHARE` of Okta calls that go wrong, 0 to 1: a third 500s, a third lost after the effect, a sixth dropped before it, a sixth answered 200 without any")
	f.Float64Var(&c.EnrolAgain, "enrol-again", 0, "`SHARE` of the users who enrol again within seconds, 0 to 1")
	cli.DurationVar(f, &c.LogLag, "log-lag", 0, "`TIME` by which the System Log is late at most")
	f.IntVar(&c.Concurrency, "concurrency", 8, "`CALLS` to Okta that the bot makes at once")
	f.IntVar(&c.Workers, "workers", 10, "`NUMBER` of workers of the SDK loop; 0: leave the loop out")
	f.IntVar(&c.OrgUsers, "org-users", 0, "`NUMBER` of users in the org; 0: those to reset")
	f.IntVar(&c.SearchTerms, "search-terms", 200, "`TERMS` that one search of the org takes")
	f.IntVar(&c.Urgent, "urgent", 0, "`NUMBER` of requests for 3 users each, asked for while the large one runs, which is not waited for")
	f.BoolVar(&c.PlanOnly, "plan-only", false, "stop when the plan stands")
	f.BoolVar(&c.Etcd, "etcd", false, "measure the bot once more with its record on three members of etcd")
	f.StringVar(&c.Server, "etcd-server", "", "`PROGRAM` that is one member of etcd; empty: it is built from .ci/etcd")
	f.StringVar(&c.Row, "row", "", "`NAME` of a row of the table below; flags beside it win")
	f.BoolVar(&c.All, "all", false, "every row, one after the other")
	f.BoolVar(&c.JSON, "json", false, "print one JSON object per comparison")
	f.StringVar(&c.Profile, "profile", "", "`DIRECTORY` for CPU and heap profiles of the bot")
	return f
}

// parseBench reads the arguments of "factorlab bench". It returns a
// *SettingError, or pflag.ErrHelp after it has written the help to out.
func parseBench(args []string, out io.Writer) (*benchConfig, error) {
	c := &benchConfig{args: args}
	f := benchFlags(c)
	if err := cli.Parse(f, args, out, benchHead, benchTail()); err != nil {
		return nil, err
	}
	return c, c.check()
}

func (c *benchConfig) check() error {
	if c.All && c.Row != "" {
		return cli.BadSetting("--all", "excludes --row")
	}
	if c.Row != "" && benchRowNamed(c.Row) == nil {
		return cli.BadSetting("--row", "must be one of "+strings.Join(benchRowNames(), ", "))
	}
	return c.benchSettings.check()
}

func (s *benchSettings) check() error {
	least := func(name string, value, least int) error {
		if value < least {
			return cli.BadSetting(name, fmt.Sprintf("must be at least %d", least))
		}
		return nil
	}
	err := errors.Join(least("--users", s.Users, 1), least("--limit", s.Limit, 0), least("--workers", s.Workers, 0),
		least("--concurrency", s.Concurrency, 1), least("--taken", s.Taken, 0), least("--urgent", s.Urgent, 0), least("--search-terms", s.SearchTerms, 1))
	var first *cli.SettingError
	if errors.As(err, &first) {
		return first
	}
	switch {
	case s.OrgUsers != 0 && s.OrgUsers < s.roster():
		return cli.BadSetting("--org-users", "must be 0, or enough for --users and --urgent")
	case s.Window < time.Second:
		return cli.BadSetting("--window", "must be at least 1s")
	case s.Reserve < 0 || s.Reserve > 90:
		return cli.BadSetting("--reserve", "must be from 0 to 90")
	case s.Share < 0 || s.Share > 100:
		return cli.BadSetting("--share", "must be from 0 to 100")
	case !(s.Faults >= 0 && s.Faults <= 1):
		return cli.BadSetting("--faults", "must be from 0 to 1")
	case !(s.EnrolAgain >= 0 && s.EnrolAgain <= 1):
		return cli.BadSetting("--enrol-again", "must be from 0 to 1")
	case s.Etcd && (s.PlanOnly || s.Urgent > 0):
		return cli.BadSetting("--etcd", "excludes --plan-only and --urgent")
	case s.Limit > 0 && s.left() < 1:
		return cli.BadSetting("--taken", "leaves nothing of --limit to the bot")
	}
	return nil
}

// urgentUsers is how many users each small request names.
const urgentUsers = 3

// roster is how many users the comparison needs.
func (s *benchSettings) roster() int { return s.Users + s.Urgent*urgentUsers }

// left is how many calls of a window are the bot's, 0 where nothing limits it.
func (s *benchSettings) left() int {
	if s.Limit == 0 {
		return 0
	}
	left := s.Limit - s.Limit*s.Reserve/100 - s.Taken
	if s.Share > 0 {
		left = min(left, s.Limit*s.Share/100)
	}
	return left
}

// ideal is how long the resets take if each call the bot may make is one.
func (s *benchSettings) ideal() time.Duration {
	if left := s.left(); left > 0 {
		return time.Duration(float64(s.Users) / float64(left) * float64(s.Window))
	}
	return time.Duration(s.Users) * s.Latency / time.Duration(s.Concurrency)
}

// patience bounds a comparison: what takes so much longer does not end.
func (s *benchSettings) patience() time.Duration { return 3*s.ideal() + 10*time.Minute }
