package doctor

import (
	"context"
	"errors"
	"fmt"

	"factorbot/bot/slackapi"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/okta"
)

// Accept tries the secrets of Slack, of Okta or of both, as the bot would use them, and
// returns what is wrong with them.
func Accept(ctx context.Context, cfg *config.Config, slack, org bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	var found []Finding
	if slack {
		transport := cli.NewTransport()
		defer transport.CloseIdleConnections()
		w := &slackChecks{slackapi.NewClient(cfg.Slack.AppToken.Reveal(), cfg.Slack.BotToken.Reveal(), cfg.Slack.APIURL, transport), &cfg.Policy}
		found = append(found, w.appToken(ctx))
		if _, err := w.api.AuthTestContext(ctx); err != nil {
			found = append(found, slackTrouble("SLACK_BOT_TOKEN", err, ""))
		}
	}
	if org {
		client, err := newOkta(cfg, nil)
		if err != nil {
			return err
		}
		defer client.Close()
		found = append(found, checkIdentity(okta.WithLane(ctx, okta.Urgent), client))
	}
	var errs []error
	for _, f := range found {
		if f.bad() {
			errs = append(errs, fmt.Errorf("%s: %s", f.Check, f.Found))
		}
	}
	return errors.Join(errs...)
}
