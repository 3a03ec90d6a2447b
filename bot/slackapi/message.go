package slackapi

import (
	"github.com/slack-go/slack"

	"factorbot/bot/event"
)

// Message returns a message of a channel's history as events have it.
func Message(channel string, m slack.Message) event.Message {
	out := event.Message{
		Type: m.Type, Subtype: m.SubType, Channel: channel, User: m.User, Team: m.Team, BotID: m.BotID,
		Text: m.Text, TS: m.Timestamp, ThreadTS: m.ThreadTimestamp,
	}
	for _, f := range m.Files {
		out.Files = append(out.Files, File(f))
	}
	return out
}

// File returns a file as events name it.
func File(f slack.File) event.File {
	return event.File{ID: f.ID, Name: f.Name, Size: int64(f.Size), Mode: f.Mode, Type: f.Filetype, Mime: f.Mimetype, Access: f.FileAccess, URL: f.URLPrivate, Fetch: f.URLPrivateDownload}
}
