// Package runner is what acts on Okta: it plans a request, runs an approved
// one, settles what is in doubt, and reads back what was done; it lists users for
// an export, and tells who has enrolled again. It sees requests only through the
// record, which tells it what the desk wrote.
//
// # A request
//
// Each unsettled request has a driver, which does whatever its state asks for.
// Planning resolves the roster, marks who is protected, says what stands out and
// what it will cost, and freezes the plan. A run goes target by target, several at
// once, in waves where the policy asks for them, and holds still for velocity, a
// pause, a freeze, or when the lists of the protected grow old. A dry run does
// everything but claim and send.
//
// # The journal
//
// A call leaves only after its started entry is durable; the entry depends on
// the very revision of the head that the runner read, so that what is paused,
// cancelled or frozen starts nobody. A started entry that nothing closes is in
// doubt: after a crash, a lost answer, a restored backup. What is in doubt is
// settled by [settle], never sent again blindly.
//
// # Caveats
//
// Between the last look at a user's factors and the call that follows lies a
// moment that Okta gives no means to close.
package runner
