package okta_test

import (
	"context"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestSchema(t *testing.T) {
	_, c := MustOrg(t, oktasim.Options{Given: []oktasim.User{{Login: "ana@example.com",
		Profile: map[string]any{"zone9": "x", "contractor": true, "teams": []any{"a"}}}}}, okta.Config{})
	all, err := c.Schema(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]okta.Attribute{}
	for i, a := range all {
		found[a.Name] = a
		if i > 0 && (all[i-1].Custom && !a.Custom || all[i-1].Custom == a.Custom && all[i-1].Name >= a.Name) {
			t.Errorf("%s stands after %s", a.Name, all[i-1].Name)
		}
	}
	for _, want := range []okta.Attribute{{"login", "Username", "string", false}, {"costCenter", "Cost center", "string", false},
		{"zone9", "Zone9", "string", true}, {"contractor", "Contractor", "boolean", true}, {"teams", "Teams", "array", true}} {
		if found[want.Name] != want {
			t.Errorf("%+v, want %+v", found[want.Name], want)
		}
	}
}
