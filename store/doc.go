// Package store is the record: requests, their rosters, plans and logs, the
// notes on users, the freeze, the inbox, and the references of messages. It knows
// the domain (bot/reset) and nothing else of ours.
//
// A request's log is its journal and its audit trail, and says which users the request
// has claimed: those that were started and have no outcome. A term reads the claims once,
// and keeps them up to date with its own commits. A log's entries are chained by hash, and
// each change of a request's state puts the head of its chain into the org's own log, which
// is chained as well: [Reader.Verify] finds what was changed, left out or moved, and an
// export can hide names without breaking the chains. A
// backup ([Store.Backup]) knows that it is one: the first [Term] on it puts in
// doubt what may have been sent since. Older schemas are migrated at the start,
// after a backup.
//
// There are two layers. Below is an engine (store/internal/kv) of four methods: ordered
// keys with revisions, conditional commits, a watch and a lease. Above is the record,
// written once against the engine: every write is read, closure, conditional commit, and
// again on conflict. What needs no engine has packages of its own: store/internal/claims
// decides who has a user, chain hashes entries, audit compares chains, and series packs
// many items into a value.
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
// Times decide nothing but what a sweep forgets, and a sweep does not trust a clock that
// jumps: whether a note is newer than a plan is told by the record's own numbers.
//
// After an error that is none of this package's Err values and types the write may
// or may not have taken effect. After those that name a refusal nothing was written.
//
// The record stores what it is given: keep secrets out of what you give it.
package store
