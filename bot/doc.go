// Package bot is what people do in Slack.
//
// The [Listener] keeps two sockets and takes envelopes from them: it records
// each in the inbox before it is acknowledged, opens and checks forms beside the
// acknowledgement while the trigger is good, and has workers that turn what was
// recorded (bot/event) into intents for the desk: files that people drop, commands,
// forms, buttons. After a gap it reads the channels' history for what it missed.
//
// What everybody sees comes from bot/announcer, home tabs from bot/hometab.
// Neither calls the other: between them lie desk, record and runner.
//
// # Caveats
//
// What a person is told privately (refusals, lists, help) is best effort: it is
// neither recorded nor repeated. What everybody sees, and direct messages about
// a request, come from the Announcer and are delivered however long Slack is away.
package bot
