// Package protection knows which users must not be reset: administrators, members
// of protected groups, users that the policy names, the bot's own service user. It
// keeps the lists of them fresh while somebody goes by them, and asks Okta about one
// user where a list cannot be read or has grown old.
package protection
