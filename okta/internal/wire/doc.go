// Package wire knows what is around the bodies of Okta's answers: which rate-limit bucket
// a call draws on, what headers say, what the server's clock shows, and how many answers
// there were of each kind; and how a connection to Okta is made.
package wire
