// Package runner is what acts on Okta: it plans a request, runs an approved
// one, settles what is in doubt, and reads back what was done. It sees requests
// only through the record, which tells it what the desk wrote.
//
// # The journal
//
// A call leaves only after its started entry is durable; the entry depends on
// the very revision of the head that the runner read, so that what is paused,
// cancelled or frozen starts nobody. A started entry that nothing closes is in
// doubt. What is in doubt is settled by [settle], never sent again blindly.
//
// # Caveats
//
// Between the last look at a user's factors and the call that follows lies a
// moment that Okta gives no means to close.
package runner
