package slacksim

import (
	"encoding/json"
	"fmt"
	"time"
)

// fileShare is the subtype of a message with files, as the event tells it.
const fileShare = "file_share"

// object is a JSON object on its way in or out.
type object = map[string]any

// Message is a message as Slack returns it, with one thing added: Ephemeral.
type Message struct {
	Type         string      `json:"type"` // "message"
	Subtype      string      `json:"subtype,omitempty"`
	TS           string      `json:"ts"` // "1700000000.000100"
	User         string      `json:"user,omitempty"`
	Username     string      `json:"username,omitempty"`
	Team         string      `json:"team,omitempty"`
	BotID        string      `json:"bot_id,omitempty"`
	AppID        string      `json:"app_id,omitempty"`
	BotProfile   object      `json:"bot_profile,omitempty"`
	ClientMsgID  string      `json:"client_msg_id,omitempty"`
	Text         string      `json:"text"`
	Blocks       []any       `json:"blocks,omitempty"`
	Attachments  []any       `json:"attachments,omitempty"`
	Files        []object    `json:"files,omitempty"`
	Metadata     *Metadata   `json:"metadata,omitempty"`
	Edited       *Edited     `json:"edited,omitempty"`
	Reactions    []*Reaction `json:"reactions,omitempty"`
	ThreadTS     string      `json:"thread_ts,omitempty"`
	ParentUserID string      `json:"parent_user_id,omitempty"`
	ReplyCount   int         `json:"reply_count,omitempty"`
	ReplyUsers   []string    `json:"reply_users,omitempty"`
	LatestReply  string      `json:"latest_reply,omitempty"`
	Upload       *bool       `json:"upload,omitempty"`
	DisplayAsBot *bool       `json:"display_as_bot,omitempty"` // of a message with files
	Ephemeral    bool        `json:"ephemeral,omitempty"`      // only one person sees it
	IsEphemeral  bool        `json:"is_ephemeral,omitempty"`   // Slack's name for the same

	channel string
	fileIDs []string
	shown   []element // every button that this message has ever shown: a screen may be stale
	version int       // counts the changes, for the page's cache
	html    *rendered // what the page made of this version
}

// Metadata is what an app attached to its message.
type Metadata struct {
	EventType    string `json:"event_type"`
	EventPayload object `json:"event_payload"`
}

// Edited says who changed a message last.
type Edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

// Reaction is an emoji under a message.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// reply says whether the message lives in a thread, below its parent.
func (m *Message) reply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

// object returns the message as a JSON object that may be changed.
func (m *Message) object() object {
	raw, err := json.Marshal(m)
	if err != nil { // a Message holds nothing that JSON cannot say
		return object{"type": "message", "ts": m.TS}
	}
	o := object{}
	_ = json.Unmarshal(raw, &o)
	return o
}

// nextTS returns a timestamp that no other message has.
func (w *Workspace) nextTS() string {
	t := time.Now().UnixMicro()
	if t <= w.lastTS {
		t = w.lastTS + 1
	}
	w.lastTS = t
	return formatTS(t)
}

func formatTS(micros int64) string {
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// nextID returns an ID such as F00000A7 that nothing else has.
func (w *Workspace) nextID(prefix string) string {
	w.lastID++
	return fmt.Sprintf("%s%08X", prefix, w.lastID)
}
