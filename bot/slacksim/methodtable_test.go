package slacksim

import (
	"strings"
	"testing"
)

func TestMethodTable_refuses(t *testing.T) {
	code := map[string]handler{"bots.info": botInfo}
	for name, tc := range map[string]struct{ pages, want string }{
		"a function without a page":      {`{"methods": {}}`, "bots.info in methods.json: has no page"},
		"a page without a function":      {`{"methods": {"bots.info": {}, "emoji.list": {}}}`, "emoji.list is in methods.json, with nothing behind it"},
		"scopes in Slack's other format": {`{"methods": {"bots.info": {"scope": "users:read"}}}`, "bots.info in methods.json: json"},
	} {
		if _, err := methodTable([]byte(tc.pages), code); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
