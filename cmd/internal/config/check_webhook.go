package config

import (
	"net/url"
	"strconv"
	"strings"
)

// leastWebhookSecret is how many characters the HMAC key has at least: whoever
// sees one delivery can try short ones at leisure.
const leastWebhookSecret = 16

// checkWebhook refuses an address that cannot be posted to safely, and one without a key to sign with.
func (c *Config) checkWebhook(bad *problems) {
	if c.Policy.Alerts.Webhook == "" {
		return
	}
	u, problem := ParseWebhook(c.Policy.Alerts.Webhook)
	secret := c.WebhookSecret.Reveal()
	switch {
	case problem != "":
		bad.add("alerts.webhook", problem)
		return
	case secret == "":
		bad.add("FACTORBOT_WEBHOOK_SECRET", "is missing: alerts.webhook needs it to sign what it sends")
	case len(secret) < leastWebhookSecret:
		bad.add("FACTORBOT_WEBHOOK_SECRET", "must have at least "+strconv.Itoa(leastWebhookSecret)+" characters: openssl rand -hex 32 makes a good one")
	}
	c.Policy.Alerts.Webhook = u.String()
}

// ParseWebhook reads the address as ParseURL does, and lets it have a query,
// where some receivers want a key of their own.
func ParseWebhook(s string) (u *url.URL, problem string) {
	address, query, asks := strings.Cut(s, "?")
	if u, problem = ParseURL(address); problem != "" {
		return nil, problem
	}
	if strings.ContainsAny(query, "# ") || asks && query == "" {
		return nil, "must not hold a fragment, a blank or an empty query"
	}
	u.RawQuery = query
	return u, ""
}
