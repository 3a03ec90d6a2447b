// Package okta is everything said to Okta: who the users are, which factors
// they have, the resets, who is an administrator, what the System Log tells;
// and how fast all that may go. It knows nothing of requests or of Slack.
//
// A Client paces every call by the rate-limit headers of earlier answers, per
// bucket (package pacer). Reads wait for their turn and are retried. What changes
// something is different: the caller takes a Slot first (Take, which waits), records
// what it is about to do, and then sends with it (ResetFactors, DeleteFactor,
// ClearSessions), which never repeats, and waits for nothing but a place among the calls
// at once, within the 2 s in which a call may leave. What came of it is in the Error's
// Effect.
//
// # Caveats
//
// The Okta SDK replays a POST for as long as a server answers with EOF, keeps
// GETs for five minutes, reads okta.yaml files and OKTA_CLIENT_* variables,
// follows redirects, panics on a malformed Link header, knows no DPoP, and turns a
// 429 into an error without a type. The transport (its http.RoundTripper) and New see
// to each of these; nothing in this package may use another http.Client.
//
// Reads go through the SDK's request executor and are decoded here, not into
// the SDK's types: those hold what must never be held (the shared secret of a
// factor that is being activated), and pages of a thousand events at once.
//
// # Assumptions
//
// What follows is in Okta's documents, or seems likely, and no recorded answer shows it.
// Each has a test, which holds against the simulator only: whoever has a tenant can
// check it there.
//
//   - A polling query of the System Log, without an until, has a next link always, and
//     shows each event once: TestEvents.
//   - On Identity Engine a reset leaves the verified e-mail and one of two questions, and
//     logs user.mfa.factor.deactivate for each factor. Whether it logs reset_all too is
//     not known; either is read: TestFactorType_events, TestEvent.
//   - A call's User-Agent is in its log entry as it was sent, with our marker:
//     TestOurs.
//   - A reset of a STAGED or DEPROVISIONED user is refused with E0000038:
//     TestError_recorded_meanings, oktasim's TestReset_status.
//   - A role that does not reach a user or a call is refused with E0000006, a missing
//     scope with a Bearer or DPoP challenge that says insufficient_scope:
//     TestVerdict_codes, TestServiceApp_optional_scopes.
//   - A 429 for too many calls at once has limit and remaining 0 and a reset that means
//     nothing: TestPace_crowded.
//   - The end of a window is told in whole seconds, rounded either way, perhaps both within
//     one window: pacer's TestBucket_model, TestPacer_one_bucket_stays_one.
//   - A token's share of a limit is in no header; a 429 that shows room left, or the
//     share as its limit, is its: pacer's TestBucket_share, TestBucket_share_shown,
//     TestCeiling.
//   - The API answers a DPoP proof without the nonce that it demands with 401 and
//     use_dpop_nonce, as RFC 9449 says; only the token endpoint was recorded:
//     TestServiceApp_dpop, TestServiceApp_dpop_nonce_at_a_write.
//   - Proofs may be signed with ES256: TestServiceApp_dpop.
//   - The list of the Admin Console's users has those whose role comes through a group:
//     TestSuperAdmins, oktasim's TestAdmins.
//   - An e-mail factor whose activation names a request to /api/v1/users, and no factor,
//     was enrolled by Okta itself; one such event was recorded: TestEvent.
//   - Push, FastPass and Okta Verify's codes are removed together, so a sibling answers
//     404 to a deletion: TestDeleteFactor.
//   - The ID in /api/v1/org and in /.well-known/okta-organization is one, and a new
//     subdomain or custom domain keeps it: TestOrgID.
package okta
