package sandbox

import (
	"io"
	"net"
	"strconv"
	"time"

	"factorbot/cmd/internal/cli"
)

// Config is what "factorbot sandbox" can be told.
type Config struct {
	Addr      string // where everything is served, "127.0.0.1:8025"
	Users     int    // users of the simulated org
	UsersFrom string // CSV file whose users the org has instead, "" for made-up ones
	RateLimit int    // calls per window and bucket
	Limits    string // kind of tenant whose limits the org has: "" or "small"
	Window    time.Duration
	Latency   time.Duration // of each Okta call
	Faults    float64       // share of Okta calls that fail, 0 to 1
	DB        string        // "" for a temporary file
	NoBot     bool          // only the simulators
	Container bool          // listen on every address; the URLs stay those of Addr
	Verbose   bool          // the bot's whole log on a terminal, too
}

// sandboxFlags reads the arguments of "factorbot sandbox". It returns a
// *SettingError, or pflag.ErrHelp after it has written the help to out.
func sandboxFlags(args []string, out io.Writer) (*Config, error) {
	c := &Config{}
	f := cli.NewFlags("sandbox")
	f.StringVar(&c.Addr, "addr", "127.0.0.1:8025", "`ADDRESS` where page, Slack and Okta are served")
	f.IntVar(&c.Users, "users", 500, "`NUMBER` of users in the simulated org")
	f.StringVar(&c.UsersFrom, "users-from", "", "CSV `FILE` whose users the org has")
	f.IntVar(&c.RateLimit, "rate-limit", 600, "Okta `CALLS` per window and bucket")
	f.StringVar(&c.Limits, "limits", "", "`KIND` of tenant: small has the limits of small ones, 50 calls a window and 10 for applications, instead of --rate-limit")
	cli.DurationVar(f, &c.Window, "window", 60*time.Second, "`TIME` of a rate-limit window")
	cli.DurationVar(f, &c.Latency, "latency", 80*time.Millisecond, "`TIME` that an Okta call takes")
	f.Float64Var(&c.Faults, "faults", 0, "`SHARE` of Okta calls that fail, 0 to 1")
	f.StringVar(&c.DB, "db", "", "database `FILE` of the bot; empty: a temporary one")
	f.BoolVar(&c.Container, "container", false, "listen on every address of a container, whose port is published on 127.0.0.1 of its host")
	f.BoolVar(&c.Verbose, "verbose", false, "write the bot's whole log to a terminal, not only errors")
	f.BoolVar(&c.NoBot, "no-bot", false, "start the simulators only")
	if err := cli.Parse(f, args, out, "Try the bot without any account: a simulated Slack workspace and Okta org.\n\nUsage: factorbot sandbox [flags]\n\n"); err != nil {
		return nil, err
	}
	return c, c.check()
}

func (c *Config) check() error {
	host, port, err := net.SplitHostPort(c.Addr)
	_, bad := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || bad != nil:
		return cli.BadSetting("--addr", "must be HOST:PORT, as in 127.0.0.1:8025")
	case host != "localhost" && !net.ParseIP(host).IsLoopback():
		return cli.BadSetting("--addr", "must be a loopback address, as 127.0.0.1: the sandbox has no password")
	case c.Users < 1 || c.Users > 1_000_000:
		return cli.BadSetting("--users", "must be from 1 to 1000000")
	case c.RateLimit < 1:
		return cli.BadSetting("--rate-limit", "must be at least 1")
	case c.Limits != "" && c.Limits != "small":
		return cli.BadSetting("--limits", "must be small, or left out")
	case c.Window < time.Second:
		return cli.BadSetting("--window", "must be at least 1s")
	case c.Latency < 0:
		return cli.BadSetting("--latency", "must not be negative")
	case !(c.Faults >= 0 && c.Faults <= 1): // NaN too
		return cli.BadSetting("--faults", "must be from 0 to 1")
	}
	return nil
}
