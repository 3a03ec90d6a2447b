package okta

import (
	"context"
	"encoding/json"
	"time"
)

// Org is what an Okta org tells about itself.
type Org struct {
	ID        string // "00o..."
	Company   string
	Subdomain string // "example" of example.okta.com
	Status    string // "ACTIVE", "INACTIVE"
	Created   time.Time
}

// Org reads the org's own settings.
func (c *Client) Org(ctx context.Context) (Org, error) {
	var w struct {
		ID        string    `json:"id"`
		Company   string    `json:"companyName"`
		Subdomain string    `json:"subdomain"`
		Status    string    `json:"status"`
		Created   time.Time `json:"created"`
	}
	_, err := c.get(ctx, "read the org", "/api/v1/org", nil, func(d *json.Decoder) error { return d.Decode(&w) })
	if err != nil {
		return Org{}, err
	}
	return Org{ID: w.ID, Company: w.Company, Subdomain: w.Subdomain, Status: w.Status, Created: w.Created}, nil
}
