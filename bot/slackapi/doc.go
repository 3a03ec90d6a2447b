// Package slackapi is the Slack client as this program uses it, and what Slack's
// errors mean: how long to wait, whether a call may have taken effect, and what
// an operator can do.
package slackapi
