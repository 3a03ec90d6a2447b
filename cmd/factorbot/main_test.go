package main

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// builtEnv names the folder of the program that the tests run, which is there for as long
// as they are.
const builtEnv = "FACTORBOT_TEST_BUILT"

// The cache of the Okta SDK has a goroutine that only a finalizer ends.
func TestMain(m *testing.M) {
	if os.Getenv(fullEnv) != "" {
		os.Exit(playFullDisk())
	}
	if os.Getenv(measuredEnv) != "" {
		os.Exit(playMeasured())
	}
	built, err := os.MkdirTemp("", "factorbot-built")
	if err == nil {
		err = os.Setenv(builtEnv, built)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/patrickmn/go-cache.(*janitor).Run"), goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(built)
		os.Exit(code)
	}))
}
