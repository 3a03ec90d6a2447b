package config

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"factorbot/cmd/internal/cli"

	"github.com/knadh/koanf/providers/posflag"
	"github.com/spf13/pflag"
)

// flagName returns the flag of a key: "large_batch.over" is --large-batch.over.
func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

// fromFlag maps a flag to its key in Config and its typed value; "" leaves it out.
func fromFlag(flags *pflag.FlagSet) func(*pflag.Flag) (string, any) {
	return func(f *pflag.Flag) (string, any) {
		if f.Name == "config" || f.Name == "help" {
			return "", nil
		}
		key := strings.ReplaceAll(f.Name, "-", "_")
		if d, ok := f.Value.(*cli.Duration); ok {
			return key, time.Duration(*d)
		}
		return key, posflag.FlagVal(flags, f)
	}
}

// ParseRunFlags returns the flags of "factorbot run" and the file that --config names.
func ParseRunFlags(args []string, out io.Writer) (*pflag.FlagSet, string, error) {
	flags := cli.NewFlags("run")
	path := flags.String("config", "", "YAML `FILE` with the policy (or "+FileVariable+")")
	accessFlags(flags)
	peopleFlags(flags)
	requestFlags(flags)
	batchFlags(flags)
	laterFlags(flags)
	err := cli.ParseFlags(flags, args)
	if errors.Is(err, pflag.ErrHelp) {
		if werr := writeRunHelp(out, flags); werr != nil {
			return nil, "", fmt.Errorf("write help: %w", werr)
		}
	}
	return flags, *path, err
}

func accessFlags(f *pflag.FlagSet) {
	f.String("db", "factorbot.db", "database `FILE` (FACTORBOT_DB)")
	f.String("http-addr", "127.0.0.1:8090", "`ADDRESS` of health and metrics (FACTORBOT_HTTP_ADDR)")
	f.String("slack.api-url", "https://slack.com/api/", "`URL` of Slack (SLACK_API_URL)")
	f.String("okta.org-url", "", "`URL` of the org (OKTA_ORG_URL)")
	f.String("okta.client-id", "", "client `ID` of the service app (OKTA_CLIENT_ID)")
	f.String("okta.private-key-id", "", "`ID` of its key (OKTA_PRIVATE_KEY_ID)")
	f.Int("okta.reserve", 20, "`PERCENT` of each Okta rate limit left to others")
	f.Int("okta.concurrency", 8, "`CALLS` to Okta at once")
	cli.DurationFlag(f, "okta.settle-after", 10*time.Second, "`TIME` after which a call given up is surely over")
	cli.DurationFlag(f, "okta.log-lag", 2*time.Minute, "`TIME` by which the System Log may be late")
}

func peopleFlags(f *pflag.FlagSet) {
	f.StringSlice("channels", nil, "channel `IDS` where requests may be made, separated by commas; required")
	f.StringSlice("requesters.users", nil, "Slack `IDS` of who may ask; no requesters at all: every full member")
	f.StringSlice("requesters.usergroups", nil, "Slack user group `IDS` of who may ask")
	f.StringSlice("requesters.okta-groups", nil, "Okta group `IDS` of who may ask")
	f.StringSlice("approvers.users", nil, "Slack `IDS` of who may approve; at least one approver is required")
	f.StringSlice("approvers.usergroups", nil, "Slack user group `IDS` of who may approve")
	f.StringSlice("approvers.okta-groups", nil, "Okta group `IDS` of who may approve")
	f.Int("approvals", 1, "`NUMBER` of different approvers who must agree")
	f.Int("large-batch.over", 100, "targets in 24 h, a `NUMBER`, above which a batch is large")
	f.Int("large-batch.approvals", 2, "`NUMBER` of approvers for a large batch")
	f.Bool("large-batch.confirm", true, "the approver types the number of users of a large batch")
	f.String("protect.admins", "list", "how administrators are found: `list`, each or off")
	f.StringSlice("protect.users", nil, "`IDS` or logins of Okta users who are never reset")
	f.StringSlice("protect.okta-groups", nil, "Okta group `IDS` whose members are never reset")
	f.StringSlice("protect.approvers", nil, "Slack `IDS` of who may approve break-glass")
}

func requestFlags(f *pflag.FlagSet) {
	cli.DurationFlag(f, "expires-after", 24*time.Hour, "`TIME` in which a request must be decided")
	cli.DurationFlag(f, "execute-within", 24*time.Hour, "`TIME` in which an approved request must start")
	f.Int("max-targets", 10000, "`ROWS` that a roster may have")
	f.Bool("require-reason", true, "a request needs a reason")
	f.String("reason-pattern", "", "regular `EXPRESSION` that a reason must match")
}

func batchFlags(f *pflag.FlagSet) {
	f.String("verify", "log", "how a reset is proved: `log`, each or off")
	f.String("inspect", "few", "whose factors are read for the plan: `few` or each")
	f.Int("on-errors.pause-after", 10, "consecutive failures, a `NUMBER`, that pause a batch")
}

func laterFlags(f *pflag.FlagSet) {
	f.Int("velocity.per-requester-per-day", 0, "`TARGETS` of one requester in a day; 0: no limit")
	f.Int("velocity.org-per-hour", 0, "`TARGETS` of everybody in an hour; 0: no limit")
	f.IntSlice("ramp", nil, "`TARGETS` of each wave, separated by commas")
	f.Bool("revoke-sessions", false, "also end the users' Okta sessions")
	f.Bool("forget-phones", false, "with sms and call: forget the number too")
	f.Bool("dry-run", false, "everything but the resets")
	f.Bool("notify.users", false, "tell the users who were reset")
	f.Int("notify.max", 200, "`MESSAGES` to users per batch")
	f.String("alerts.channel", "", "channel `ID` for alerts")
	f.String("alerts.webhook", "", "`URL` for alerts")
	f.String("backup.dir", "", "`DIRECTORY` for backups; empty: none")
	cli.DurationFlag(f, "backup.every", 24*time.Hour, "`TIME` between backups")
	f.Int("backup.keep", 7, "`NUMBER` of backups kept")
	cli.DurationFlag(f, "retain", 400*24*time.Hour, "`TIME` for which finished requests are kept")
}
