package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/app"
	"factorbot/okta/oktasim"
)

// Simulate makes a simulated org, and a simulated workspace that shows it. Both end with lc.
func Simulate(lc *app.Lifecycle, orgs oktasim.Options, works slacksim.Options) (*oktasim.Org, *slacksim.Workspace, error) {
	org, err := oktasim.New(orgs)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate Okta: %w", err)
	}
	lc.OnStop("simulated Okta", func() error { org.Close(); return nil })
	works.Org, works.Sample = OrgPane{org}, func() []byte { return SampleRoster(org) }
	work, err := slacksim.New(works)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate Slack: %w", err)
	}
	lc.OnStop("simulated Slack", func() error { work.Close(); return nil })
	return org, work, nil
}

// Settings are what the simulators' Set takes.
func Settings(values map[string]any) map[string]json.RawMessage {
	raw := map[string]json.RawMessage{}
	for key, value := range values {
		raw[key], _ = json.Marshal(value) // numbers, words, maps of them
	}
	return raw
}

// BotEnv is the environment of a bot between simulators that are served at this URL.
func BotEnv(url, db string) []string {
	return []string{
		"SLACK_APP_TOKEN=xapp-sandbox", "SLACK_BOT_TOKEN=xoxb-sandbox", "SLACK_API_URL=" + url + "/api/",
		"OKTA_ORG_URL=" + url, "OKTA_API_TOKEN=" + Token, "FACTORBOT_DB=" + db, "FACTORBOT_HTTP_ADDR=127.0.0.1:0",
	}
}

// Handler puts Slack, Okta, health and the page under one address.
func Handler(org *oktasim.Org, work *slacksim.Workspace, health *app.Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", work)
	health.Mount(mux)
	// The mux would clean paths such as //lifecycle/ before Okta could refuse them.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if IsOkta(r.URL.Path) {
			org.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// IsOkta reports whether a path is one of Okta's.
func IsOkta(path string) bool {
	return strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/oauth2/")
}
