// Package people tells who somebody is: a Slack account, the Okta user with the same
// e-mail address, and the groups of both, with a cache for what is asked often.
package people
