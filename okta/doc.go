// Package okta is everything said to Okta: who the users are, which factors
// they have, the resets, who is an administrator, what the System Log tells;
// and how fast all that may go. It knows nothing of requests or of Slack.
//
// A Client paces every call by the rate-limit headers of earlier answers, per
// bucket. Reads wait for their turn and are retried. What changes something
// is different: the caller takes a Slot first (Take, which waits), records
// what it is about to do, and then sends with it (ResetFactors, DeleteFactor,
// ClearSessions), which never repeats. It does not wait either, with one exception:
// where Okta answers faster than a record is made and its limits are far away, more
// slots are given than calls may be made at once, and the last wait for a place,
// within the 2 s in which a call may leave. What came of it is in the Error's Effect.
//
// # Caveats
//
// The Okta SDK replays a POST for as long as a server answers with EOF, keeps
// GETs for five minutes, reads okta.yaml files and OKTA_CLIENT_* variables,
// follows redirects, panics on a malformed Link header, and turns a 429 into
// an error without a type. The gate (its http.RoundTripper) and New see to
// each of these; nothing in this package may use another http.Client.
//
// Reads go through the SDK's request executor and are decoded here, not into
// the SDK's types: those hold what must never be held (the shared secret of a
// factor that is being activated), and pages of a thousand events at once.
package okta
