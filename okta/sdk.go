package okta

import (
	"context"
	"fmt"
	"net/http"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"
)

// SDK is Okta's SDK, prepared so that everything it sends goes through the
// gate of the Client on whose behalf it is sent, which also puts in the org
// and the token: the SDK knows neither. It can serve any number of Clients.
//
// The SDK starts a goroutine that never ends (a sweeper of its token cache).
// A test in a testing/synctest bubble therefore makes its SDK outside.
type SDK struct{ client *sdk.Client }

// nowhere is the org that the SDK believes in. The gate replaces it.
const nowhere = "https://okta.invalid"

// NewSDK sets every option of the SDK, because what is left open comes from
// okta.yaml files and OKTA_CLIENT_* variables. Its cache would show the
// factors of before a reset, and its retries know nothing of our pace.
func NewSDK() (*SDK, error) {
	_, client, err := sdk.NewClient(context.Background(),
		sdk.WithOrgUrl(nowhere), sdk.WithAuthorizationMode("SSWS"), sdk.WithToken("none"),
		sdk.WithClientId(""), sdk.WithClientAssertion(""), sdk.WithScopes(nil), sdk.WithPrivateKey(""),
		sdk.WithPrivateKeyId(""), sdk.WithPrivateKeySigner(nil),
		sdk.WithCache(false), sdk.WithCacheManager(nil), sdk.WithCacheTtl(0), sdk.WithCacheTti(0),
		sdk.WithConnectionTimeout(0), sdk.WithRequestTimeout(0),
		sdk.WithRateLimitMaxRetries(0), sdk.WithRateLimitMaxBackOff(0),
		sdk.WithProxyHost(""), sdk.WithProxyPort(0), sdk.WithProxyUsername(""), sdk.WithProxyPassword(""),
		sdk.WithUserAgentExtra(""), sdk.WithTestingDisableHttpsCheck(false),
		sdk.WithHttpClientPtr(&http.Client{Transport: gates{}, CheckRedirect: noRedirect}),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the Okta SDK: %w", err)
	}
	return &SDK{client: client}, nil
}

// gates is the transport of the SDK: each call brings its own gate.
type gates struct{}

func (gates) RoundTrip(req *http.Request) (*http.Response, error) {
	c, _ := req.Context().Value(callKey{}).(*call)
	if c == nil || c.gate == nil {
		return nil, &Error{Op: "send", Effect: EffectNone, Kind: KindInvalid, Summary: "a call without a slot"}
	}
	return c.gate.RoundTrip(req)
}
