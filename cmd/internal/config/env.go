package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"factorbot/cmd/internal/cli"
)

// variable is a setting that comes from the environment.
type variable struct {
	Name    string // "FACTORBOT_DB"
	Key     string // "db", what the policy file calls it
	Default string // "" where there is none
	secret  bool   // may come from the file that NAME_FILE names; never from a flag or the policy file
	help    string
	set     func(c *Config, value string)
}

const (
	// FileVariable is the environment variable that names the policy file.
	FileVariable   = "FACTORBOT_CONFIG"
	fileSuffix     = "_FILE"
	maxSecretBytes = 64 << 10
)

// Variables lists the environment that the bot reads, in the order of the help.
func Variables() []variable {
	return []variable{
		{"SLACK_APP_TOKEN", "slack.app_token", "", true, "app-level token, xapp-...; required", func(c *Config, v string) { c.Slack.AppToken = NewSecret(v) }},
		{"SLACK_BOT_TOKEN", "slack.bot_token", "", true, "bot token, xoxb-...; required", func(c *Config, v string) { c.Slack.BotToken = NewSecret(v) }},
		{"SLACK_API_URL", "slack.api_url", "https://slack.com/api/", false, "where Slack is", func(c *Config, v string) { c.Slack.APIURL = v }},
		{"OKTA_ORG_URL", "okta.org_url", "", false, "https://ORG.okta.com; required", func(c *Config, v string) { c.Okta.OrgURL = v }},
		{"OKTA_API_TOKEN", "okta.api_token", "", true, "SSWS token of the bot's service user, or:", func(c *Config, v string) { c.Okta.APIToken = NewSecret(v) }},
		{"OKTA_CLIENT_ID", "okta.client_id", "", false, "client ID of an OAuth 2.0 service app", func(c *Config, v string) { c.Okta.ClientID = v }},
		{"OKTA_PRIVATE_KEY", "okta.private_key", "", true, "its private key, PEM", func(c *Config, v string) { c.Okta.PrivateKey = NewSecret(v) }},
		{"OKTA_PRIVATE_KEY_ID", "okta.private_key_id", "", false, "the key's ID, if the app has several", func(c *Config, v string) { c.Okta.PrivateKeyID = v }},
		{"FACTORBOT_DB", "db", "factorbot.db", false, "the database file, or etcd://host:2379,... for several processes", func(c *Config, v string) { c.DB = v }},
		{"FACTORBOT_ETCD_CA_FILE", "etcd.ca_file", "", false, "PEM file of the CA of etcd's certificates; etcd on another machine takes it", func(c *Config, v string) { c.Etcd.CAFile = v }},
		{"FACTORBOT_ETCD_CERT_FILE", "etcd.cert_file", "", false, "PEM file of our certificate for etcd", func(c *Config, v string) { c.Etcd.CertFile = v }},
		{"FACTORBOT_ETCD_KEY_FILE", "etcd.key_file", "", false, "PEM file of its key", func(c *Config, v string) { c.Etcd.KeyFile = v }},
		{"FACTORBOT_ETCD_USER", "etcd.user", "", false, "user of etcd", func(c *Config, v string) { c.Etcd.User = v }},
		{"FACTORBOT_ETCD_PASSWORD", "etcd.password", "", true, "that user's password", func(c *Config, v string) { c.Etcd.Password = NewSecret(v) }},
		{"FACTORBOT_CONTROL", "control", "", false, "path of the operators' socket; beside a database file if it is not set", func(c *Config, v string) { c.Control = v }},
		{"FACTORBOT_HTTP_ADDR", "http_addr", "127.0.0.1:8090", false, "where health and metrics are served", func(c *Config, v string) { c.HTTPAddr = v }},
		{"FACTORBOT_WEBHOOK_SECRET", "webhook_secret", "", true, "HMAC key of alerts.webhook", func(c *Config, v string) { c.WebhookSecret = NewSecret(v) }},
	}
}

// settingName returns what an operator calls a key: the variable's name, or the key itself.
func settingName(key string) string {
	for _, v := range Variables() {
		if v.Key == key {
			return v.Name
		}
	}
	return key
}

// takeEnvironment takes over what environ ("NAME=value" entries) sets, each secret also
// from the file that NAME_FILE names. An empty variable counts as not set, as Compose
// files produce them.
func (c *Config) takeEnvironment(environ []string, bad *problems) {
	for _, v := range Variables() {
		value := strings.TrimSpace(cli.Lookup(environ, v.Name))
		if path := cli.Lookup(environ, v.Name+fileSuffix); v.secret && path != "" {
			if value != "" {
				bad.note(&cli.SettingError{Name: v.Name, Problem: "is set, and " + v.Name + fileSuffix + " too: set one of them"})
				continue
			}
			var err error
			if value, err = readSecret(path); err != nil {
				bad.note(&cli.SettingError{Name: v.Name + fileSuffix, Problem: "the file " + FileProblem(err)})
				continue
			}
		}
		if value != "" {
			v.set(c, value)
		}
	}
}

var (
	errEmptyFile = errors.New("is empty")
	errLargeFile = errors.New("is too large for a secret")
)

// readSecret returns the file's text without the blanks and line breaks around it.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	switch {
	case len(b) > maxSecretBytes:
		return "", errLargeFile
	case s == "":
		return "", errEmptyFile
	}
	return s, nil
}

// FileProblem says what hinders reading a file, without its path or content.
func FileProblem(err error) string {
	var pathErr *fs.PathError
	switch {
	case errors.Is(err, errEmptyFile), errors.Is(err, errLargeFile):
		return err.Error()
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	case errors.As(err, &pathErr):
		return "cannot be read: " + pathErr.Err.Error()
	}
	return "cannot be read"
}
