package slackapi_test

import (
	"net/url"
	"testing"

	"factorbot/bot/slackapi"
)

func TestIsSlack(t *testing.T) {
	for raw, want := range map[string]bool{
		"https://files.slack.com/x":             true,
		"https://hooks.slack.com/commands":      true,
		"https://slack.com/":                    true,
		"http://files.slack.com/x":              false,
		"https://evilslack.com/x":               false,
		"https://slack.com.evil.example/x":      false,
		"https://evil.example/slack.com":        false,
		"http://127.0.0.1:8025/files-pri":       true,
		"http://127.0.0.1:9999/files-pri":       false,
		"https://127.0.0.1:8025/files-pri":      false,
		"https://files.slack.com@evil.example/": false,
	} {
		if got := slackapi.IsSlack(mustURL(t, raw), "http://127.0.0.1:8025/api/"); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
