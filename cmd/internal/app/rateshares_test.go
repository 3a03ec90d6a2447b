package app

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
)

// shelf keeps values in memory.
type shelf map[string][]byte

func (s shelf) PutValue(_ context.Context, name string, value []byte) error {
	s[name] = value
	return nil
}

func (s shelf) Value(_ context.Context, name string) ([]byte, error) { return s[name], nil }

func TestRateShares_outlive_a_restart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := shelf{}
		ctx, cancel := context.WithCancel(context.Background())
		c, err := loadRateShares(ctx, kept, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		c.note("/api/v1/users", okta.Ceiling{Calls: 47.5, Since: time.Now()})
		c.note("/api/v1/logs", okta.Ceiling{Calls: 9, Since: time.Now()})
		c.note("/api/v1/logs", okta.Ceiling{})
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		again, err := loadRateShares(context.Background(), kept, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got := again.all(); len(got) != 1 || got["/api/v1/users"].Calls != 47.5 {
			t.Fatalf("kept %v", got)
		}
	})
}

func TestRateShares_that_cannot_be_read(t *testing.T) {
	c, err := loadRateShares(context.Background(), shelf{rateSharesKey: []byte("{")}, slog.New(slog.DiscardHandler))
	if err != nil || len(c.all()) != 0 {
		t.Fatal(c.all(), err)
	}
}
