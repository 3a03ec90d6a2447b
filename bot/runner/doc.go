// Package runner takes each unsettled request from state to state: it has it planned, runs
// it when it is approved, and has read back what was done; it lists users for an export,
// and tells who has enrolled again. It sees requests only through the record, which tells
// it what the desk wrote.
//
// Each unsettled request has a driver, which does whatever the request's state asks for:
// bot/planner makes the plan, bot/batch acts on Okta, and the driver makes the move that
// follows. A run goes in waves where the policy asks for them, and holds still for
// velocity, a pause, a freeze, or when the lists of the protected grow old. A dry run does
// everything but claim and send.
package runner
