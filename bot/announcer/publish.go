package announcer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// eventType marks our messages, so that a post whose answer was lost is found again.
const eventType = "factorbot_request"

// linkToCome stands for a link where a message is compared with what is shown.
const linkToCome = "https://slack.com/"

// show posts or edits a message so that it shows what is wanted. One whose link
// is not known yet goes without it, and is edited when it is.
func (p *poster) show(ctx context.Context, r *reset.Request, w message, m reset.Message) (reset.Message, error) {
	hash, err := w.show(linkToCome).Hash()
	if err != nil || m.TS != "" && m.Shown == hash && !p.unseen(r, m) {
		return m, err
	}
	var link string
	var missing error
	if w.link {
		if link, missing = p.permalink(ctx, r); missing != nil {
			missing = &linkError{missing}
			if hash, err = w.show("").Hash(); err != nil || m.TS != "" && m.Shown == hash {
				return m, cmp.Or(err, missing)
			}
		}
	}
	m, err = p.put(ctx, r, m, w.show(link), hash)
	return m, cmp.Or(err, missing)
}

// linkError says why a message lacks the link to the approval message.
type linkError struct{ err error }

func (e *linkError) Error() string { return "find the link: " + e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// unseen reports that a message should be edited though it shows what it
// should: it is said to be deleted. Of an approval message it reports that once
// in a run of the program: somebody may have deleted it meanwhile, and without
// it nobody can decide.
func (p *poster) unseen(r *reset.Request, m reset.Message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := (spot{m.Channel, m.TS}); p.missed[at] {
		delete(p.missed, at)
		return true
	}
	if m.Slot != reset.SlotApproval || r.State != reset.Pending {
		return false
	}
	known := p.looked[r.ID]
	p.looked[r.ID] = true
	return !known
}

// put posts or edits a message and records what it shows.
func (p *poster) put(ctx context.Context, r *reset.Request, m reset.Message, v view.Message, hash string) (reset.Message, error) {
	if m.TS == "" && m.At.IsZero() { // what was posted after a backup that was put back is not recorded
		m.At = r.RestoredFrom
	}
	if m.TS == "" && !m.At.IsZero() {
		found, err := p.find(ctx, r, m)
		if err != nil {
			return m, err
		}
		m.TS = found
	}
	if m.TS == "" {
		return p.post(ctx, r, m, v, hash)
	}
	return p.edit(ctx, r, m, v, hash)
}

// post writes down that it is about to post, posts, and writes down what came of it.
func (p *poster) post(ctx context.Context, r *reset.Request, m reset.Message, v view.Message, hash string) (reset.Message, error) {
	if err := p.limits.closed("chat.postMessage"); err != nil {
		return m, err
	}
	m.At, m.Shown = p.Now(), ""
	if err := p.save(ctx, m); err != nil {
		return m, err
	}
	err := p.fitting(v, func(v view.Message) error {
		return p.limits.through(ctx, "chat.postMessage", func(ctx context.Context) (err error) {
			_, m.TS, err = p.Slack.PostMessageContext(ctx, string(m.Channel), append(content(v),
				slack.MsgOptionTS(m.Thread), slack.MsgOptionMetadata(p.mark(r, m.Slot)),
				slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())...)
			return err
		})
	})
	if err != nil {
		if m.TS = ""; !slackapi.MayHaveActed(err) { // else the next try looks for it first
			m.At = time.Time{}
			if err := p.save(ctx, m); err != nil {
				return m, err
			}
		}
		return m, fmt.Errorf("post: %w", err)
	}
	if m.Shown = hash; m.Slot == reset.SlotApproval {
		p.mu.Lock()
		p.looked[r.ID] = true
		p.mu.Unlock()
	}
	return m, p.save(ctx, m)
}

func (p *poster) edit(ctx context.Context, r *reset.Request, m reset.Message, v view.Message, hash string) (reset.Message, error) {
	err := p.fitting(v, func(v view.Message) error {
		return p.limits.through(ctx, "chat.update", func(ctx context.Context) error {
			_, _, _, err := p.Slack.UpdateMessageContext(ctx, string(m.Channel), m.TS, content(v)...)
			return err
		})
	})
	switch slackapi.ErrorCode(err) {
	case "message_not_found", "cant_update_message":
		// Somebody deleted it: all that stands between us and a message of our own. What still needs people is posted anew, the rest stays deleted.
		m = reset.Message{Slot: m.Slot, Channel: m.Channel, Thread: m.Thread, Gone: r.State.Settled()}
		p.Log.Warn("a message was deleted", "request", p.id, "slot", m.Slot, "posted_anew", !m.Gone)
		if err := p.save(ctx, m); err != nil || m.Gone {
			return m, err
		}
		return p.post(ctx, r, m, v, hash)
	case "edit_window_closed", "is_inactive":
		p.Log.Warn("a message cannot be edited", "request", p.id, "slot", m.Slot, "error", slackapi.LogText(err))
		m.Shown = hash
		return m, p.save(ctx, m)
	}
	if err != nil {
		return m, fmt.Errorf("edit: %w", err)
	}
	m.Shown, m.At = hash, p.Now()
	return m, p.save(ctx, m)
}

func content(v view.Message) []slack.MsgOption {
	return []slack.MsgOption{slack.MsgOptionText(v.Text, false), slack.MsgOptionBlocks(v.Blocks...)}
}

// mark is a message's metadata. The key tells requests of the same name apart, of other installations.
func (p *poster) mark(r *reset.Request, slot reset.Slot) slack.SlackMetadata {
	return slack.SlackMetadata{EventType: eventType, EventPayload: map[string]any{
		"request": string(r.ID), "slot": string(slot), "key": markKey(r, slot),
	}}
}

func markKey(r *reset.Request, slot reset.Slot) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		r.Org, string(r.ID), r.Asked.At.UTC().Format(time.RFC3339Nano), string(slot),
	}, "\n")))
	return hex.EncodeToString(sum[:8])
}

