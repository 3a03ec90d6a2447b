// Package wire knows what is around the bodies of Okta's answers: which rate-limit bucket
// a call draws on, what headers say, what the server's clock shows, and how many answers
// there were of each kind; where the org is, and how a connection to it is made.
package wire
