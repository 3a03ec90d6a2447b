package event

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// Kinds of events.
const (
	KindUpload     = "upload"
	KindCommand    = "command"
	KindClick      = "click"
	KindSubmission = "submission"
	KindStepUp     = "step_up" // a modal is open in which a decision is confirmed; of our own making
	KindHome       = "home"    // somebody has opened the home tab; never recorded
	KindTyping     = "typing"  // into a field whose choices are looked up; never recorded
)

// Event is what is kept of an envelope: what a worker needs and no more.
// Chatter, tokens and trigger IDs are not kept.
type Event struct {
	Kind        string             `json:"kind"`
	By          reset.Person       `json:"by"`
	Team        string             `json:"team,omitempty"` // the person's workspace
	Channel     reset.Channel      `json:"channel,omitempty"`
	At          time.Time          `json:"at,omitzero"`            // when Slack says that it happened
	TS          string             `json:"ts,omitempty"`           // of the message
	Thread      string             `json:"thread,omitempty"`       // of a click on a reply: its thread
	Text        string             `json:"text,omitempty"`         // of an upload or command
	Files       []File             `json:"files,omitempty"`        // of an upload
	Action      string             `json:"action,omitempty"`       // of a click
	Value       string             `json:"value,omitempty"`        // of a click: the button's, or what was chosen or typed
	Block       string             `json:"block,omitempty"`        // of a choice of a column: what it is about
	View        string             `json:"view,omitempty"`         // ID of the modal or home tab
	Callback    string             `json:"callback,omitempty"`     // of a modal
	Metadata    string             `json:"metadata,omitempty"`     // of a modal
	Fields      map[string]Entered `json:"fields,omitempty"`       // of a modal, by action ID
	StepUp      string             `json:"step_up,omitempty"`      // of a press that takes a confirmation: what is confirmed
	ResponseURL string             `json:"response_url,omitempty"` // for a private answer, 30 minutes
	Host        string             `json:"host,omitempty"`         // which of several processes received it

	Key       string `json:"-"` // makes the envelope one
	TriggerID string `json:"-"` // opens a modal, 3 s long
	Hash      string `json:"-"` // of the modal: a change of it that came later wins
	InModal   bool   `json:"-"` // it was clicked or submitted in a modal

	// What is known where the event is served, and is not recorded.
	Bot       Bot         `json:"-"`
	Opened    bool        `json:"-"` // of what opens a modal: it was opened beside the acknowledgement
	Overtaken func() bool `json:"-"` // of a resume or thaw: somebody has stopped it since; nil: of nothing else
	Stopped   func()      `json:"-"` // of a stop: to be called when it took effect; nil: nobody asks
}

// Bot is the bot's own user in Slack.
type Bot struct {
	User reset.Person
	Name string // as mentions may have it
}

// Entered is what one element of a modal holds.
type Entered struct {
	Text   string   `json:"text,omitempty"`   // of a field for text or a number
	Picked []string `json:"picked,omitempty"` // values of options, or IDs of people
	At     int64    `json:"at,omitempty"`     // of a date with its time: Unix seconds
	Files  []File   `json:"files,omitempty"`
}

// Typed is what was typed into a field, without the blanks around it.
func (a *Event) Typed(field string) string { return strings.TrimSpace(a.Fields[field].Text) }

// File is an uploaded file as an event names it.
type File struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Mode   string `json:"mode,omitempty"` // "hosted", "snippet"; "external": it lies elsewhere; "tombstone": it was deleted
	Type   string `json:"filetype,omitempty"`
	Mime   string `json:"mimetype,omitempty"`
	Access string `json:"file_access,omitempty"` // "check_file_info": only files.info knows the rest
	URL    string `json:"url_private,omitempty"`
	Fetch  string `json:"url_private_download,omitempty"`
}

// ErrForeign says that an envelope is of a shape that this program does not know.
var ErrForeign = errors.New("unknown envelope")

// Decoded is what an envelope tells.
type Decoded struct {
	Event    *Event        // nil for what is not for us: other people's talk, edits, our own posts
	Channel  reset.Channel // of any message: where it is
	Position string        // of any message: its ts; the channel was heard up to there
	Deleted  string        // of a deletion: ts of the message that was deleted
}

