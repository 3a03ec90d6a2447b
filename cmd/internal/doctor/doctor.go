package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/policy"
	"factorbot/bot/slackapi"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/people"
	"factorbot/okta"
)

// verdict is what a check came to.
type verdict string

const (
	OK      verdict = "ok"
	Warning verdict = "warning" // the bot works without it
	Failure verdict = "failure" // something that was set up does not work
	Unknown verdict = "unknown" // the check could not be made
	Skipped verdict = "skipped" // it needs something optional that is not set up
)

// Finding is the line of one check.
type Finding struct {
	Check   string  `json:"check"` // "channel C0123456"
	Verdict verdict `json:"verdict"`
	Found   string  `json:"found"`
	Mend    string  `json:"mend,omitempty"` // what to do; "" where all is well

	// Fatal says that the bot cannot work until it is mended: waiting does not help.
	Fatal bool `json:"fatal"`

	waits bool // a bot that runs goes on in spite of it: it pauses, and says so
}

func (f Finding) String() string {
	s := fmt.Sprintf("%-8s %s: %s", f.Verdict, f.Check, f.Found)
	if f.Mend != "" {
		s += "; " + f.Mend
	}
	return strings.ReplaceAll(s, "\n", " ")
}

func good(check, found string) Finding { return Finding{Check: check, Verdict: OK, Found: found} }

func warn(check, found, mend string) Finding {
	return Finding{Check: check, Verdict: Warning, Found: found, Mend: mend}
}

// unknown is a check that could not be made, such as while a service is away.
func unknown(check, found, mend string) Finding {
	return Finding{Check: check, Verdict: Unknown, Found: found, Mend: mend}
}

func failed(check, found, mend string) Finding {
	return Finding{Check: check, Verdict: Failure, Found: found, Mend: mend}
}

// fatal is a failure without whose mending the bot cannot work.
func fatal(check, found, mend string) Finding {
	return Finding{Check: check, Verdict: Failure, Found: found, Mend: mend, Fatal: true}
}

// bad reports whether a check failed or could not be made.
func (f Finding) bad() bool { return f.Verdict == Failure || f.Verdict == Unknown }

const (
	doctorTime = 30 * time.Second // for all checks together
	startTime  = 20 * time.Second // for those beside the start of the bot
)

// checks runs checks of one installation, side by side.
type checks struct {
	cfg    *config.Config
	slack  *slackChecks
	okta   *okta.Client
	who    *people.Directory
	onDisk func() []Finding // database and disk
}

func (e *checks) run(ctx context.Context) []Finding {
	return sideBySide([]func() []Finding{ // no more than run at once
		func() []Finding { return e.slack.check(ctx) },
		func() []Finding { return checkOkta(ctx, e.okta, &e.cfg.Policy) },
		func() []Finding { return append(checkWebhookSetting(&e.cfg.Policy), e.onDisk()...) },
		func() []Finding { return append(checkApprovers(ctx, e.who), checkStepUp(ctx, e.okta, e.who)...) },
	})
}

const doctorHead = `Check an installation: settings, files, what Slack and Okta allow. The exit code is
1 if a check failed or could not be made, whatever the reason.

Usage: factorbot doctor [--offline] [--json]

`

