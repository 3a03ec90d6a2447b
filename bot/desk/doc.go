// Package desk has the use cases of people: open a request, decide on it,
// cancel, pause, resume, ask how it stands. It judges by the policy and writes
// to the record; the runner sees what it wrote. Desk and runner never call each
// other, so a crash between the two loses nothing.
//
// A refusal that a person should read is a [*policy.Refusal] or one of the Err
// values of this package and of reset; nothing here speaks to Slack.
package desk
