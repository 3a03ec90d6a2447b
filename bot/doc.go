// Package bot has no code of its own: its packages are the bot, and its tests have the
// three that speak to Slack work together.
//
// What a person does in Slack comes in by bot/listener, as a bot/event that is in the
// record before it is acknowledged. bot/handler turns it into a call of bot/desk, which
// judges it and writes it to the record, and answers the person. bot/runner takes each
// request on from there: bot/planner makes its plan; approved, it is carried out in Okta.
//
// What everybody sees comes from bot/announcer, home tabs from bot/hometab: both follow
// the record. Listener and announcer never call each other: between them lie desk, record
// and runner.
package bot
