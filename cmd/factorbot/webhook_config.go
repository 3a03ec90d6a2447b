package main

import (
	"net/url"
	"strconv"
	"strings"
)

// leastWebhookSecret is how many characters the HMAC key has at least: whoever
// sees one delivery can try short ones at leisure.
const leastWebhookSecret = 16

// checkWebhook refuses an address that cannot be posted to safely, and one without a key to sign with.
func (c *Config) checkWebhook() error {
	if c.Policy.Alerts.Webhook == "" {
		return nil
	}
	u, problem := parseWebhook(c.Policy.Alerts.Webhook)
	secret := c.WebhookSecret.Reveal()
	switch {
	case problem != "":
		return &SettingError{"alerts.webhook", problem}
	case secret == "":
		return &SettingError{"FACTORBOT_WEBHOOK_SECRET", "is missing: alerts.webhook needs it to sign what it sends"}
	case len(secret) < leastWebhookSecret:
		return &SettingError{"FACTORBOT_WEBHOOK_SECRET", "must have at least " + strconv.Itoa(leastWebhookSecret) + " characters: openssl rand -hex 32 makes a good one"}
	}
	c.Policy.Alerts.Webhook = u.String()
	return nil
}

// parseWebhook reads the address as parseURL does, and lets it have a query,
// where some receivers want a key of their own.
func parseWebhook(s string) (u *url.URL, problem string) {
	address, query, asks := strings.Cut(s, "?")
	if u, problem = parseURL(address); problem != "" {
		return nil, problem
	}
	if strings.ContainsAny(query, "# ") || asks && query == "" {
		return nil, "must not hold a fragment, a blank or an empty query"
	}
	u.RawQuery = query
	return u, ""
}

// checkWebhookSetting tells of the webhook in an installation whose settings are well formed; nothing is sent there.
func checkWebhookSetting(p *Policy) []finding {
	if p.Alerts.Webhook == "" {
		return nil
	}
	u, problem := parseWebhook(p.Alerts.Webhook)
	if problem != "" {
		return []finding{failed("alerts.webhook", problem, "correct alerts.webhook")}
	}
	return []finding{good("alerts.webhook", "posts to "+u.Scheme+"://"+u.Host+", signed with FACTORBOT_WEBHOOK_SECRET")}
}
