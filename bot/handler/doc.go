// Package handler does what the events of people ask for: files that they drop,
// commands, forms and buttons. Each becomes one call of the desk and one private answer.
//
// # Caveats
//
// What a person is told privately (refusals, lists, help) is best effort: it is neither
// recorded nor repeated. What everybody sees, and direct messages about a request, come
// from bot/announcer and are delivered however long Slack is away.
package handler
