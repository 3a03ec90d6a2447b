package store

import (
	"errors"
	"fmt"

	"factorbot/bot/reset"
)

// Refusals of a write, or of a read of what is not there: nothing was changed.
var (
	ErrNotFound = reset.ErrNotFound
	ErrFrozen   = reset.ErrFrozen
	ErrChanged  = reset.ErrChanged
	ErrLost     = reset.ErrLost
	ErrClosed   = errors.New("the record is closed")
)

// HeldError says that another process has the record open.
type HeldError struct {
	Path string
	PID  int // 0 if it is not known
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is in use by another process: stop that one first", e.Path)
	}
	return fmt.Sprintf("%s is in use by process %d: stop that one first", e.Path, e.PID)
}

// DamagedError says that the file is not what was written, and how to go on.
type DamagedError struct {
	Path  string
	Cause error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged (%v): stop the bot, put the file aside, copy the newest backup to its place and start again; "+
		"what was sent since that backup is then settled, not repeated", e.Path, e.Cause)
}

func (e *DamagedError) Unwrap() error { return e.Cause }

// OrgError says that the record belongs to another Okta org.
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
