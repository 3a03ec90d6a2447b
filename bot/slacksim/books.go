package slacksim

import (
	"encoding/json"
	"maps"
	"slices"
)

// Books are what a workspace counts, for tests to check afterwards.
type Books struct {
	Calls       map[string]int `json:"calls"`        // Web API calls by method
	Tried       map[string]int `json:"tried"`        // the same, with those that met a fault; besides upload, download, response_url
	RateLimited map[string]int `json:"rate_limited"` // answers 429 by method
	Refused     map[string]int `json:"refused"`      // "METHOD ERROR": how often
	Faults      map[string]int `json:"faults"`       // injected faults by kind
	// Scopes: method -> scopes of the bot token that its calls needed.
	Scopes map[string][]string `json:"scopes"`

	Posts  []Post  `json:"posts"`  // every message the app posted, deleted ones too
	Shares []Share `json:"shares"` // every file the app shared, once per share

	Envelopes  map[string]int `json:"envelopes"`   // sent, by type
	Acks       int            `json:"acks"`        // envelopes acknowledged in time
	LateAcks   int            `json:"late_acks"`   // acknowledged late, twice, or never sent
	LargeAcks  int            `json:"large_acks"`  // dropped for their payload of 20 KB or more
	Redeliver  int            `json:"redelivered"` // events sent again
	Lost       int            `json:"lost"`        // events given up
	Duplicates int            `json:"duplicates"`  // envelopes sent on two sockets
	Connects   int            `json:"connects"`    // sockets that were opened

	// Acknowledged are the envelopes acknowledged in time, with [Options.KeepEnvelopes].
	Acknowledged []Acknowledged `json:"-"`
}

// Acknowledged is an envelope that the app has acknowledged in time.
type Acknowledged struct {
	Type    string // events_api, slash_commands, interactive
	Payload json.RawMessage
}

// Post is one message that the app posted.
type Post struct {
	Method   string    `json:"method"` // chat.postMessage, chat.postEphemeral, response_url
	Channel  string    `json:"channel"`
	TS       string    `json:"ts"`
	ThreadTS string    `json:"thread_ts,omitempty"`
	User     string    `json:"user,omitempty"` // who sees it, of an ephemeral one
	Text     string    `json:"text"`
	Metadata *Metadata `json:"metadata,omitempty"`
}

// Share is one appearance of a file of the app in a conversation.
type Share struct {
	File     string `json:"file"`
	Name     string `json:"name"`
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts,omitempty"`
}

func newBooks() Books {
	return Books{
		Calls: map[string]int{}, Tried: map[string]int{}, RateLimited: map[string]int{}, Refused: map[string]int{},
		Faults: map[string]int{}, Scopes: map[string][]string{}, Envelopes: map[string]int{},
	}
}

// use notes that a call of method needed scope.
func (b *Books) use(method, scope string) {
	if !slices.Contains(b.Scopes[method], scope) {
		b.Scopes[method] = append(b.Scopes[method], scope)
	}
}

// post notes a message of the app, of an ephemeral one the user who sees it.
func (b *Books) post(method string, m *Message, user string) {
	b.Posts = append(b.Posts, Post{
		Method: method, Channel: m.channel, TS: m.TS, ThreadTS: m.ThreadTS, User: user, Text: m.Text, Metadata: m.Metadata,
	})
}

// Books returns a copy of what was counted so far.
func (w *Workspace) Books() Books {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.books
	b.Calls, b.Tried, b.RateLimited = maps.Clone(b.Calls), maps.Clone(b.Tried), maps.Clone(b.RateLimited)
	b.Refused, b.Faults = maps.Clone(b.Refused), maps.Clone(b.Faults)
	b.Envelopes, b.Scopes = maps.Clone(b.Envelopes), maps.Clone(b.Scopes)
	b.Posts, b.Shares, b.Acknowledged = slices.Clone(b.Posts), slices.Clone(b.Shares), slices.Clone(b.Acknowledged)
	return b
}
