package store

import (
	"errors"
	"testing"
)

// What is wrong with an address is told before anything is connected, and another machine
// takes TLS.
func TestOpen_etcd_address(t *testing.T) {
	for _, address := range []string{
		"etcd://", "etcd://localhost", "etcd://192.0.2.1:2379", "etcd://localhost:2379,192.0.2.1:2379/factorbot",
		"etcd://etcd.example.com:2379", "etcd://localhost:2379,/factorbot",
	} {
		if _, err := Open(address, testOrg); !errors.As(err, new(*AddressError)) {
			t.Errorf("%s: %v", address, err)
		}
		if _, err := Inspect(address); !errors.As(err, new(*AddressError)) {
			t.Errorf("inspect %s: %v", address, err)
		}
	}
}
