// Package event is what arrives from Slack, decoded into one typed [Event]: an
// upload, a command, a click, a submitted form, an opened home tab. It is pure.
package event
