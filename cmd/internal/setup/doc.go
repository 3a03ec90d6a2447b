// Package setup prints what an administrator pastes elsewhere: the manifest of the Slack app, the
// role of the bot's identity in Okta, alert rules.
package setup
