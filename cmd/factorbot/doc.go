// Command factorbot is a Slack bot that resets Okta MFA factors in bulk.
//
// It is main and a table of subcommands; what each of them does is in cmd/internal:
//
//	run               app
//	sandbox           sandbox
//	doctor            doctor
//	manifest          setup; okta-role too
//	requests          operator; backup, audit and health too
//	version           cli
//
// The exit code is 0 for an end that was asked for, 1 for a failure that may pass, 2
// for a setting or argument that somebody has to change.
//
// The tests here are those of the whole program, driven through the sandbox.
package main
