package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"factorbot/cmd/internal/cli"
	"factorbot/okta"

	"github.com/spf13/pflag"
)

// Config is everything that an operator can set, checked. It may be printed and
// logged: the secrets in it redact themselves.
type Config struct {
	Slack         SlackConfig `yaml:"slack"`
	Okta          OktaConfig  `yaml:"okta"`
	DB            string      `yaml:"db"` // path of the bbolt file, or the address of a record in etcd
	Etcd          EtcdConfig  `yaml:"etcd"`
	Control       string      `yaml:"control"`   // path of the operators' socket, "" for none
	HTTPAddr      string      `yaml:"http_addr"` // "127.0.0.1:8090", health and metrics
	WebhookSecret Secret      `yaml:"webhook_secret"`
	Policy        Policy      `yaml:",inline"`
}

// SlackConfig is the app's access to its workspace.
type SlackConfig struct {
	AppToken Secret `yaml:"app_token"` // xapp-...
	BotToken Secret `yaml:"bot_token"` // xoxb-...
	APIURL   string `yaml:"api_url"`   // "https://slack.com/api/", with the slash
}

// OktaConfig is the access to the org and the pace of the calls. Either APIToken
// is set, or ClientID and PrivateKey are.
type OktaConfig struct {
	OrgURL       string `yaml:"org_url"` // "https://example.okta.com", without a slash
	APIToken     Secret `yaml:"api_token"`
	ClientID     string `yaml:"client_id"`
	PrivateKey   Secret `yaml:"private_key"` // PEM
	PrivateKeyID string `yaml:"private_key_id"`

	Reserve     int           `yaml:"reserve"`      // percent of each rate limit left to others
	Concurrency int           `yaml:"concurrency"`  // calls at once
	SettleAfter time.Duration `yaml:"settle_after"` // a call given up is over by then
	LogLag      time.Duration `yaml:"log_lag"`      // how late the System Log may be
}

// Client returns a client for the org: with these credentials, and what else a caller wants.
func (o *OktaConfig) Client(with okta.Config) (*okta.Client, error) {
	with.OrgURL, with.Token = o.OrgURL, o.APIToken.Reveal()
	with.ClientID, with.PrivateKey, with.PrivateKeyID = o.ClientID, o.PrivateKey.Reveal(), o.PrivateKeyID
	with.Version = strings.Trim(cli.ThisBuild().Version, "()")
	client, err := okta.New(with)
	if err != nil {
		return nil, fmt.Errorf("prepare for Okta: %w", err)
	}
	return client, nil
}

// defaultPolicy is the policy file with every key at its default.
//
//go:embed defaults.yaml
var defaultPolicy []byte

// Default returns the settings that nobody has set; some are missing and have to be.
func Default() *Config {
	c := &Config{
		Slack: SlackConfig{APIURL: "https://slack.com/api/"},
		DB:    "factorbot.db", HTTPAddr: "127.0.0.1:8090",
	}
	newPolicyReader(c).read(defaultPolicy) // a test holds that it is well formed
	return c
}

// Load reads the settings of the bot. Later sources override earlier ones: defaults,
// the policy file, env ("NAME=value" entries), flags. Its error joins a
// *cli.SettingError for each setting that is missing or malformed; it is pflag.ErrHelp
// after the help was written to out.
func Load(args, environ []string, out io.Writer) (*Config, error) {
	flags := cli.NewFlags("run")
	set := AddFlags(flags, "db", "http-addr")
	err := cli.ParseFlags(flags, args)
	if errors.Is(err, pflag.ErrHelp) {
		if werr := writeRunHelp(out, flags); werr != nil {
			return nil, fmt.Errorf("write help: %w", werr)
		}
	}
	if err != nil {
		return nil, err
	}
	return set.Read(environ)
}

// Flags are the settings that may be given as flags; what is given overrides the
// environment.
type Flags struct {
	set              *pflag.FlagSet
	path, db, listen *string
}

// AddFlags adds the flag --config and, if they are named, --db and --http-addr.
func AddFlags(f *pflag.FlagSet, names ...string) *Flags {
	flags := &Flags{set: f, path: f.String("config", "", "policy `FILE`, YAML ("+FileVariable+")")}
	if slices.Contains(names, "db") {
		flags.db = f.String("db", "factorbot.db", "database `FILE` (FACTORBOT_DB)")
	}
	if slices.Contains(names, "http-addr") {
		flags.listen = f.String("http-addr", "127.0.0.1:8090", "`ADDRESS` of health and metrics (FACTORBOT_HTTP_ADDR)")
	}
	return flags
}

// Read reads the settings after the flags were parsed.
func (f *Flags) Read(environ []string) (*Config, error) {
	c, bad := f.collect(environ)
	c.check(bad)
	return c, bad.err()
}

// Place reads where the bot's database is and where its health is served, for
// operators' commands: they find what "run" finds, and work with a policy that "run"
// would refuse.
func (f *Flags) Place(environ []string) (*Config, error) {
	c, found := f.collect(environ)
	bad := &problems{}
	for _, e := range found.list {
		if slices.Contains([]string{FileVariable, "db", "http_addr"}, e.Name) {
			bad.note(e)
		}
	}
	c.checkPlaces(bad)
	return c, bad.err()
}

// collect reads the settings from all sources, unchecked.
func (f *Flags) collect(environ []string) (*Config, *problems) {
	c := Default()
	path := *f.path
	if path == "" {
		path = cli.Lookup(environ, FileVariable)
	}
	reader := newPolicyReader(c)
	reader.readFile(path)
	bad := reader.problems
	c.takeEnvironment(environ, bad)
	if f.db != nil && f.set.Changed("db") {
		c.DB = *f.db
	}
	if f.listen != nil && f.set.Changed("http-addr") {
		c.HTTPAddr = *f.listen
	}
	return c, bad
}

// Check refuses settings that are missing, malformed or not available, and brings the
// others into the form that Config documents.
func (c *Config) Check() error {
	bad := &problems{}
	c.check(bad)
	return bad.err()
}

// problems are the settings that are wrong.
type problems struct {
	list    []*cli.SettingError
	lines   map[string]int // of the policy file, by key
	noFile  bool           // the policy file could not be read: what is missing may be in it
	ignored []string       // keys whose values were not taken from the file
}

// add notes that a setting is wrong. Of a setting that was found wrong before, by what
// the file or the environment holds, nothing more is said.
func (p *problems) add(name, problem string) { p.addAt(name, name, problem) }

// addAt does so for a setting whose value is at the line of a key of the policy file.
func (p *problems) addAt(at, name, problem string) {
	key, _, _ := strings.Cut(name, " ")
	if slices.ContainsFunc(p.list, func(e *cli.SettingError) bool { return strings.TrimSuffix(e.Name, fileSuffix) == name }) {
		return
	}
	if fromFile := !slices.ContainsFunc(Variables(), func(v variable) bool { return v.Name == name }); fromFile {
		if p.noFile || slices.ContainsFunc(p.ignored, func(k string) bool { return k == key || strings.HasPrefix(k, key+".") }) {
			return
		}
	}
	p.note(&cli.SettingError{Name: name, Problem: problem, Line: p.lines[at]})
}

// mostProblems bounds what is told at once.
const mostProblems = 20

func (p *problems) note(e *cli.SettingError) {
	if len(p.list) < mostProblems {
		p.list = append(p.list, e)
	}
}

func (p *problems) err() error {
	errs := make([]error, len(p.list))
	for i, e := range p.list {
		errs[i] = e
	}
	return errors.Join(errs...)
}
