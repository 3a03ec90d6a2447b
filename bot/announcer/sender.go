package announcer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
	"factorbot/bot/workqueue"
)

// eventType marks our messages, so that a post whose answer was lost is found again.
const eventType = "factorbot_request"

const (
	// deletedAtMost bounds the deleted messages that are remembered; most are not ours.
	deletedAtMost = 1000
	// directsAtMost bounds the direct conversations that are remembered; the others are asked for again.
	directsAtMost = 1000
)

// sender posts and edits messages about requests, and records them. Everything that writes
// to Slack in one Run shares one.
type sender struct {
	Slack  *slack.Client
	Record Record // nil: what it posts is written down elsewhere
	Log    *slog.Logger
	Now    func() time.Time

	limits *methodLimits
	blocks newBlocks

	mu      sync.Mutex
	looked  map[reset.ID]bool              // requests whose approval message is known to be there
	deleted map[messageRef]bool            // messages that were deleted, and were not looked at since
	directs map[reset.Person]reset.Channel // direct conversations that were opened, directsAtMost of them
}

func newSender(client *slack.Client, rec Record, log *slog.Logger, now func() time.Time) *sender {
	return &sender{
		Slack: client, Record: rec, Log: log, Now: now, limits: newMethodLimits(now),
		looked: map[reset.ID]bool{}, deleted: map[messageRef]bool{}, directs: map[reset.Person]reset.Channel{},
	}
}

// messageRef is where a message is in Slack.
type messageRef struct {
	channel reset.Channel
	ts      string
}

// noteDeleted remembers that a message was deleted.
func (s *sender) noteDeleted(at messageRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.deleted) >= deletedAtMost {
		clear(s.deleted)
	}
	s.deleted[at] = true
}

// forget drops what is remembered of a request.
func (s *sender) forget(id reset.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.looked, id)
}

// messages returns what is recorded of a request's messages.
func (s *sender) messages(ctx context.Context, id reset.ID) (map[reset.Slot]reset.Message, error) {
	list, err := s.Record.Messages(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the messages of %s: %w", id, err)
	}
	m := make(map[reset.Slot]reset.Message, len(list))
	for _, x := range list {
		m[x.Slot] = x
	}
	return m, nil
}

// save records a message of a request.
func (s *sender) save(ctx context.Context, id reset.ID, m reset.Message) error {
	if err := s.Record.SaveMessages(ctx, id, m); err != nil {
		return fmt.Errorf("record the message: %w", err)
	}
	return nil
}

// follow has every request looked at until ctx is done, as often as look says.
func (s *sender) follow(ctx context.Context, look func(context.Context, *reset.Request) (again time.Duration, err error)) error {
	delay := func(id reset.ID, err error, try int) time.Duration {
		return retry{s.Log, err, try}.Warn("something about a request is not told yet", "request", id, "todo", slackapi.Hint(err))
	}
	return (&workqueue.Follower{Requests: s.Record, Log: s.Log, Now: s.Now, Do: look, Delay: delay}).Run(ctx)
}

// unseen reports that a message should be edited though it shows what it
// should: it is said to be deleted. Of an approval message it reports that once
// in a run of the program: somebody may have deleted it meanwhile, and without
// it nobody can decide.
func (s *sender) unseen(r *reset.Request, m reset.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := (messageRef{m.Channel, m.TS}); s.deleted[at] {
		delete(s.deleted, at)
		return true
	}
	if m.Slot != reset.SlotApproval || r.State != reset.Pending {
		return false
	}
	known := s.looked[r.ID]
	s.looked[r.ID] = true
	return !known
}

// put posts or edits a message and records what it shows.
func (s *sender) put(ctx context.Context, r *reset.Request, m reset.Message, v view.Message) (reset.Message, error) {
	hash, err := v.Hash()
	if err != nil {
		return m, err
	}
	return s.putAs(ctx, r, m, v, hash)
}

