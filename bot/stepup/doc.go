// Package stepup has an approver confirm a decision in their own Okta Verify.
//
// A [Verifier] sends a push with a number challenge, waits for Okta's answer and makes
// the decision with the proof of it. Nothing of a challenge that waits is believed after
// a restart: the push goes unanswered and the person presses again. A [Registry] remembers
// of each approver the Okta user, the challenges of the last hour, and a refused push.
//
// What Okta does not say is not approved.
package stepup
