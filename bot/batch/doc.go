// Package batch acts on Okta for one approved request: it sends resets, settles what is in
// doubt, and reads back what was done.
//
// # The parts
//
// A [Batch] lasts from one reading of the request's head until that head moves. Its
// sender carries one target after another through its steps. Its settler decides about
// calls whose answer never came. Its verifier proves what Okta answered. They share two
// states and nothing else: progress, what is known of each row, and [Control], whether
// anybody may still be started. What is in doubt comes back to one loop, [Batch.Settle].
//
// # The journal
//
// A call leaves only after its started entry is durable; the entry depends on
// the very revision of the head that was read, so that what is paused,
// cancelled or frozen starts nobody. A started entry that nothing closes is in
// doubt: after a crash, a lost answer, a restored backup. What is in doubt is
// settled from evidence (see lostanswer.go), never sent again blindly.
//
// # Caveats
//
// Between the last look at a user's factors and the call that follows lies a
// moment that Okta gives no means to close.
package batch
