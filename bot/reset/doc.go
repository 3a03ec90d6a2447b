// Package reset is the domain: a request to reset the MFA factors of many Okta
// users, its plan, the decisions on it, its states, and the log that tells what
// was done. It knows neither Slack nor Okta nor a database.
//
// The rules are methods of [Request]. Each takes who acts and when, either makes
// one move of the transition table and returns the [Fact] that tells of it, or
// changes nothing and returns a [*TransitionError] or one of the Err values.
// Nobody else assigns a request's state.
//
// # Caveats
//
// Methods are pure: the record may run the closure that calls them twice, each
// time on a fresh copy.
package reset
