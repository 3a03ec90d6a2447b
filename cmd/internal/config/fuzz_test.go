package config

import (
	"strings"
	"testing"
	"unicode"
)

// FuzzPolicyFile holds that the YAML file is read without a secret, and refused by
// short lines that each name a setting.
func FuzzPolicyFile(f *testing.F) {
	for _, seed := range []string{
		documented, goodPolicy, "", "a", "[1]", "a: &x [*x]", "okta: {reserve: 5}\n---\nx: 1", "protect.users: [a]",
		"? [a, b]\n: 1", "channels: [C1, ~, 5, {a: b}]", "expires_after: 99999999999d", "approvals_from: [[S1], S2]",
		"max_targets: 0x10", "max_targets: 1e3", "retain: 2026-01-01", "<<: {verify: log}", "verify: !!binary aGk=", "verify: \"\\u2028\"",
		"\"a\\nb\": 1", "\ufeffverify: log", "okta: {api_token: x}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newPolicyReader(&Config{})
		r.read(b)
		for _, e := range r.problems.list {
			if e.Name == "" || len(e.Error()) > 500 || strings.ContainsFunc(e.Error(), unicode.IsControl) {
				t.Errorf("the error is not one short line about a setting: %q", e)
			}
		}
		if c := r.config; c.Slack.AppToken.IsSet() || c.Slack.BotToken.IsSet() || c.Okta.APIToken.IsSet() || c.Okta.PrivateKey.IsSet() || c.WebhookSecret.IsSet() {
			t.Error("a secret was taken from the file")
		}
	})
}
