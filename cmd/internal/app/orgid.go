package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"factorbot/bot/slackapi"
	"factorbot/cmd/internal/config"
	"factorbot/okta"
	"factorbot/store"
)

const (
	orgIDWithin = 20 * time.Second // to ask before the record is open
	orgIDEvery  = time.Minute      // until Okta has told it
)

// orgIDSource tells the org's own ID, which a new address does not change.
type orgIDSource interface {
	OrgID(ctx context.Context) (string, error)
}

// orgRecord is bound to an org.
type orgRecord interface {
	BindOrg(ctx context.Context, id, address string) error
}

// askOrgID asks which org answers at the configured address, before there is a record
// to work with.
func askOrgID(ctx context.Context, cfg *config.Config, log *slog.Logger) (string, error) {
	client, err := cfg.Okta.Client(okta.Config{Marker: "before-the-record", Logger: log.With("part", "okta")})
	if err != nil {
		return "", err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, orgIDWithin)
	defer cancel()
	return client.OrgID(okta.WithLane(ctx, okta.Urgent))
}

// bindOrg binds the record to the org's ID, as soon as Okta tells it. Another org at the
// address ends the bot: its users are not those of the record.
func bindOrg(ctx context.Context, org orgIDSource, record orgRecord, address string, log *slog.Logger) error {
	for {
		err := bindOnce(ctx, org, record, address)
		if other := (*store.OrgError)(nil); errors.As(err, &other) {
			return err
		}
		if err == nil {
			log.Info("the record is bound to the org's ID", "address", address)
			<-ctx.Done()
			return nil
		}
		if ctx.Err() == nil {
			log.Warn("the record is not bound to the org's ID yet", "err", err)
		}
		if slackapi.Pause(ctx, orgIDEvery) != nil {
			return nil
		}
	}
}

func bindOnce(ctx context.Context, org orgIDSource, record orgRecord, address string) error {
	id, err := org.OrgID(ctx)
	if err != nil {
		return fmt.Errorf("ask Okta for the org's ID: %w", err)
	}
	return record.BindOrg(ctx, id, address)
}
