package oktasim_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"testing"

	"github.com/okta/okta-sdk-golang/v2/okta"
	oktaquery "github.com/okta/okta-sdk-golang/v2/okta/query"

	"factorbot/okta/oktasim"
)

// Okta's own SDK finds its way: pages, types, errors, both ways to sign in.
func TestSDK(t *testing.T) {
	key := MustKey(t)
	c := MustServe(t, oktasim.Options{Users: 250, AllActive: true, Given: []oktasim.User{ana()}, ClientID: client0, ClientKey: &key.PublicKey})
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	for name, sign := range map[string][]okta.ConfigSetter{
		"token": {okta.WithAuthorizationMode("SSWS"), okta.WithToken("sandbox-token")},
		"app": {okta.WithAuthorizationMode("PrivateKey"), okta.WithClientId(client0), okta.WithPrivateKey(private),
			okta.WithScopes([]string{"okta.users.read", "okta.users.manage"})},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			setters := append([]okta.ConfigSetter{okta.WithOrgUrl(c.url), okta.WithTestingDisableHttpsCheck(true), okta.WithCache(false),
				okta.WithHttpClientPtr(c.http)}, sign...)
			_, sdk, err := okta.NewClient(ctx, setters...)
			if err != nil {
				t.Fatal(err)
			}
			users, response, err := sdk.User.ListUsers(ctx, oktaquery.NewQueryParams(oktaquery.WithLimit(100)))
			for err == nil && response.HasNextPage() {
				var page []*okta.User
				response, err = response.Next(ctx, &page)
				users = append(users, page...)
			}
			if err != nil || len(users) != 252 {
				t.Fatalf("%d users, %v", len(users), err)
			}
			u, _, err := sdk.User.GetUser(ctx, "ana@example.com")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.org.Enrol(u.Id, "sms"); err != nil {
				t.Fatal(err)
			}
			if _, err := sdk.User.ResetFactors(ctx, u.Id); err != nil {
				t.Fatal(err)
			}
			left, _, err := sdk.UserFactor.ListFactors(ctx, u.Id)
			if err != nil || len(left) != 0 {
				t.Errorf("%d factors left, %v", len(left), err)
			}
			var refusal *okta.Error
			if _, _, err := sdk.User.GetUser(ctx, "nobody@example.com"); !errors.As(err, &refusal) || refusal.ErrorCode != "E0000007" {
				t.Errorf("unknown user: %v", err)
			}
		})
	}
	if events := c.all(logsPath, "eventType"); !slices.Contains(events, "user.mfa.factor.reset_all") {
		t.Errorf("events %v", events)
	}
}
