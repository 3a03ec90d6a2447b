// Command factorbot is a Slack bot that resets Okta MFA factors in bulk.
//
// It is the only package that knows all others: it reads the settings (defaults,
// a YAML file, the environment, flags), joins record, desk, runner, Slack and
// Okta through the interfaces that each declares, starts and stops them in order,
// and serves health and metrics. Each subcommand has a file of its name:
//
//	run         the bot
//	sandbox     the bot between a simulated workspace and a simulated org
//	doctor      what is wrong with an installation, and how to mend it
//	manifest    the Slack app; okta-role, the identity in Okta
//	requests    for operators while Slack is down; backup, audit
//	bench       how fast it is; drill, what a crash costs
//	health      for containers; version
//
// What knows a person, by Slack account, Okta user and groups, is people*.go.
//
// The exit code is 0 for an end that was asked for, 1 for a failure, 2 for a
// setting or argument that is missing or malformed.
package main
