// Package slacksim is a simulated Slack workspace: the Web API, Socket Mode,
// what people do (upload, command, click, submit), and a page to do it on.
//
// It is held to Slack's documents, not to the bot that is tested with it. The
// arguments, scopes, rate tiers and errors of the methods come from
// methods.json (a copy of the method pages of docs.slack.dev made by
// slack-ruby/slack-api-ref, MIT), the shape of blocks and views from
// blocks.schema.json (made from the npm package @slack/types, MIT).
//
// A [Workspace] is an [net/http.Handler]. It serves
//
//	/api/METHOD            the Web API, tokens in the form or the header
//	/link/                 sockets, by the one-use URL of apps.connections.open
//	/upload/v1/ID          where files.getUploadURLExternal sends the bytes
//	/files-pri/TEAM-ID/... url_private, with a Bearer token
//	/commands/... /actions/...  response URLs
//	/sandbox/...           what simulated people do, for tests and the page
//	/                      the page
//
// # Adding a method
//
// reactions.go is the example to follow; botInfo in people.go is one that only reads.
// Put the method's page, docs.slack.dev/methods/NAME.json of slack-ruby/slack-api-ref,
// into methods.json, with its scopes written like those there: {"bot": [...], "user": [...]}.
// Token, scopes, rate tier and required arguments are checked from there, before the
// method is called; the page's errors are for you to read. Write a function that takes
// the [Workspace], whose lock is held, and the call; it returns what the answer has
// besides "ok", or refuse with Slack's own error. Change nothing before the last
// refusal, tell the page with changed, and enter the function into the table in
// methods.go. A page without a function keeps a workspace from starting, and so does a
// function without a page. TestMethods_reactions is the test to follow: one line for
// each error that the function can answer with.
//
// What the page shows is in its own package, page; what both know of Block Kit is in
// kit.
//
// # Caveats
//
// The page and /sandbox/ have no login: whoever reaches them acts as anybody.
// They answer only requests whose Host is this machine's loopback or the
// workspace's own URL, and only pages of the same origin may post to them.
//
// Everything is kept in memory. One app is installed; its ID, bot and team are
// fixed ([AppID], [BotUser], [Team]).
package slacksim