// searchBack is how far before a try its message is looked for: Slack's clock is not ours.
const searchBack = 10 * time.Minute

// find looks in Slack for a message whose post was not answered. It returns "" if there is none.
func (p *poster) find(ctx context.Context, r *reset.Request, m reset.Message) (ts string, err error) {
	key, cursor := markKey(r, m.Slot), ""
	for {
		var page []slack.Message
		page, cursor, err = p.page(ctx, m, cursor)
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

func (p *poster) page(ctx context.Context, m reset.Message, cursor string) (page []slack.Message, next string, err error) {
	oldest := view.Timestamp(m.At.Add(-searchBack))
	if m.Thread != "" {
		err = p.limits.through(ctx, "conversations.replies", func(ctx context.Context) (err error) {
			page, _, next, err = p.Slack.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: string(m.Channel), Timestamp: m.Thread, Oldest: oldest, Limit: 200, Cursor: cursor, IncludeAllMetadata: true,
			})
			return err
		})
		return page, next, err
	}
	err = p.limits.through(ctx, "conversations.history", func(ctx context.Context) error {
		h, err := p.Slack.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: string(m.Channel), Oldest: oldest, Limit: 200, Cursor: cursor, IncludeAllMetadata: true,
		})
		if err == nil {
			page, next = h.Messages, h.ResponseMetaData.NextCursor
		}
		return err
	})
	return page, next, err
}

// permalink is the address of the approval message; "" if it is gone.
func (p *poster) permalink(ctx context.Context, r *reset.Request) (link string, err error) {
	list, err := p.Record.Messages(ctx, p.id)
	if err != nil {
		return "", fmt.Errorf("read the messages: %w", err)
	}
	m := bySlot(list)[reset.SlotApproval]
	switch {
	case m.TS == "" && !m.Gone && isAnnounced(r):
		return "", &laterError{lookSoon} // it is about to be posted
	case m.TS == "":
		return "", nil
	}
	err = p.limits.through(ctx, "chat.getPermalink", func(ctx context.Context) (err error) {
		link, err = p.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: string(m.Channel), Ts: m.TS})
		return err
	})
	if slackapi.ErrorCode(err) == "message_not_found" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the link: %w", err)
	}
	return link, nil
}
