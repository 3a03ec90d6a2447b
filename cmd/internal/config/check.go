package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"slices"
	"strconv"
	"strings"

	"factorbot/okta"
)

// check notes what is missing, malformed or not available, and brings the rest into
// the form that Config documents.
func (c *Config) check(bad *problems) {
	c.checkSlack(bad)
	c.checkOkta(bad)
	c.checkOktaCredentials(bad)
	c.checkPlaces(bad)
	c.Policy.checkPeople(bad)
	c.Policy.checkProtect(bad)
	c.Policy.checkNumbers(bad)
	c.Policy.checkTimes(bad)
	c.Policy.checkWords(bad)
	c.checkPace(bad)
	c.checkWebhook(bad)
	c.Policy.PauseAfter, c.Policy.TellUsers = c.Policy.OnErrors.PauseAfter, c.Policy.Notify.Users
}

func (c *Config) checkSlack(bad *problems) {
	checkToken(bad, "SLACK_APP_TOKEN", c.Slack.AppToken, "xapp-", "the app-level token from the app's Basic Information")
	checkToken(bad, "SLACK_BOT_TOKEN", c.Slack.BotToken, "xoxb-", "the bot token from the app's OAuth & Permissions")
	u, problem := ParseURL(c.Slack.APIURL)
	if problem != "" {
		bad.add("SLACK_API_URL", problem)
		return
	}
	if u.Path = strings.TrimRight(u.Path, "/") + "/"; u.Path == "/" {
		bad.add("SLACK_API_URL", "must name the path of the Web API, as in https://slack.com/api/")
	}
	c.Slack.APIURL = u.String()
}

func checkToken(bad *problems, name string, token Secret, prefix, where string) {
	value := token.Reveal()
	switch {
	case value == "":
		bad.add(name, "is missing: set it to "+where+", "+prefix+"..., or name a file with it in "+name+fileSuffix)
	case !strings.HasPrefix(value, prefix):
		bad.add(name, "must start with "+prefix+": it is "+where)
	case !headerSafe(value):
		bad.add(name, "holds blanks or control characters")
	}
}

// headerSafe reports whether an HTTP header can carry s: printable ASCII, no blanks.
func headerSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (c *Config) checkOkta(bad *problems) {
	if c.Okta.OrgURL == "" {
		bad.add("OKTA_ORG_URL", "is missing: set it to https://ORG.okta.com")
		return
	}
	u, problem := ParseURL(c.Okta.OrgURL)
	switch {
	case problem != "":
		bad.add("OKTA_ORG_URL", problem)
		return
	case strings.Trim(u.Path, "/") != "":
		bad.add("OKTA_ORG_URL", "must be the org alone, without a path: https://ORG.okta.com")
	case isAdminHost(u.Hostname()):
		bad.add("OKTA_ORG_URL", "is the admin console: leave out -admin, as in https://ORG.okta.com")
	}
	u.Path = ""
	c.Okta.OrgURL = u.String()
}

// isAdminHost tells ORG-admin.okta.com, which the admin console's address bar
// shows and which does not serve the API to tokens, on each of Okta's domains.
func isAdminHost(host string) bool {
	label, domain, _ := strings.Cut(host, ".")
	domains := []string{"okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"}
	return strings.HasSuffix(label, "-admin") && slices.Contains(domains, domain)
}

func (c *Config) checkOktaCredentials(bad *problems) {
	o := &c.Okta
	switch {
	case o.APIToken.IsSet() && o.ClientID != "":
		bad.add("OKTA_API_TOKEN", "is set, and OKTA_CLIENT_ID too: use the token or the service app")
	case o.APIToken.IsSet() && o.PrivateKey.IsSet():
		bad.add("OKTA_API_TOKEN", "is set, and OKTA_PRIVATE_KEY too: use the token or the service app")
	case o.APIToken.IsSet() && !headerSafe(o.APIToken.Reveal()):
		bad.add("OKTA_API_TOKEN", "holds blanks or control characters: it is the token alone, without SSWS")
	case o.APIToken.IsSet() && o.PrivateKeyID != "":
		bad.add("OKTA_PRIVATE_KEY_ID", "has no use beside OKTA_API_TOKEN")
	case o.APIToken.IsSet():
	case o.ClientID == "" && !o.PrivateKey.IsSet():
		bad.add("OKTA_API_TOKEN", "is missing: set it, or OKTA_CLIENT_ID and OKTA_PRIVATE_KEY")
	case o.ClientID == "":
		bad.add("OKTA_CLIENT_ID", "is missing: OKTA_PRIVATE_KEY needs it")
	case !headerSafe(o.ClientID):
		bad.add("OKTA_CLIENT_ID", "holds blanks or control characters")
	case !o.PrivateKey.IsSet():
		bad.add("OKTA_PRIVATE_KEY", "is missing: OKTA_CLIENT_ID needs it")
	default:
		c.checkPrivateKey(bad)
	}
}

func (c *Config) checkPrivateKey(bad *problems) {
	text := c.Okta.PrivateKey.Reveal()
	if !strings.Contains(text, "\n") { // as .env files carry a PEM on one line
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		bad.add("OKTA_PRIVATE_KEY", "must be a PEM block: -----BEGIN PRIVATE KEY----- and so on")
		return
	}
	if !isRSA(block.Bytes) {
		bad.add("OKTA_PRIVATE_KEY", "must be an RSA private key without a passphrase, PKCS#1 or PKCS#8")
		return
	}
	c.Okta.PrivateKey = NewSecret(text)
}

func isRSA(der []byte) bool {
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	_, ok := key.(*rsa.PrivateKey)
	return err == nil && ok
}

func (c *Config) checkPlaces(bad *problems) {
	switch {
	case c.DB == "":
		bad.add("FACTORBOT_DB", "must be the path of a file")
	case c.InEtcd():
		c.checkEtcd(bad)
	case strings.Contains(c.DB, "://"):
		bad.add("FACTORBOT_DB", "must be the path of a file or an address in etcd: other databases are not available")
	}
	_, port, err := net.SplitHostPort(c.HTTPAddr)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n > 65535 {
		bad.add("FACTORBOT_HTTP_ADDR", "must be HOST:PORT, as in 127.0.0.1:8090")
	}
}

func (c *Config) checkPace(bad *problems) {
	switch {
	case c.Okta.Reserve < 0 || c.Okta.Reserve > okta.MostReserve:
		bad.add("okta.reserve", "must be a percentage from 0 to "+strconv.Itoa(okta.MostReserve))
	case c.Okta.Concurrency < 1 || c.Okta.Concurrency > okta.MostConcurrency:
		bad.add("okta.concurrency", "must be from 1 to "+strconv.Itoa(okta.MostConcurrency))
	case c.Okta.SettleAfter < 0:
		bad.add("okta.settle_after", "must not be negative")
	case c.Okta.LogLag < 0:
		bad.add("okta.log_lag", "must not be negative")
	}
}
