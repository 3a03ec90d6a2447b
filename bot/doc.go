// Package bot is Slack in and out.
//
// The [Listener] keeps two sockets and takes envelopes from them: it records
// each in the inbox before it is acknowledged, opens and checks forms beside the
// acknowledgement while the trigger is good, and has workers that turn what was
// recorded into typed intents for the desk: files that people drop, commands,
// forms, buttons. After a gap it reads the channels' history for what it missed.
//
// The [Announcer] watches the record and keeps in Slack what should stand there:
// the approval message, plan, progress, pauses and result in its thread, direct
// messages to approvers, requesters and those who were reset, alerts, how many
// have enrolled again, and the home tabs of those who look at theirs. What a request should have is worked out anew from the record each
// time; a reference is recorded for each message that Slack has.
//
// Neither calls the other: between them lie desk, record and runner.
//
// # Caveats
//
// What a person is told privately (refusals, lists, help) is best effort: it is
// neither recorded nor repeated. What everybody sees, and direct messages about
// a request, come from the Announcer and are delivered however long Slack is away.
package bot
