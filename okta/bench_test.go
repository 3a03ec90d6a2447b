package okta_test

import (
	"context"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"
	"golang.org/x/sync/errgroup"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

const benchUsers = 20000

func benchOrg(b *testing.B) (url string, ids []string) {
	b.Helper()
	org, err := oktasim.New(oktasim.Options{Users: benchUsers, AllActive: true})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(org)
	b.Cleanup(func() {
		server.Close()
		org.Close()
	})
	for _, u := range org.Users()[:benchUsers] {
		ids = append(ids, u.ID)
	}
	return server.URL, ids
}

// each calls do for b.N users by ten workers.
func each(b *testing.B, ids []string, do func(id string) error) {
	b.Helper()
	var n atomic.Int64
	b.ResetTimer()
	b.ReportAllocs()
	var g errgroup.Group
	for range 10 {
		g.Go(func() error {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if err := do(ids[i%benchUsers]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "users/s")
}

// BenchmarkReset resets through the gate and the pacer, without a limit.
func BenchmarkReset(b *testing.B) {
	url, ids := benchOrg(b)
	c := MustClient(b, okta.Config{OrgURL: url})
	each(b, ids, func(id string) error {
		_, err := reset(context.Background(), c, "FR-1", id)
		return err
	})
}

// BenchmarkNaive resets by the SDK alone.
func BenchmarkNaive(b *testing.B) {
	url, ids := benchOrg(b)
	_, client, err := sdk.NewClient(context.Background(), sdk.WithOrgUrl(url), sdk.WithToken(token),
		sdk.WithTestingDisableHttpsCheck(true), sdk.WithCache(false))
	if err != nil {
		b.Fatal(err)
	}
	each(b, ids, func(id string) error {
		_, err := client.User.ResetFactors(context.Background(), id)
		return err
	})
}

// BenchmarkResolve plans ten thousand logins.
func BenchmarkResolve(b *testing.B) {
	org, c := MustOrg(b, oktasim.Options{Users: 50000, AllActive: true, MaxSearchTerms: 60}, okta.Config{})
	refs := logins(org.Users()[:10000])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Resolve(context.Background(), refs, nil); err != nil {
			b.Fatal(err)
		}
	}
}
