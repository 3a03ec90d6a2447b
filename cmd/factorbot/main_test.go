package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The cache of the Okta SDK has a goroutine that only a finalizer ends.
func TestMain(m *testing.M) {
	if os.Getenv(fullEnv) != "" {
		os.Exit(playFullDisk())
	}
	if os.Getenv(measuredEnv) != "" {
		os.Exit(playMeasured())
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/patrickmn/go-cache.(*janitor).Run"))
}
