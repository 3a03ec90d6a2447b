package cli

import (
	"testing"
	"time"
)

func TestDuration_readsWhatItWrites(t *testing.T) {
	for _, text := range []string{"0s", "80ms", "1.5s", "10s", "1m", "1m30s", "24h", "36h", "1h0m5s", "2d", "400d", "-2h"} {
		var d Duration
		if err := d.Set(text); err != nil {
			t.Errorf("Set(%q): %v", text, err)
			continue
		}
		var again Duration
		if err := again.Set(d.String()); err != nil || again != d {
			t.Errorf("%q is written as %q and read as %v, %v", text, d.String(), time.Duration(again), err)
		}
	}
}
