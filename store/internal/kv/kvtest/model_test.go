package kvtest_test

import (
	"testing"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/kvtest"
)

func TestModel(t *testing.T) {
	kvtest.Run(t, func(testing.TB) kv.Engine { return kvtest.NewModel() })
}
