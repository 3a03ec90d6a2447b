package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"factorbot/okta"
)

// rateSharesKey is where the record keeps what was found of a token's share of Okta's limits.
const rateSharesKey = "okta-ceilings"

// valueStore is where small values are kept.
type valueStore interface {
	PutValue(ctx context.Context, name string, value []byte) error
	Value(ctx context.Context, name string) ([]byte, error)
}

// rateShares are the shares that were found, by bucket, and the writing of them:
// a restart must not learn them again from refused calls.
type rateShares struct {
	values valueStore
	log    *slog.Logger
	news   chan struct{}

	mu    sync.Mutex
	found map[string]okta.Ceiling
}

// loadRateShares reads what an earlier run found. What cannot be read is learned again.
func loadRateShares(ctx context.Context, values valueStore, log *slog.Logger) (*rateShares, error) {
	c := &rateShares{values: values, log: log, news: make(chan struct{}, 1), found: map[string]okta.Ceiling{}}
	raw, err := values.Value(ctx, rateSharesKey)
	if err != nil {
		return nil, fmt.Errorf("read the shares of Okta's limits: %w", err)
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &c.found); err != nil {
			log.Warn("the shares of Okta's limits will be learned again", "err", err)
		}
	}
	return c, nil
}

func (c *rateShares) all() map[string]okta.Ceiling {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.found)
}

// note takes in a change and returns at once.
func (c *rateShares) note(bucket string, found okta.Ceiling) {
	c.mu.Lock()
	c.found[bucket] = found
	if found.Calls == 0 {
		delete(c.found, bucket)
	}
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Run records changes until ctx ends.
func (c *rateShares) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.news:
		}
		raw, err := json.Marshal(c.all())
		if err == nil {
			err = c.values.PutValue(ctx, rateSharesKey, raw)
		}
		if err != nil && ctx.Err() == nil {
			c.log.Error("the shares of Okta's limits cannot be recorded", "err", err)
		}
	}
}