// putAs records that a message shows what has this hash, such as one whose link is still to come.
func (s *sender) putAs(ctx context.Context, r *reset.Request, m reset.Message, v view.Message, hash string) (reset.Message, error) {
	if m.TS == "" && m.At.IsZero() { // what was posted after a backup that was put back is not recorded
		m.At = r.RestoredFrom
	}
	if m.TS == "" && !m.At.IsZero() {
		found, err := s.find(ctx, m, markKey(r, m.Slot))
		if err != nil {
			return m, err
		}
		m.TS = found
	}
	if m.TS == "" {
		return s.post(ctx, r, m, v, hash)
	}
	return s.edit(ctx, r, m, v, hash)
}

// post posts a message of a request, with a mark by which it is found again.
func (s *sender) post(ctx context.Context, r *reset.Request, m reset.Message, v view.Message, hash string) (reset.Message, error) {
	err := s.send(ctx, &m, v, mark(r, m.Slot), func() error { return s.save(ctx, r.ID, m) })
	if err != nil {
		return m, err
	}
	if m.Shown = hash; m.Slot == reset.SlotApproval {
		s.mu.Lock()
		s.looked[r.ID] = true
		s.mu.Unlock()
	}
	return m, s.save(ctx, r.ID, m)
}

// send has it written down that a message is about to be posted, posts it, and has it
// written down if that failed for sure. Otherwise the next try looks for it first.
func (s *sender) send(ctx context.Context, m *reset.Message, v view.Message, mark slack.SlackMetadata, save func() error) error {
	if err := s.limits.closed("chat.postMessage"); err != nil {
		return err
	}
	m.At, m.Shown = s.Now(), ""
	if err := save(); err != nil {
		return err
	}
	err := s.fitting(v, func(v view.Message) error {
		return s.limits.through(ctx, "chat.postMessage", func(ctx context.Context) (err error) {
			_, m.TS, err = s.Slack.PostMessageContext(ctx, string(m.Channel), append(content(v),
				slack.MsgOptionTS(m.Thread), slack.MsgOptionMetadata(mark),
				slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())...)
			return err
		})
	})
	if err == nil {
		return nil
	}
	if m.TS = ""; !slackapi.MayHaveActed(err) {
		m.At = time.Time{}
		if err := save(); err != nil {
			return err
		}
	}
	return fmt.Errorf("post: %w", err)
}

func (s *sender) edit(ctx context.Context, r *reset.Request, m reset.Message, v view.Message, hash string) (reset.Message, error) {
	err := s.fitting(v, func(v view.Message) error {
		return s.limits.through(ctx, "chat.update", func(ctx context.Context) error {
			_, _, _, err := s.Slack.UpdateMessageContext(ctx, string(m.Channel), m.TS, content(v)...)
			return err
		})
	})
	switch slackapi.ErrorCode(err) {
	case "message_not_found", "cant_update_message":
		// Somebody deleted it: nothing else keeps us from editing our own message. If its
		// request is not settled it is posted again, else it stays deleted.
		m = reset.Message{Slot: m.Slot, Channel: m.Channel, Thread: m.Thread, Gone: r.State.Settled()}
		s.Log.Warn("a message was deleted", "request", r.ID, "slot", m.Slot, "posted_again", !m.Gone)
		if err := s.save(ctx, r.ID, m); err != nil || m.Gone {
			return m, err
		}
		return s.post(ctx, r, m, v, hash)
	case "edit_window_closed", "is_inactive":
		s.Log.Warn("a message cannot be edited", "request", r.ID, "slot", m.Slot, "error", slackapi.LogText(err))
		m.Shown = hash
		return m, s.save(ctx, r.ID, m)
	}
	if err != nil {
		return m, fmt.Errorf("edit: %w", err)
	}
	m.Shown, m.At = hash, s.Now()
	return m, s.save(ctx, r.ID, m)
}

