package store

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"factorbot/store/internal/kv/etcdkv"
)

// etcdScheme begins the address of a record in etcd: "etcd://host:2379,host:2379/prefix".
const etcdScheme = "etcd://"

// Etcd says how to reach etcd. Without TLS only this machine's own is reached.
func Etcd(config *tls.Config, user, password string) Option {
	return func(o *options) { o.etcd = etcdkv.Config{TLS: config, User: user, Password: password} }
}

// openEtcd opens the engine at an address.
func openEtcd(address string, c etcdkv.Config) (*etcdkv.Engine, error) {
	hosts, prefix, _ := strings.Cut(strings.TrimPrefix(address, etcdScheme), "/")
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
	c.Prefix = strings.Trim(prefix, "/")
	if c.Prefix == "" {
		c.Prefix = "factorbot"
	}
	e, err := etcdkv.Open(c)
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	return e, nil
}

// AddressError says what is wrong with the address of a record in etcd.
type AddressError struct {
	Address string
	Cause   error
}

func (e *AddressError) Error() string { return fmt.Sprintf("%s: %v", e.Address, e.Cause) }

func (e *AddressError) Unwrap() error { return e.Cause }
