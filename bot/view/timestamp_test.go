package view_test

import (
	"testing"

	"factorbot/bot/view"
)

func TestTimestamp(t *testing.T) {
	for _, ts := range []string{"1777896000.000100", "1777896000.123456"} {
		if got := view.Timestamp(view.ParseTimestamp(ts)); got != ts {
			t.Errorf("%s came back as %s", ts, got)
		}
	}
	for _, bad := range []string{"", "x", "-1", "0"} {
		if got := view.ParseTimestamp(bad); !got.IsZero() {
			t.Errorf("%q is %s", bad, got)
		}
	}
	if got := view.ParseTimestamp("1.x").Unix(); got != 1 { // the second is enough
		t.Errorf("a part that is no number leaves the second %d", got)
	}
}
