package store

import (
	"fmt"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/boltkv"
	"factorbot/store/internal/kv/etcdkv"
)

// Refusals of a write, or of a read of what is not there: nothing was changed.
var (
	ErrNotFound = reset.ErrNotFound
	ErrFrozen   = reset.ErrFrozen
	ErrChanged  = reset.ErrChanged
	ErrLost     = reset.ErrLost
	ErrClosed   = kv.ErrClosed
	ErrNoRecord = boltkv.ErrNoRecord
	ErrAway     = kv.ErrAway    // etcd does not answer
	ErrUnknown  = kv.ErrUnknown // whether a write took effect is not known
)

// What can be wrong with a record's file.
type (
	HeldError    = boltkv.HeldError
	DamagedError = boltkv.DamagedError
	AddressError = etcdkv.AddressError // of etcd
)

// OrgError says that the record belongs to another Okta org, or to one of which only the
// address is known.
type OrgError struct {
	Path     string
	Recorded string
	Asked    string
}

func (e *OrgError) Error() string {
	return fmt.Sprintf("%s is the record of %s, not of %s: use another file for each org", e.Path, e.Recorded, e.Asked)
}

// SchemaError says that a later version of the program wrote the record.
type SchemaError struct {
	Path         string
	Found, Known int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s has schema version %d, this program knows up to %d: use the newer program", e.Path, e.Found, e.Known)
}

// MigrationError says that the record could not be brought to the schema version of this program.
type MigrationError struct {
	Path   string
	From   int    // the version that it has
	Backup string // made before anything was changed; not there if the making of it failed
	Cause  error
}

func (e *MigrationError) Error() string {
	return fmt.Sprintf("%s cannot be brought from schema version %d to the next (%v): mend that and start again; "+
		"to go back, use the earlier program with %s", e.Path, e.From, e.Cause, e.Backup)
}

func (e *MigrationError) Unwrap() error { return e.Cause }
