package config

import (
	"fmt"
	"io"
	"time"

	"factorbot/cmd/internal/cli"

	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
)

// Config is everything that an operator can set, checked. It may be printed and
// logged: the secrets in it redact themselves.
type Config struct {
	Slack         SlackConfig `koanf:"slack"`
	Okta          OktaConfig  `koanf:"okta"`
	DB            string      `koanf:"db"`        // path of the bbolt file
	HTTPAddr      string      `koanf:"http_addr"` // "127.0.0.1:8090", health and metrics
	WebhookSecret Secret      `koanf:"webhook_secret"`
	Policy        Policy      `koanf:",squash"`
}

// SlackConfig is the app's access to its workspace.
type SlackConfig struct {
	AppToken Secret `koanf:"app_token"` // xapp-...
	BotToken Secret `koanf:"bot_token"` // xoxb-...
	APIURL   string `koanf:"api_url"`   // "https://slack.com/api/", with the slash
}

// OktaConfig is the access to the org and the pace of the calls. Either APIToken
// is set, or ClientID and PrivateKey are.
type OktaConfig struct {
	OrgURL       string `koanf:"org_url"` // "https://example.okta.com", without a slash
	APIToken     Secret `koanf:"api_token"`
	ClientID     string `koanf:"client_id"`
	PrivateKey   Secret `koanf:"private_key"` // PEM
	PrivateKeyID string `koanf:"private_key_id"`

	Reserve     int           `koanf:"reserve"`      // percent of each rate limit left to others
	Concurrency int           `koanf:"concurrency"`  // calls at once
	SettleAfter time.Duration `koanf:"settle_after"` // a call given up is over by then
	LogLag      time.Duration `koanf:"log_lag"`      // how late the System Log may be
}

// Load reads the settings of the bot. What stands later wins: defaults,
// the YAML file, env ("NAME=value" entries), flags. It returns a *SettingError
// for the first setting that is missing or malformed, and pflag.ErrHelp after it
// has written the help to out.
func Load(args, environ []string, out io.Writer) (*Config, error) {
	flags, path, err := ParseRunFlags(args, out)
	if err != nil {
		return nil, err
	}
	environ, err = resolveSecretFiles(environ)
	if err != nil {
		return nil, err
	}
	if path == "" {
		path = cli.Lookup(environ, FileVariable)
	}
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), policyFile{}); err != nil {
			return nil, fileError(err)
		}
	}
	if err := k.Load(env.Provider(".", env.Opt{EnvironFunc: func() []string { return environ }, TransformFunc: fromEnvironment}), nil); err != nil {
		return nil, fmt.Errorf("read environment: %w", err)
	}
	if err := k.Load(posflag.ProviderWithFlag(flags, ".", k, fromFlag(flags)), nil); err != nil {
		return nil, fmt.Errorf("read flags: %w", err)
	}
	c := &Config{}
	if err := k.Unmarshal("", c); err != nil {
		return nil, fmt.Errorf("decode settings: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}
