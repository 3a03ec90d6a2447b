// Package sandbox serves a simulated Slack workspace and a simulated Okta org on one address, with
// the bot between them.
package sandbox
