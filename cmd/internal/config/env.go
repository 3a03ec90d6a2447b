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
	Name   string // "FACTORBOT_DB"
	Key    string // "db", where it stands in Config
	secret bool   // may come from the file that NAME_FILE names; never from a flag or the YAML file
	help   string
}

const (
	FileVariable   = "FACTORBOT_CONFIG"
	fileSuffix     = "_FILE"
	maxSecretBytes = 64 << 10
)

// Variables lists the environment that the bot reads, in the order of the help.
func Variables() []variable {
	return []variable{
		{"SLACK_APP_TOKEN", "slack.app_token", true, "app-level token, xapp-...; required"},
		{"SLACK_BOT_TOKEN", "slack.bot_token", true, "bot token, xoxb-...; required"},
		{"SLACK_API_URL", "slack.api_url", false, "where Slack is"},
		{"OKTA_ORG_URL", "okta.org_url", false, "https://ORG.okta.com; required"},
		{"OKTA_API_TOKEN", "okta.api_token", true, "SSWS token of the bot's service user, or:"},
		{"OKTA_CLIENT_ID", "okta.client_id", false, "client ID of an OAuth 2.0 service app"},
		{"OKTA_PRIVATE_KEY", "okta.private_key", true, "its private key, PEM"},
		{"OKTA_PRIVATE_KEY_ID", "okta.private_key_id", false, "the key's ID, if the app has several"},
		{"FACTORBOT_DB", "db", false, "the database file"},
		{"FACTORBOT_HTTP_ADDR", "http_addr", false, "where health and metrics are served"},
		{"FACTORBOT_WEBHOOK_SECRET", "webhook_secret", true, "HMAC key of alerts.webhook"},
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

// fromEnvironment maps a variable to its key in Config; "" leaves it out.
// An empty variable counts as not set, as Compose files produce them.
func fromEnvironment(name, value string) (string, any) {
	value = strings.TrimSpace(value)
	for _, v := range Variables() {
		if v.Name == name && value != "" {
			return v.Key, value
		}
	}
	return "", nil
}

// resolveSecretFiles returns environ with each secret that NAME_FILE names read
// into NAME.
func resolveSecretFiles(environ []string) ([]string, error) {
	for _, v := range Variables() {
		path := cli.Lookup(environ, v.Name+fileSuffix)
		if !v.secret || path == "" {
			continue
		}
		if cli.Lookup(environ, v.Name) != "" {
			return nil, cli.BadSetting(v.Name, "is set, and "+v.Name+fileSuffix+" too: set one of them")
		}
		value, err := readSecret(path)
		if err != nil {
			return nil, cli.BadSetting(v.Name+fileSuffix, "the file "+FileProblem(err))
		}
		environ = append(environ[:len(environ):len(environ)], v.Name+"="+value)
	}
	return environ, nil
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
