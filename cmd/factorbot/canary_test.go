package main

import (
	"bytes"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"factorbot/bot/slacksim"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta/oktasim"
)

// canaries are secrets that must be found nowhere but in the requests that they authorise.
var canaries = []string{"xapp-canary-4fe1", "xoxb-canary-9c02", "canary-okta-77ab", "canary-webhook-31d5"}

// The tokens are looked for in everything that the program leaves behind,
// after a job with faults, refusals and a token that Okta does not take any more.
func TestRun_secrets_stay_secret(t *testing.T) {
	t.Parallel()
	org, err := oktasim.New(oktasim.Options{Users: 60, Given: sandbox.Cast(), Token: canaries[2], Faults: 0.05, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(org.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	work, err := slacksim.New(slacksim.Options{URL: url, AppToken: canaries[0], BotToken: canaries[1], Org: sandbox.OrgPane{Org: org}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(work.Close)
	srv := &httptest.Server{Listener: listener, Config: &http.Server{Handler: sandbox.Handler(org, work, &app.Health{})}}
	srv.Start()
	t.Cleanup(func() { work.Close(); srv.Close() })

	s := &sandboxRun{tb: t, url: url, logs: &buffer{}}
	s.patient("60s")
	db := filepath.Join(t.TempDir(), "factorbot.db")
	secrets := t.TempDir()
	file := filepath.Join(secrets, "okta")
	if err := os.WriteFile(file, []byte(canaries[2]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	logs, stop := s.mustRun(db, mustConfig(t, "okta: {settle_after: 1s, log_lag: 3s}\n"),
		"SLACK_APP_TOKEN="+canaries[0], "SLACK_BOT_TOKEN="+canaries[1],
		"OKTA_API_TOKEN=", "OKTA_API_TOKEN_FILE="+file, "FACTORBOT_WEBHOOK_SECRET="+canaries[3])
	s.upload("U_REQUESTER", "lost phones", "all.csv", sandbox.SampleRoster(org))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	results := s.awaitResults(1)
	s.post("/sandbox/set", map[string]any{"token_revoked": true})
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.await("the bot to complain about Okta", func() bool { return strings.Contains(logs.String(), "plan given up") })
	s.post("/sandbox/set", map[string]any{"slack_token_revoked": true})
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.await("the bot to complain about Slack", func() bool { return strings.Contains(logs.String(), "token_revoked") })
	stop()

	record, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string][]byte{
		"the log": []byte(logs.String()), "the record": record, "the result file": results,
		"the messages": s.get("/sandbox/messages?channel=C_FACTORS&user=U_REQUESTER"),
	}
	for where, content := range left {
		for _, secret := range canaries {
			for _, shape := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), strings.TrimPrefix(strings.TrimPrefix(secret, "xoxb-"), "xapp-")} {
				if bytes.Contains(content, []byte(shape)) {
					t.Errorf("%s holds a secret", where)
				}
			}
		}
	}
}
