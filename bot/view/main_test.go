package view_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Under the race detector, which has little to find in a pure package, a check takes ten
// times as long: fewer of them will do.
func TestMain(m *testing.M) {
	if raced {
		if err := flag.Set("rapid.checks", "30"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
