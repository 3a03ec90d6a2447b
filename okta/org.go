package okta

import (
	"context"
	"time"
)

// Org is what an Okta org tells about itself.
type Org struct {
	ID      string    `json:"id"` // "00o..."
	Company string    `json:"companyName"`
	Status  string    `json:"status"` // "ACTIVE", "INACTIVE"
	Created time.Time `json:"created"`
}

// OrgID is the org's own ID ("00o..."), which a new subdomain or address does not change:
// from its settings, or, where those may not be read, from what Okta tells everybody.
func (c *Client) OrgID(ctx context.Context) (string, error) {
	org, err := c.Org(ctx)
	if err == nil && orgIDPattern.MatchString(org.ID) {
		return org.ID, nil
	}
	const op = "read the org's ID"
	known, _, err := read[wireID](ctx, c, op, "/.well-known/okta-organization")
	if err != nil {
		return "", err
	}
	if !orgIDPattern.MatchString(known.ID) {
		return "", &Error{Op: op, Effect: EffectRejected, Kind: KindServer, Summary: "an answer without the org's ID", Advice: adviceServer}
	}
	return known.ID, nil
}

// Org reads the org's own settings.
func (c *Client) Org(ctx context.Context) (Org, error) {
	org, _, err := read[Org](ctx, c, "read the org", "/api/v1/org")
	return org, err
}
