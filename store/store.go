package store

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/boltkv"
	"factorbot/store/internal/kv/etcdkv"
)

// Store is an open record of one Okta org. It is safe for concurrent use. Close it
// when neither it nor its terms are in use any more.
type Store struct {
	Reader
	file    *boltkv.Engine // nil if the record is in no file
	close   func() error   // of the engine
	retain  time.Duration
	ttl     time.Duration // of a term's lease
	name    string        // of this process
	copying turn          // of whoever makes a copy beside the record

	mu       sync.Mutex       // guards what follows
	oktaTime func() time.Time // Okta's clock; nil: not known
	arrived  int64            // the place of the last envelope in the order of their arrival
	floor    time.Time        // the time that the last sweep went by
}

// Reader reads the record; a [Store] and a [Term] both do.
type Reader struct {
	engine kv.Engine
	org    string
	now    func() time.Time
}

// Option changes how a record is opened.
type Option func(*options)

type options struct {
	now     func() time.Time
	timeout time.Duration
	retain  time.Duration
	steps   []migration
	etcd    etcdkv.Config
	ttl     time.Duration
	name    string
	orgID   string
}

// Etcd says how to reach etcd. Without TLS only this machine's own is reached.
func Etcd(config *tls.Config, user, password string) Option {
	return func(o *options) { o.etcd = etcdkv.Config{TLS: config, User: user, Password: password} }
}

// Retain is how long settled requests and notes are kept; 400 days if it is not given.
func Retain(d time.Duration) Option { return func(o *options) { o.retain = d } }

// SameOrg says which org answers at the address that Open is given, by its ID ("00o...").
// The record of that org is opened whatever address it was made with.
func SameOrg(id string) Option { return func(o *options) { o.orgID = id } }

// meta is what the record says of itself.
type meta struct {
	Schema  int    `json:"schema"`
	Org     string `json:"org"`               // Okta org URL that it was made with: "https://example.okta.com"
	OrgID   string `json:"org_id,omitempty"`  // Okta's own ID of the org: "00o..."
	Address string `json:"address,omitempty"` // where the org was found last, if not at Org
}

// Open opens the record of the org in the file, or makes it, mode 0600. A path that begins
// with etcd:// is the address of a record in etcd. Errors: *[HeldError], *[DamagedError],
// *[AddressError], *[OrgError], *[SchemaError], *[MigrationError], and the system's own.
func Open(path, org string, o ...Option) (*Store, error) {
	set := optionsOf(o)
	e, file, err := openEngine(path, set, func() (*boltkv.Engine, error) { return boltkv.Open(path, set.timeout) })
	if err != nil {
		return nil, err
	}
	s := newStore(e, org, set)
	s.file, s.close = file, e.Close
	if err := s.identify(context.Background(), path, set.orgID, set.steps); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func optionsOf(given []Option) options {
	set := options{now: time.Now, timeout: time.Second, retain: 400 * 24 * time.Hour, ttl: leaseTTL, steps: migrations()}
	for _, f := range given {
		f(&set)
	}
	return set
}

// closable is an engine that whoever opened it closes.
type closable interface {
	kv.Engine
	Close() error
}

// openEngine opens the engine that the path asks for: etcd, or a file, by openFile.
func openEngine(path string, set options, openFile func() (*boltkv.Engine, error)) (e closable, file *boltkv.Engine, err error) {
	if strings.HasPrefix(path, etcdkv.Scheme) {
		e, err = etcdkv.OpenAddress(path, set.etcd)
		return e, nil, err
	}
	file, err = openFile()
	return file, file, err
}

func newStore(e kv.Engine, org string, set options) *Store {
	return &Store{Reader: Reader{engine: e, org: org, now: set.now}, retain: set.retain, ttl: set.ttl, name: set.name, copying: newTurn()}
}

// identify refuses the record of another org or of a later program, migrates one of an
// earlier program, and signs a new one. The steps lead to our schema version.
func (s *Store) identify(ctx context.Context, path, orgID string, steps []migration) error {
	sign, err := json.Marshal(meta{Schema: len(steps) + 1, Org: s.org, OrgID: orgID})
	if err != nil {
		return err
	}
	p, err := s.putOnce(ctx, kv.Put(metaKey, sign))
	if err != nil {
		return fmt.Errorf("open the record: %w", err)
	}
	found, err := s.recognize(p.Value, path, orgID, len(steps)+1)
	if err != nil {
		return err
	}
	if err := s.migrate(ctx, path, found, steps); err != nil {
		return err
	}
	return s.readClock(ctx)
}

// recognize returns the schema version of a signed record. From here on the org goes by
// the address that the record was made with: its chains and digests begin with that.
func (s *Store) recognize(sign []byte, path, orgID string, known int) (int, error) {
	var m meta
	if err := json.Unmarshal(sign, &m); err != nil {
		return 0, &DamagedError{Path: path, Cause: err}
	}
	switch {
	case m.Schema > known:
		return 0, &SchemaError{Path: path, Found: m.Schema, Known: known}
	case !m.is(s.org, orgID):
		return 0, &OrgError{Path: path, Recorded: m.Org, Asked: s.org}
	case m.Schema < 1:
		return 0, &DamagedError{Path: path, Cause: fmt.Errorf("schema version %d", m.Schema)}
	}
	s.org = m.Org
	return m.Schema, nil
}

// Close ends the term, waits for what is being written, and closes the file.
func (s *Store) Close() error {
	if err := s.close(); err != nil {
		return fmt.Errorf("close the record: %w", err)
	}
	return nil
}

// Stats tells how large the record is.
type Stats struct {
	Bytes int64 // of the file
	Free  int64 // bytes of it that are free for reuse
}

// Stats measures the record; one in no file is not measured.
func (s *Store) Stats() (Stats, error) {
	if s.file == nil {
		return Stats{}, nil
	}
	used, free, err := s.file.Size()
	if err != nil {
		return Stats{}, fmt.Errorf("measure the record: %w", err)
	}
	return Stats{Bytes: used, Free: free}, nil
}