// Decode reads the payload of an envelope.
func Decode(kind string, payload []byte) (d Decoded, err error) {
	switch kind {
	case "events_api":
		return decodeEvent(payload)
	case "slash_commands":
		d.Event, err = decodeCommand(payload)
	case "interactive":
		d.Event, err = decodeInteraction(payload)
	default:
		err = fmt.Errorf("%w of type %q", ErrForeign, kind)
	}
	return d, err
}

// Message is a message as events and history give it.
type Message struct {
	Type      string `json:"type"`
	Subtype   string `json:"subtype"`
	Channel   string `json:"channel"`
	User      string `json:"user"`
	UserTeam  string `json:"user_team"`
	Team      string `json:"team"`
	BotID     string `json:"bot_id"`
	Text      string `json:"text"`
	TS        string `json:"ts"`
	ThreadTS  string `json:"thread_ts"`
	DeletedTS string `json:"deleted_ts"` // of message_deleted
	Files     []File `json:"files"`
	Tab       string `json:"tab"` // of app_home_opened: "home", "messages"
}

func decodeEvent(payload []byte) (Decoded, error) {
	var p struct {
		Event Message `json:"event"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return Decoded{}, fmt.Errorf("decode an event: %w", err)
	}
	d, m := Decoded{Event: p.Event.Upload()}, p.Event
	switch m.Type {
	case "app_home_opened":
		if m.Tab == "home" && m.User != "" {
			d.Event = &Event{Kind: KindHome, By: reset.Person(m.User)}
		}
	case "message":
		d.Channel, d.Position = reset.Channel(m.Channel), m.TS
		if m.Subtype == "message_deleted" {
			d.Deleted = m.DeletedTS
		}
	}
	return d, nil
}

// Upload returns a person's files at the top level of a conversation, else nil.
// An event of them has the subtype "file_share"; conversations.history has none.
func (m Message) Upload() *Event {
	inThread := m.ThreadTS != "" && m.ThreadTS != m.TS
	said := m.Subtype == "" || m.Subtype == "file_share"
	if m.Type != "message" || !said || inThread || m.BotID != "" || m.User == "" || len(m.Files) == 0 {
		return nil
	}
	return &Event{
		Kind: KindUpload, By: reset.Person(m.User), Team: cmp.Or(m.UserTeam, m.Team), Channel: reset.Channel(m.Channel),
		At: view.ParseTimestamp(m.TS), TS: m.TS, Text: roster.PlainText(m.Text), Files: m.Files,
		Key: UploadKey(view.Upload{Channel: reset.Channel(m.Channel), TS: m.TS}),
	}
}

func decodeCommand(payload []byte) (*Event, error) {
	var p struct {
		Text        string `json:"text"`
		UserID      string `json:"user_id"`
		TeamID      string `json:"team_id"`
		ChannelID   string `json:"channel_id"`
		ResponseURL string `json:"response_url"`
		TriggerID   string `json:"trigger_id"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, fmt.Errorf("decode a command: %w", err)
	}
	if p.UserID == "" || p.TriggerID == "" {
		return nil, fmt.Errorf("%w: a command of nobody", ErrForeign)
	}
	return &Event{
		Kind: KindCommand, By: reset.Person(p.UserID), Team: p.TeamID, Channel: reset.Channel(p.ChannelID),
		Text: p.Text, ResponseURL: p.ResponseURL,
		Key: "command:" + p.TriggerID, TriggerID: p.TriggerID,
	}, nil
}

// ErrForeignValue says that a button or modal carries what this program never wrote.
var ErrForeignValue = errors.New("a foreign value")

// Frame reads what the modal of an event remembers.
func (a *Event) Frame() (view.Frame, error) {
	f, err := view.ParseFrame(a.Metadata)
	if err != nil {
		return f, fmt.Errorf("%w: %w", ErrForeignValue, err)
	}
	return f, nil
}

// UploadKey is the key of an upload's message, however it came to be known.
func UploadKey(u view.Upload) string { return "message:" + string(u.Channel) + ":" + u.TS }
