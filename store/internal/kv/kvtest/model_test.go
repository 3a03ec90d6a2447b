package kvtest_test

import (
	"testing"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/kvtest"
)

func TestModel(t *testing.T) {
	kvtest.Run(t, func(testing.TB) kv.Engine { return kvtest.NewModel() })
}

// Every third commit loses its answer, before it took effect or after.
func TestDoubtful(t *testing.T) {
	n := 0
	e := &kvtest.Doubtful{Engine: kvtest.NewModel(), Unsure: func() kvtest.Doubt {
		n++
		return [...]kvtest.Doubt{kvtest.Sure, kvtest.Sure, kvtest.Before, kvtest.Sure, kvtest.Sure, kvtest.After}[n%6]
	}}
	kvtest.Unknown(t, e, 50)
}
