package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"slices"
	"strconv"
	"strings"

	"factorbot/cmd/internal/cli"
	"factorbot/okta"
)

// check refuses the first setting that is missing, malformed or not available,
// and brings the others into the form that Config documents.
func (c *Config) check() error {
	for _, check := range []func() error{
		c.checkSlack, c.checkOkta, c.checkOktaCredentials, c.checkPlaces,
		c.Policy.checkPeople, c.Policy.checkProtect, c.Policy.checkNumbers, c.Policy.checkTimes, c.Policy.checkWords,
		c.checkPace, c.checkWebhook,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkSlack() error {
	if err := checkToken("SLACK_APP_TOKEN", c.Slack.AppToken, "xapp-", "the app-level token from the app's Basic Information"); err != nil {
		return err
	}
	if err := checkToken("SLACK_BOT_TOKEN", c.Slack.BotToken, "xoxb-", "the bot token from the app's OAuth & Permissions"); err != nil {
		return err
	}
	u, problem := ParseURL(c.Slack.APIURL)
	if problem != "" {
		return cli.BadSetting("SLACK_API_URL", problem)
	}
	if u.Path = strings.TrimRight(u.Path, "/") + "/"; u.Path == "/" {
		return cli.BadSetting("SLACK_API_URL", "must name the path of the Web API, as in https://slack.com/api/")
	}
	c.Slack.APIURL = u.String()
	return nil
}

func checkToken(name string, token Secret, prefix, where string) error {
	value := token.Reveal()
	switch {
	case value == "":
		return cli.BadSetting(name, "is missing: set it to "+where+", "+prefix+"..., or name a file with it in "+name+fileSuffix)
	case !strings.HasPrefix(value, prefix):
		return cli.BadSetting(name, "must start with "+prefix+": it is "+where)
	case !headerSafe(value):
		return cli.BadSetting(name, "holds blanks or control characters")
	}
	return nil
}

// headerSafe reports whether an HTTP header can carry s: printable ASCII, no blanks.
func headerSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (c *Config) checkOkta() error {
	if c.Okta.OrgURL == "" {
		return cli.BadSetting("OKTA_ORG_URL", "is missing: set it to https://ORG.okta.com")
	}
	u, problem := ParseURL(c.Okta.OrgURL)
	if problem != "" {
		return cli.BadSetting("OKTA_ORG_URL", problem)
	}
	if strings.Trim(u.Path, "/") != "" {
		return cli.BadSetting("OKTA_ORG_URL", "must be the org alone, without a path: https://ORG.okta.com")
	}
	if isAdminHost(u.Hostname()) {
		return cli.BadSetting("OKTA_ORG_URL", "is the admin console: leave out -admin, as in https://ORG.okta.com")
	}
	u.Path = ""
	c.Okta.OrgURL = u.String()
	return nil
}

// isAdminHost tells ORG-admin.okta.com, which the admin console's address bar
// shows and which does not serve the API to tokens, on each of Okta's domains.
func isAdminHost(host string) bool {
	label, domain, _ := strings.Cut(host, ".")
	domains := []string{"okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"}
	return strings.HasSuffix(label, "-admin") && slices.Contains(domains, domain)
}

func (c *Config) checkOktaCredentials() error {
	o := &c.Okta
	switch {
	case o.APIToken.IsSet() && o.ClientID != "":
		return cli.BadSetting("OKTA_API_TOKEN", "is set, and OKTA_CLIENT_ID too: use the token or the service app")
	case o.APIToken.IsSet() && o.PrivateKey.IsSet():
		return cli.BadSetting("OKTA_API_TOKEN", "is set, and OKTA_PRIVATE_KEY too: use the token or the service app")
	case o.APIToken.IsSet() && !headerSafe(o.APIToken.Reveal()):
		return cli.BadSetting("OKTA_API_TOKEN", "holds blanks or control characters: it is the token alone, without SSWS")
	case o.APIToken.IsSet() && o.PrivateKeyID != "":
		return cli.BadSetting("OKTA_PRIVATE_KEY_ID", "has no use beside OKTA_API_TOKEN")
	case o.APIToken.IsSet():
		return nil
	case o.ClientID == "" && !o.PrivateKey.IsSet():
		return cli.BadSetting("OKTA_API_TOKEN", "is missing: set it, or OKTA_CLIENT_ID and OKTA_PRIVATE_KEY")
	case o.ClientID == "":
		return cli.BadSetting("OKTA_CLIENT_ID", "is missing: OKTA_PRIVATE_KEY needs it")
	case !headerSafe(o.ClientID):
		return cli.BadSetting("OKTA_CLIENT_ID", "holds blanks or control characters")
	case !o.PrivateKey.IsSet():
		return cli.BadSetting("OKTA_PRIVATE_KEY", "is missing: OKTA_CLIENT_ID needs it")
	}
	return c.checkPrivateKey()
}

func (c *Config) checkPrivateKey() error {
	text := c.Okta.PrivateKey.Reveal()
	if !strings.Contains(text, "\n") { // as .env files carry a PEM on one line
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return cli.BadSetting("OKTA_PRIVATE_KEY", "must be a PEM block: -----BEGIN PRIVATE KEY----- and so on")
	}
	if !isRSA(block.Bytes) {
		return cli.BadSetting("OKTA_PRIVATE_KEY", "must be an RSA private key without a passphrase, PKCS#1 or PKCS#8")
	}
	c.Okta.PrivateKey = NewSecret(text)
	return nil
}

func isRSA(der []byte) bool {
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	_, ok := key.(*rsa.PrivateKey)
	return err == nil && ok
}

func (c *Config) checkPlaces() error {
	switch {
	case c.DB == "":
		return cli.BadSetting("FACTORBOT_DB", "must be the path of a file")
	case strings.Contains(c.DB, "://"):
		return cli.BadSetting("FACTORBOT_DB", "must be the path of a file: other databases are not available")
	}
	_, port, err := net.SplitHostPort(c.HTTPAddr)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n > 65535 {
		return cli.BadSetting("FACTORBOT_HTTP_ADDR", "must be HOST:PORT, as in 127.0.0.1:8090")
	}
	return nil
}

func (c *Config) checkPace() error {
	switch {
	case c.Okta.Reserve < 0 || c.Okta.Reserve > okta.MostReserve:
		return cli.BadSetting("okta.reserve", "must be a percentage from 0 to "+strconv.Itoa(okta.MostReserve))
	case c.Okta.Concurrency < 1 || c.Okta.Concurrency > okta.MostConcurrency:
		return cli.BadSetting("okta.concurrency", "must be from 1 to "+strconv.Itoa(okta.MostConcurrency))
	case c.Okta.SettleAfter < 0:
		return cli.BadSetting("okta.settle_after", "must not be negative")
	case c.Okta.LogLag < 0:
		return cli.BadSetting("okta.log_lag", "must not be negative")
	}
	return nil
}
