package doctor

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// A scope without which the bot works does not count when it is missing; any other
// does; and a token, which has no scopes, is not asked about.
func TestCheckGrants(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	check := func(missing ...string) map[string]Finding {
		t.Helper()
		granted := slices.DeleteFunc(slices.Clone(okta.Scopes()), func(s string) bool { return slices.Contains(missing, s) })
		org, err := oktasim.New(oktasim.Options{Users: 3, ClientID: "0oaService", ClientKey: &key.PublicKey, Scopes: granted})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(org.Close)
		client, err := okta.New(okta.Config{
			OrgURL: "http://127.0.0.1:1", Transport: org.Transport(), ClientID: "0oaService", PrivateKey: private,
			Marker: "test", Version: "test", Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		found := map[string]Finding{}
		for _, f := range checkGrants(t.Context(), client) {
			found[strings.TrimPrefix(f.Check, "Okta scope ")] = f
		}
		if len(found) != len(okta.Scopes()) {
			t.Errorf("found %v", found)
		}
		return found
	}
	for scope, f := range check() {
		if f.Verdict != OK {
			t.Errorf("%s is granted: %+v", scope, f)
		}
	}
	const needed = "okta.users.manage"
	for scope, f := range check("okta.schemas.read", "okta.orgs.read", needed) {
		want := OK
		switch scope {
		case "okta.schemas.read", "okta.orgs.read":
			want = Skipped
		case needed:
			want = Failure
		}
		if f.Verdict != want || want != OK && f.Mend == "" {
			t.Errorf("%s: %+v, want %v", scope, f, want)
		}
	}
}
