// Package announcer keeps in Slack what should be there: the approval message of
// each request, plan, progress, pauses and result in its thread, direct messages
// to approvers, requesters and those who were reset, alerts, freezes, and how many
// have enrolled again.
//
// What a request should have is worked out from the record each time, and a
// reference is recorded for each message that Slack has. Each message and file is
// delivered by itself, however long Slack is away.
package announcer
