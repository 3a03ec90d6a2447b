package okta

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// Attribute is one of a user's profile.
type Attribute struct {
	Name   string // "costCenter", as in search expressions after "profile."
	Title  string // "Cost center", as the console shows it; written by the org's administrators
	Type   string // "string", "boolean", "number", "integer", "array"
	Custom bool   // the org's own, not Okta's
}

// Schema lists the profile attributes of the default user type: Okta's own by
// name, then the org's by name. A user of another type can have more.
func (c *Client) Schema(ctx context.Context) ([]Attribute, error) {
	type properties struct {
		Properties map[string]struct {
			Title text `json:"title"`
			Type  text `json:"type"`
		} `json:"properties"`
	}
	var got struct {
		Definitions struct {
			Base   properties `json:"base"`
			Custom properties `json:"custom"`
		} `json:"definitions"`
	}
	decode := func(d *json.Decoder) error {
		got.Definitions.Base, got.Definitions.Custom = properties{}, properties{}
		return d.Decode(&got)
	}
	if _, err := c.get(ctx, "read the user schema", "/api/v1/meta/schemas/user/default", nil, decode); err != nil {
		return nil, err
	}
	var all []Attribute
	for i, from := range []properties{got.Definitions.Base, got.Definitions.Custom} {
		for name, p := range from.Properties {
			all = append(all, Attribute{Name: name, Title: firstOf(string(p.Title), name), Type: firstOf(string(p.Type), "string"), Custom: i == 1})
		}
	}
	slices.SortFunc(all, func(a, b Attribute) int {
		if a.Custom != b.Custom {
			if a.Custom {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return all, nil
}
