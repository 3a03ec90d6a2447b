// Package oauth makes what a service app shows to Okta: client assertions signed with
// its private key (RFC 7523), and proofs that whoever sends a token has the key it is
// bound to (DPoP, RFC 9449). It keeps the token and knows when it needs another. It
// sends nothing.
package oauth
