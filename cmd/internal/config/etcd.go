package config

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"

	"factorbot/cmd/internal/cli"
)

// EtcdConfig is the access to etcd, of a record that is there.
type EtcdConfig struct {
	CAFile   string `yaml:"ca_file"`
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
}

// etcdScheme begins the address of a record in etcd.
const etcdScheme = "etcd://"

// InEtcd reports whether the record is in etcd.
func (c *Config) InEtcd() bool { return strings.HasPrefix(c.DB, etcdScheme) }

// ControlPath is the path of the operators' socket: the one that is set, else beside the
// database file; "" for none.
func (c *Config) ControlPath() string {
	if c.Control == "" && !c.InEtcd() {
		return c.DB + ".sock"
	}
	return c.Control
}

// checkEtcd refuses an address of etcd that is malformed, or that would be spoken to in
// the clear: who can write there can approve.
func (c *Config) checkEtcd(bad *problems) {
	hosts, _, _ := strings.Cut(strings.TrimPrefix(c.DB, etcdScheme), "/")
	for host := range strings.SplitSeq(hosts, ",") {
		name, _, err := net.SplitHostPort(host)
		switch {
		case err != nil || name == "":
			bad.add("FACTORBOT_DB", "must be etcd://HOST:PORT,HOST:PORT/PREFIX, as in etcd://10.0.0.1:2379,10.0.0.2:2379/factorbot")
			return
		case c.Etcd.CAFile == "" && !IsLoopback(name):
			bad.add("FACTORBOT_DB", "names etcd on another machine, which takes TLS: set FACTORBOT_ETCD_CA_FILE to the PEM file of its CA")
			return
		}
	}
	e := c.Etcd
	if (e.CertFile == "") != (e.KeyFile == "") {
		bad.add("FACTORBOT_ETCD_CERT_FILE", "goes together with FACTORBOT_ETCD_KEY_FILE: set both or none")
	}
	if e.CertFile != "" && e.CAFile == "" {
		bad.add("FACTORBOT_ETCD_CA_FILE", "is missing: FACTORBOT_ETCD_CERT_FILE needs it")
	}
	if (e.User == "") != !e.Password.IsSet() {
		bad.add("FACTORBOT_ETCD_USER", "goes together with FACTORBOT_ETCD_PASSWORD: set both or none")
	}
}

// TLS reads the certificates; nil where there are none.
func (e EtcdConfig) TLS() (*tls.Config, error) {
	if e.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(e.CAFile)
	if err != nil {
		return nil, cli.BadSetting("FACTORBOT_ETCD_CA_FILE", "the file "+FileProblem(err))
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, cli.BadSetting("FACTORBOT_ETCD_CA_FILE", "holds no certificate in PEM")
	}
	if e.CertFile == "" {
		return c, nil
	}
	for name, path := range map[string]string{"FACTORBOT_ETCD_CERT_FILE": e.CertFile, "FACTORBOT_ETCD_KEY_FILE": e.KeyFile} {
		if _, err := os.ReadFile(path); err != nil {
			return nil, cli.BadSetting(name, "the file "+FileProblem(err))
		}
	}
	own, err := tls.LoadX509KeyPair(e.CertFile, e.KeyFile)
	if err != nil {
		return nil, cli.BadSetting("FACTORBOT_ETCD_CERT_FILE", "and FACTORBOT_ETCD_KEY_FILE are no certificate with its key in PEM")
	}
	c.Certificates = []tls.Certificate{own}
	return c, nil
}
