package main

import (
	"testing"

	"go.uber.org/goleak"
)

// The cache of the Okta SDK has a goroutine that only a finalizer ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/patrickmn/go-cache.(*janitor).Run"))
}
