// Package view renders requests for people: the messages of a request, direct
// messages, private answers, modals and the home tab, as Block Kit with a plain
// text fallback. It names the actions and values of buttons, and reads them back.
// It is pure: no clock, no I/O; the same request always renders to the same bytes.
//
// Text from people, files and Okta (reasons, file names, refusals, warnings) is
// untrusted. It is cut by runes and shown where nothing in it comes alive: in
// rich text and plain text elements, or escaped in mrkdwn objects that are
// verbatim. Every mrkdwn object of this package is verbatim; mentions and dates
// in Slack's angle brackets still work.
package view
