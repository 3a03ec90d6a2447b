// Package listener hears what people do in Slack.
//
// A [Listener] keeps two sockets and takes envelopes from them: it records each in
// the inbox before it is acknowledged. Modals are opened and forms are checked beside
// the acknowledgement, while the trigger is good; workers serve what was recorded.
// After a gap it reads the channels' history for what it missed. What an event asks
// for is its [Handler]'s.
package listener
