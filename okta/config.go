package okta

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"

	"factorbot/okta/internal/wire"
	"factorbot/okta/pacer"
)

// Config says which org to talk to, with which credentials, and how fast.
// Neither fmt nor a log shows its secrets.
type Config struct {
	OrgURL string // "https://example.okta.com"; plain http only for a loopback host

	Token string // SSWS token; or, for an OAuth 2.0 service app:

	ClientID     string // "0oa..."
	PrivateKey   string // PEM, RSA, PKCS#1 or PKCS#8
	PrivateKeyID string // "kid" of the key, when the app has several

	// Marker is in the User-Agent of every call, so that our calls are
	// found in the System Log. One per installation, 4 to 64 of [A-Za-z0-9_-].
	Marker  string
	Version string // of the program, for the User-Agent

	Reserve     int // percent of a bucket's limit that is left to others, 0 to 90
	Concurrency int // calls at once; 0 means 8

	Transport http.RoundTripper // nil: a transport of our own
	SDK       *SDK              // nil: New prepares one
	Logger    *slog.Logger      // nil: nothing is logged

	// Ceilings are a token's shares that an earlier run found; OnCeiling is
	// told of each change, so that they can be kept. It must not block and
	// must not call the client. A Ceiling of zero calls means: no longer one.
	Ceilings  map[string]Ceiling
	OnCeiling func(bucket string, c Ceiling)

	origin *url.URL // of OrgURL, scheme and host only
}

// Ceiling is how many calls per window Okta grants us of a bucket, when that
// is less than the headers show.
type Ceiling = pacer.Ceiling

// What a Config takes at most: a reserve in percent, and calls at once.
const (
	MostReserve     = 90
	MostConcurrency = 64
)

const defaultConcurrency = 8

var markerPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{4,64}$`)

// Format keeps every verb of fmt from showing a secret.
func (c Config) Format(f fmt.State, _ rune) {
	org, as := "(malformed)", "API token"
	if u, err := wire.Origin(c.OrgURL); err == nil { // else there may be a password in it
		org = u.String()
	}
	if c.ClientID != "" {
		as = "service app " + c.ClientID
	}
	_, _ = fmt.Fprintf(f, "okta org %s as %s, reserve %d%%, %d at once", org, as, c.Reserve, c.Concurrency)
}

// LogValue keeps every handler of slog from showing a secret.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// check completes the defaults, and refuses what must never be sent anywhere. What a
// person may have mistyped is for whoever reads the settings to say.
func (c *Config) check() (err error) {
	if c.origin, err = wire.Origin(c.OrgURL); err != nil {
		return fmt.Errorf("org URL: %w", err)
	}
	switch {
	case (c.Token == "") == (c.ClientID == ""):
		return errors.New("either an API token or a client ID is needed")
	case !markerPattern.MatchString(c.Marker):
		return errors.New("the marker must be 4 to 64 letters, digits, - or _")
	}
	if c.Concurrency <= 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