// Run checks an installation and says how to mend what is wrong.
func Run(ctx context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("doctor")
	asJSON := flags.Bool("json", false, "JSON")
	offline := flags.Bool("offline", false, "settings and files alone: ask neither Slack nor Okta")
	record := flags.String("record", "", "`DIR` into which to write down what Slack and Okta answer to readings, without anything personal")
	settings := config.AddFlags(flags, "db", "http-addr")
	if err := cli.Parse(flags, args, env.Stdout, doctorHead); err != nil {
		return err
	}
	if *offline && *record != "" {
		return cli.BadSetting("--record", "has nothing to write down with --offline")
	}
	found, err := checkAll(ctx, settings, env, *offline, *record)
	if err != nil {
		return err
	}
	if err := WriteFindings(env.Stdout, *asJSON, found); err != nil {
		return err
	}
	bad := 0
	for _, f := range found {
		if f.bad() {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks failed or could not be made", bad, len(found))
	}
	return nil
}

func checkAll(ctx context.Context, settings *config.Flags, env cli.Env, offline bool, record string) ([]Finding, error) {
	cfg, err := settings.Read(env.Vars)
	if err != nil {
		return badSettings(err), nil
	}
	formed := good("configuration", "every setting is well formed")
	if offline {
		return slices.Concat([]Finding{formed}, checkWebhookSetting(&cfg.Policy), checkPlace(cfg)), nil
	}
	found, err := examine(ctx, cfg, record)
	return append([]Finding{formed}, found...), err
}

// badSettings is a finding for each setting that is wrong.
func badSettings(err error) []Finding {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	var found []Finding
	for _, err := range errs {
		found = append(found, fatal("configuration", err.Error(), "factorbot run --help lists all settings"))
	}
	return found
}

// examine makes the clients that the bot would have, and checks.
// If record names a directory, what was answered is written down there.
func examine(ctx context.Context, cfg *config.Config, record string) (found []Finding, err error) {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	direct := cli.NewTransport()
	defer direct.CloseIdleConnections()
	transport := http.RoundTripper(direct)
	var own http.RoundTripper // of the Okta client; nil: one of its own
	var rec *recorder
	if record != "" {
		if rec, err = newRecorder(record, direct); err != nil {
			return nil, err
		}
		transport, own = rec, rec
	}
	client, err := newOkta(cfg, own)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	api := slackapi.NewClient(cfg.Slack.AppToken.Reveal(), cfg.Slack.BotToken.Reveal(), cfg.Slack.APIURL, transport)
	who := &people.Directory{Slack: api, Okta: client, Rules: func() policy.Rules { return cfg.Policy.Rules }, Log: slog.New(slog.DiscardHandler)}
	e := &checks{cfg: cfg, slack: &slackChecks{api, &cfg.Policy}, okta: client, who: who, onDisk: func() []Finding { return checkPlace(cfg) }}
	found = e.run(ctx)
	if rec == nil {
		return found, nil
	}
	client.Probe(okta.WithLane(ctx, okta.Urgent)) // what is refused is written down, too
	n, err := rec.done()
	if err != nil {
		return found, fmt.Errorf("record into %s: %w", record, err)
	}
	return append(found, good("record", fmt.Sprintf("%d answers are in %s; look through them before you send them", n, record))), nil
}

func newOkta(cfg *config.Config, transport http.RoundTripper) (*okta.Client, error) {
	return cfg.Okta.Client(okta.Config{Transport: transport, Marker: "doctor", Logger: slog.New(slog.DiscardHandler)})
}

// WriteFindings writes a line for each finding, or JSON.
func WriteFindings(out io.Writer, asJSON bool, found []Finding) error {
	if asJSON {
		return cli.PrintJSON(out, found)
	}
	for _, f := range found {
		if _, err := fmt.Fprintln(out, f); err != nil {
			return fmt.Errorf("write what was found: %w", err)
		}
	}
	return nil
}

// errUnfit ends a bot that cannot work as it is set up.
var errUnfit = errors.New("the bot cannot work")

// AtStart runs the checks once beside the starting bot: what makes it unable to
// work ends it, the rest is told in the log. A token that Okta refuses does not: the bot
// would only be started again and again, and it is a person who has to mend it.
func AtStart(ctx context.Context, cfg *config.Config, api *slack.Client, client *okta.Client, who *people.Directory, log *slog.Logger) error {
	e := &checks{cfg: cfg, slack: &slackChecks{api, &cfg.Policy}, okta: client, who: who, onDisk: func() []Finding { return checkStarted(cfg) }}
	limited, cancel := context.WithTimeout(ctx, startTime)
	found := e.run(limited)
	cancel()
	for _, f := range found {
		switch {
		case ctx.Err() != nil:
			return nil
		case f.Fatal && !f.waits:
			return fmt.Errorf("%w: %s: %s; %s", errUnfit, f.Check, f.Found, f.Mend)
		case f.Verdict == Failure:
			log.Error("a check at the start failed", "check", f.Check, "found", f.Found, "todo", f.Mend)
		case f.Verdict == Warning || f.Verdict == Unknown:
			log.Warn("a check at the start found something", "check", f.Check, "found", f.Found, "todo", f.Mend)
		}
	}
	<-ctx.Done()
	return nil
}
