// Package wire knows what is around the bodies of Okta's answers: which rate-limit bucket
// a call draws on, what headers say and what the server's clock shows; where the org is,
// and how a connection to it is made.
package wire
