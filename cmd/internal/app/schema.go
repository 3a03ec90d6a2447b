package app

import (
	"context"

	"factorbot/bot/view"
)

// schema offers the profile attributes of the org as columns of an export.
type schema struct{ okta *standby }

// Attributes asks Okta.
func (s schema) Attributes(ctx context.Context) ([]view.Attribute, error) {
	found, err := s.okta.Schema(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]view.Attribute, 0, len(found))
	for _, a := range found {
		all = append(all, view.Attribute{Name: a.Name, Title: a.Title, Custom: a.Custom})
	}
	return all, nil
}
