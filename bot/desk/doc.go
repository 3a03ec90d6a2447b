// Package desk has the use cases of people: open a request, from a file, a
// command or a form; approve, deny, take rows out, cancel, pause, resume, ask
// again for what failed; freeze everything and thaw it; report a reset that was
// not wanted; ask how things stand and what one may do. It judges by the policy
// and writes to the record; the runner sees what it wrote. Desk and runner never
// call each other, so a crash between the two loses nothing.
//
// Who somebody is (Slack account, Okta user, groups, whether all that is fresh)
// comes from a [People]; earlier approvals are judged again when one completes them.
//
// A refusal that a person should read is a [*policy.Refusal] or one of the Err
// values of this package and of reset; nothing here speaks to Slack.
package desk
