package cli_test

import (
	"testing"
	"time"

	"factorbot/cmd/internal/cli"
)

func TestDurationVar_readsWhatItWrites(t *testing.T) {
	for _, text := range []string{"0s", "80ms", "1.5s", "10s", "1m", "1m30s", "24h", "36h", "1h0m5s", "2d", "400d", "-2h"} {
		flags := cli.NewFlags("test")
		var d, again time.Duration
		cli.DurationVar(flags, &d, "one", 0, "")
		cli.DurationVar(flags, &again, "two", 0, "")
		if err := flags.Set("one", text); err != nil {
			t.Errorf("Set(%q): %v", text, err)
			continue
		}
		written := flags.Lookup("one").Value.String()
		if err := flags.Set("two", written); err != nil || again != d {
			t.Errorf("%q is written as %q and read as %v, %v", text, written, again, err)
		}
	}
}
