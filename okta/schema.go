package okta

import (
	"cmp"
	"context"
	"maps"
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
	type schema struct {
		Definitions struct {
			Base   properties `json:"base"`
			Custom properties `json:"custom"`
		} `json:"definitions"`
	}
	got, _, err := read[schema](ctx, c, "read the user schema", "/api/v1/meta/schemas/user/default")
	if err != nil {
		return nil, err
	}
	var all []Attribute
	for i, from := range []properties{got.Definitions.Base, got.Definitions.Custom} {
		for _, name := range slices.Sorted(maps.Keys(from.Properties)) {
			p := from.Properties[name]
			all = append(all, Attribute{Name: name, Title: cmp.Or(string(p.Title), name), Type: cmp.Or(string(p.Type), "string"), Custom: i == 1})
		}
	}
	return all, nil
}
