// Package bot is Slack in and out.
//
// The [Listener] takes envelopes from the sockets, records each in the inbox
// before it is acknowledged, and has workers that turn what was recorded into
// typed intents for the desk. The [Announcer] watches the record and keeps the
// messages of each request in Slack as they should be. Neither calls the other:
// between them lie desk, record and runner.
//
// # Caveats
//
// What a person is told privately (refusals, lists, help) is best effort: it is
// neither recorded nor repeated. What everybody sees comes from the Announcer,
// and is delivered however long Slack is away. So are its direct messages; one
// that Slack refuses for good is named in the request's thread instead.
package bot
