package etcdkv

import (
	"fmt"
	"net"
	"strings"
)

// Scheme begins the address of a record in etcd: "etcd://host:2379,host:2379/prefix".
const Scheme = "etcd://"

// defaultPrefix is the prefix of an address that has none.
const defaultPrefix = "factorbot"

// OpenAddress opens the engine at an address, which names the members and the prefix. Without
// TLS only this machine's own members are reached.
func OpenAddress(address string, c Config) (*Engine, error) {
	hosts, prefix, _ := strings.Cut(strings.TrimPrefix(address, Scheme), "/")
	for host := range strings.SplitSeq(hosts, ",") {
		name, _, err := net.SplitHostPort(host)
		if err != nil {
			return nil, &AddressError{Address: address, Cause: fmt.Errorf("%q is no host and port", host)}
		}
		if c.TLS == nil && name != "localhost" && !net.ParseIP(name).IsLoopback() {
			return nil, &AddressError{Address: address, Cause: fmt.Errorf("%s is another machine: that takes TLS", name)}
		}
		c.Endpoints = append(c.Endpoints, host)
	}
	if c.Prefix = strings.Trim(prefix, "/"); c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	return Open(c)
}

// AddressError says what is wrong with the address of a record in etcd.
type AddressError struct {
	Address string
	Cause   error
}

func (e *AddressError) Error() string { return fmt.Sprintf("%s: %v", e.Address, e.Cause) }

func (e *AddressError) Unwrap() error { return e.Cause }
