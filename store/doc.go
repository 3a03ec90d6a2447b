// Package store is the record: requests, their rosters, plans and logs, the
// notes on users, the freeze, the inbox, and the references of messages. It knows
// the domain (bot/reset) and nothing else of ours.
//
// A request's log is its journal and its audit trail, and says whom the request
// has claimed: who was started and has no outcome. A term reads that once, and keeps
// it up with its own commits. A log's entries are chained by
// hash, and each change of a request's state puts the head of its chain into the
// org's own log, which is chained as well: [Reader.Verify] finds what was changed,
// left out or moved, and an export can hide names without breaking the chains. A
// backup ([Store.Backup]) knows that it is one: the first [Term] on it puts in
// doubt what may have been sent since. Older schemas are migrated at the start,
// after a backup.
//
// There are two layers. Below is an engine of four methods: ordered keys with
// revisions, conditional commits, a watch and a lease. bbolt is the only one.
// Above is the record, written once against the engine: every write is read,
// closure, conditional commit, and again on conflict.
//
// A [Store] reads, and receives envelopes from Slack. Every other write goes
// through a [Term], of which one lasts at a time.
//
// # Caveats
//
// Closures given to the record are pure, get a fresh copy and may run twice. They
// run while the journal waits for them: one that wrote to the record would wait for
// itself.
//
// An error that is none of this package's Err values and types says that the
// write may or may not have taken effect; those that name a refusal say that
// nothing was written.
//
// The record stores what it is given: keep secrets out of what you give it.
package store
