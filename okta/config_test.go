package okta_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"factorbot/okta"
)

// MustKey is an RSA key, and its PEM forms.
func MustKey(tb testing.TB) (key *rsa.PrivateKey, pkcs1, pkcs8 string) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	pkcs1 = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return key, pkcs1, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestNew(t *testing.T) {
	_, _, key := MustKey(t)
	good := okta.Config{OrgURL: "https://example.okta.com/", Token: "canary-token", Marker: marker, Reserve: 20, Concurrency: 8}
	tests := map[string]struct {
		change func(*okta.Config)
		want   string // in the error; "": none
	}{
		"good":        {func(*okta.Config) {}, ""},
		"loopback":    {func(c *okta.Config) { c.OrgURL = "http://127.0.0.1:8025" }, ""},
		"service app": {func(c *okta.Config) { c.Token, c.ClientID, c.PrivateKey = "", "0oa1", key }, ""},
		"escaped newline": {func(c *okta.Config) {
			c.Token, c.ClientID, c.PrivateKey = "", "0oa1", strings.ReplaceAll(key, "\n", `\n`)
		}, ""},
		"plain http":     {func(c *okta.Config) { c.OrgURL = "http://example.okta.com" }, "loopback"},
		"a path":         {func(c *okta.Config) { c.OrgURL = "https://example.okta.com/api" }, "host only"},
		"credentials":    {func(c *okta.Config) { c.OrgURL = "https://a:canary@example.okta.com" }, "host only"},
		"no host":        {func(c *okta.Config) { c.OrgURL = "example" }, "host only"},
		"nobody":         {func(c *okta.Config) { c.Token = "" }, "needed"},
		"two identities": {func(c *okta.Config) { c.ClientID = "0oa1" }, "either"},
		"no key":         {func(c *okta.Config) { c.Token, c.ClientID = "", "0oa1" }, "private key"},
		"bad key":        {func(c *okta.Config) { c.Token, c.ClientID, c.PrivateKey = "", "0oa1", "canary" }, "not PEM"},
		"marker":         {func(c *okta.Config) { c.Marker = "a b" }, "marker"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := good
			tt.change(&cfg)
			c, err := okta.New(cfg)
			if err == nil {
				c.Close()
			}
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret: %v", err)
			}
		})
	}
}

// TestConfig_secrets: however a configuration is printed, no secret is shown.
func TestConfig_secrets(t *testing.T) {
	cfg := okta.Config{OrgURL: "https://a:canary1@example.okta.com/canary?canary=4", Token: "canary2", PrivateKey: "canary3", Marker: marker}
	log := &lines{}
	slog.New(slog.NewJSONHandler(log, nil)).Info("start", "okta", cfg, "pointer", &cfg)
	slog.New(slog.NewTextHandler(log, nil)).Info("start", "okta", cfg, "pointer", &cfg)
	for _, s := range []string{fmt.Sprint(cfg), fmt.Sprintf("%v %+v %#v %s %q %x", cfg, cfg, cfg, cfg, cfg, cfg), fmt.Sprintf("%+v", &cfg), log.String()} {
		if strings.Contains(s, "canary") || !strings.Contains(s, "API token") {
			t.Error(s)
		}
	}
	cfg.OrgURL, cfg.ClientID = "https://example.okta.com", "0oa1"
	if s := fmt.Sprint(cfg); !strings.Contains(s, "https://example.okta.com as service app 0oa1") {
		t.Error(s)
	}
}