func content(v view.Message) []slack.MsgOption {
	return []slack.MsgOption{slack.MsgOptionText(v.Text, false), slack.MsgOptionBlocks(v.Blocks...)}
}

// mark is a message's metadata. The key tells requests of the same name apart, of other installations.
func mark(r *reset.Request, slot reset.Slot) slack.SlackMetadata {
	return slack.SlackMetadata{EventType: eventType, EventPayload: map[string]any{
		"request": string(r.ID), "slot": string(slot), "key": markKey(r, slot),
	}}
}

func markKey(r *reset.Request, slot reset.Slot) string {
	return keyOf(r.Org, string(r.ID), r.Asked.At.UTC().Format(time.RFC3339Nano), string(slot))
}

func keyOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:8])
}

// searchBack is how far before a try its message is looked for: Slack's clock is not ours.
const searchBack = 10 * time.Minute

// find looks in Slack for a message whose post was not answered, by the key of its mark. It returns "" if there is none.
func (s *sender) find(ctx context.Context, m reset.Message, key string) (ts string, err error) {
	for cursor := ""; ; {
		var page []slack.Message
		page, cursor, err = s.page(ctx, m, cursor)
		if slackapi.ErrorCode(err) == "thread_not_found" {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("look for a post that was not answered: %w", err)
		}
		for _, x := range page {
			if x.Metadata.EventType == eventType && x.Metadata.EventPayload["key"] == key {
				return x.Timestamp, nil
			}
		}
		if cursor == "" {
			return "", nil
		}
	}
}

func (s *sender) page(ctx context.Context, m reset.Message, cursor string) (page []slack.Message, next string, err error) {
	oldest := view.Timestamp(m.At.Add(-searchBack))
	if m.Thread != "" {
		err = s.limits.through(ctx, "conversations.replies", func(ctx context.Context) (err error) {
			page, _, next, err = s.Slack.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: string(m.Channel), Timestamp: m.Thread, Oldest: oldest, Limit: 200, Cursor: cursor, IncludeAllMetadata: true,
			})
			return err
		})
		return page, next, err
	}
	err = s.limits.through(ctx, "conversations.history", func(ctx context.Context) error {
		h, err := s.Slack.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: string(m.Channel), Oldest: oldest, Limit: 200, Cursor: cursor, IncludeAllMetadata: true,
		})
		if err == nil {
			page, next = h.Messages, h.ResponseMetaData.NextCursor
		}
		return err
	})
	return page, next, err
}

// conversation is the direct conversation with a person.
func (s *sender) conversation(ctx context.Context, who reset.Person) (reset.Channel, error) {
	s.mu.Lock()
	c := s.directs[who]
	s.mu.Unlock()
	if c != "" {
		return c, nil
	}
	err := s.limits.through(ctx, "conversations.open", func(ctx context.Context) error {
		conv, _, _, err := s.Slack.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{string(who)}})
		if err == nil {
			c = reset.Channel(conv.ID)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("open the conversation with %s: %w", who, err)
	}
	s.mu.Lock()
	if len(s.directs) >= directsAtMost {
		clear(s.directs)
	}
	s.directs[who] = c
	s.mu.Unlock()
	return c, nil
}

// awaitThread is how long a message waits for the approval message in whose thread it belongs.
const awaitThread = 10 * time.Second

// underThread posts or edits a message in the thread of the approval message. If that is gone, nothing is posted.
func (s *sender) underThread(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message, slot reset.Slot, v view.Message) (again time.Duration, err error) {
	top, m := have[reset.SlotApproval], have[slot]
	switch {
	case top.Gone || m.Gone:
		return 0, nil
	case top.TS == "":
		return awaitThread, nil
	}
	m.Slot, m.Channel, m.Thread = slot, top.Channel, top.TS
	hash, err := v.Hash()
	if err != nil || m.TS != "" && m.Shown == hash {
		return 0, err
	}
	_, err = s.putAs(ctx, r, m, v, hash)
	return 0, err
}
